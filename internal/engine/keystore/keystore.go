// Package keystore keeps every secret of a platform in one sealed file, so that
// commands, the journal and the state need none: they name keys by id.
//
//	DIR/keys/master.key       32 random bytes, mode 0600; may live elsewhere
//	DIR/keys/keystore.sealed  everything below, sealed under the master key
//	DIR/keys/lock             held shared by readers, exclusively by a writer
//	DIR/keys/public/          what others need to check us; nothing secret
//	DIR/admin.token           the bearer token of the admin API, mode 0600
//
// Inside the sealed file: the merchants' APIv3 keys by key id; the platform's
// certificates with their private keys, under a small root of our own; the key
// of public-key mode; the key that signs checkpoints; the inner CA, by which nodes,
// couriers and administrators recognise each other (engine/pki); and, in the second
// layout, secrets of any other kind.
//
// The files under public/ and admin.token are copies of what the sealed file
// says, for people and for offline verification. SHA256SUMS beside them names
// the generation they were written for, so that a copy that is merely old
// (the process died between two writes: it is written again) is told from one
// that was altered (Open refuses and names it).
//
// Several processes open the same folder. Each holds what it read in memory;
// ReloadIfChanged looks whether the file has been replaced. Times are wall-clock
// Unix milliseconds, never a sandbox's advanced business time: clients hold
// certificates against their own clock.
package keystore

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Options say where the master key is and, for Create, what is made.
type Options struct {
	// MasterKey is the path of the master key's file; "" is DIR/keys/master.key.
	MasterKey string
	// ReadOnly makes Open write nothing: old copies stay as they are.
	ReadOnly bool
	// LogName names the log whose checkpoints are signed, e.g. pay.example.com:
	// no spaces, no '+'. For Create only.
	LogName string
	// At is when the keys are made, Unix milliseconds; 0 is now. For Create only.
	At int64
}

// ErrExists is what Create returns for a folder that has a keystore.
var ErrExists = errors.New("there is a keystore already")

// ErrReadOnly is what a change answers in a keystore opened read-only.
var ErrReadOnly = errors.New("the keystore was opened read-only")

// Damage is a file that does not hold what was written to it.
type Damage struct {
	// File is its path; Reason a clause; Hint what to do.
	File, Reason, Hint string
}

// Error names the file first.
func (d *Damage) Error() string { return fmt.Sprintf("%s: %s; %s", d.File, d.Reason, d.Hint) }

// Store is an open keystore. It is safe for concurrent use; reads never block.
type Store struct {
	dir       string
	masterKey string
	readOnly  bool

	changing sync.Mutex // one change or reload at a time in this process
	giving   sync.Mutex // one change of our own and its giving away at a time
	given    func(generation uint64) error
	settled  uint64 // the generation that given was last called for
	current  atomic.Pointer[snapshot]
}

// Create makes a keystore with fresh keys in dir, the data folder, and opens it.
// A master key that exists already is used as it is. It returns ErrExists rather
// than replace a keystore.
func Create(dir string, opt Options) (*Store, error) {
	if opt.At == 0 {
		opt.At = time.Now().UnixMilli()
	}
	return create(dir, opt, func() (*contents, error) { return newContents(opt.LogName, opt.At) })
}

// Open reads the keystore of dir, the data folder. A file that is damaged is
// refused with a *Damage that names it; copies left old by a crash are written
// again, except when opt says read-only.
func Open(dir string, opt Options) (*Store, error) {
	s := newStore(dir, opt)
	if !Exists(dir) {
		return nil, fmt.Errorf("open keystore: %s: %w; is %s the data folder?", s.path(sealedFile), fs.ErrNotExist, dir)
	}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Exists says whether dir, a data folder, has a keystore.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, keysDir, sealedFile))
	return err == nil
}

// Reload reads the keystore again and swaps what is in memory at once. What was
// in memory stays when the files cannot be read.
func (s *Store) Reload() error {
	s.changing.Lock()
	defer s.changing.Unlock()
	return s.reloadLocked()
}

// ReloadIfChanged reads the keystore again if the sealed file was replaced since
// it was last read, by this process or another. It costs a stat when not.
func (s *Store) ReloadIfChanged() (changed bool, err error) {
	if s.unchanged() {
		return false, nil
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if s.unchanged() { // another goroutine was faster
		return false, nil
	}
	return true, s.reloadLocked()
}

// Generation counts the keystore's changes; it starts at 1.
func (s *Store) Generation() uint64 { return s.current.Load().contents.Generation }

// LogName names the log whose checkpoints the keystore signs.
func (s *Store) LogName() string { return s.current.Load().contents.LogName }

// String names the folder and shows nothing of what is inside; so do the other
// ways in which a value might reach a log.
func (s *Store) String() string { return "keystore in " + s.path("") }

// GoString is String.
func (s *Store) GoString() string { return s.String() }

// LogValue is String.
func (s *Store) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String.
func (s *Store) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func newStore(dir string, opt Options) *Store {
	s := &Store{dir: dir, masterKey: opt.MasterKey, readOnly: opt.ReadOnly}
	if s.masterKey == "" {
		s.masterKey = DefaultMasterKey(dir)
	}
	return s
}

const (
	keysDir    = "keys"
	publicDir  = "public"
	sealedFile = "keystore.sealed"
)

// path is a path under DIR/keys.
func (s *Store) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir, keysDir}, elem...)...)
}

func (s *Store) unchanged() bool {
	now, err := os.Stat(s.path(sealedFile))
	had := s.current.Load()
	return err == nil && had != nil && os.SameFile(now, had.file) && now.ModTime().Equal(had.file.ModTime())
}

func (s *Store) reloadLocked() error {
	release, err := s.lock(shared)
	if err != nil {
		return err
	}
	next, err := s.readLocked()
	if err != nil {
		release()
		return err
	}
	stale, err := s.checkCopies(next)
	release()
	if err != nil {
		return err
	}
	s.current.Store(next)
	if stale && !s.readOnly {
		return s.refreshCopies()
	}
	return nil
}

// change is edit, given away before it returns (OnChange). An earlier change
// that was not given away yet goes first. No lock that Import needs is held while
// others are called, or two nodes could wait for each other.
func (s *Store) change(f func(c *contents) error) error {
	if s.readOnly {
		return ErrReadOnly
	}
	s.giving.Lock()
	defer s.giving.Unlock()
	if err := s.settle(); err != nil {
		return err
	}
	err := s.edit(func(c *contents) error {
		c.Generation++
		return f(c)
	})
	if err != nil {
		return err
	}
	return s.settle()
}

// edit applies f, which also sets the generation, to a copy of the newest
// contents and makes the result the keystore, in memory and on disk, or neither.
func (s *Store) edit(f func(c *contents) error) error {
	if s.readOnly {
		return ErrReadOnly
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	release, err := s.lock(exclusive)
	if err != nil {
		return err
	}
	defer release()
	// Another process may have changed the file since it was read here.
	newest, err := s.readLocked()
	if err != nil {
		return err
	}
	c := newest.contents.clone()
	if err := f(c); err != nil {
		return err
	}
	return s.writeLocked(c)
}

// readLocked reads, opens and parses the sealed file. The lock is held.
func (s *Store) readLocked() (*snapshot, error) {
	master, err := readMasterKey(s.masterKey)
	if err != nil {
		return nil, err
	}
	path := s.path(sealedFile)
	raw, info, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("open keystore: %w", err)
	}
	plain, generation, err := openSealed(master, raw)
	if errors.Is(err, errOtherMaster) {
		return nil, &Damage{s.masterKey, "is not the master key that sealed " + path, "put the right master key back"}
	}
	if err != nil {
		return nil, &Damage{path, err.Error(), "put the file back from a copy"}
	}
	c, err := decodeContents(plain)
	if err != nil {
		return nil, fmt.Errorf("open keystore %s: %w", path, err)
	}
	if c.Generation != generation {
		return nil, &Damage{path, "its header is of another generation than what is sealed", "put the file back from a copy"}
	}
	return newSnapshot(c, info, s.current.Load())
}

// writeLocked seals c, replaces the file, and swaps what is in memory; then it
// writes the copies. The lock is held exclusively.
func (s *Store) writeLocked(c *contents) error {
	master, err := readMasterKey(s.masterKey)
	if err != nil {
		return err
	}
	sealed, err := sealContents(master, c)
	if err != nil {
		return fmt.Errorf("write keystore: %w", err)
	}
	path := s.path(sealedFile)
	if err := replaceFile(path, sealed, 0o600); err != nil {
		return fmt.Errorf("write keystore: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("write keystore: %w", err)
	}
	next, err := newSnapshot(c, info, s.current.Load())
	if err != nil {
		return err
	}
	s.current.Store(next)
	return s.writeCopies(next)
}
