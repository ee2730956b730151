package keyring

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// FileName is the keyring's file in the data folder.
const FileName = "keyring"

// What Get returns for a key that is not there.
var (
	ErrNone = errors.New("this node does not have the key")
	ErrGone = errors.New("the key was deleted")
)

// Damage is a key that is not what was written. A peer has it.
type Damage struct{ ID string }

func (d *Damage) Error() string { return "data key " + d.ID + " is damaged on this node" }

// Options says where a keyring is.
type Options struct {
	// FS is nil for the system's, whose failing syncs end the process (Fatal, or
	// diskguard.Exit when that is nil).
	FS       vfs.FS
	Fatal    func(error)
	Dir      string
	Wrapping Wrapping
	Now      func() time.Time
	// ReadOnly opens what is there and writes nothing.
	ReadOnly bool
}

// Ring is a keyring. Methods may be called from any goroutine.
type Ring struct {
	opt  Options
	file vfs.File

	mu      sync.Mutex
	slots   map[name]slot
	free    []int64 // slots that hold nothing that can be read
	next    int64   // the slot after the last
	sums    [Parts][sumSize]byte
	keys    int
	damaged int
	dirty   bool // something was written that is not synced
	opened  opened
}

// slot is where a key is.
type slot struct {
	at     int64
	gone   bool
	minted int64 // Unix milliseconds; 0 of one that is gone
}

// Open opens the keyring of a data folder, and makes it when there is none.
func Open(opt Options) (*Ring, error) {
	if opt.FS == nil {
		opt.FS = diskguard.Wrap(vfs.Default, opt.Fatal)
	}
	r := &Ring{opt: opt, slots: map[name]slot{}}
	path := opt.FS.PathJoin(opt.Dir, FileName)
	if err := r.open(path); err != nil {
		return nil, fmt.Errorf("open the keyring %s: %w", path, err)
	}
	if err := r.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("read the keyring %s: %w", path, err), r.Close())
	}
	return r, nil
}

// open opens the file. That a new one is there is made certain before anything is
// said to be in it.
func (r *Ring) open(path string) (err error) {
	fs := r.opt.FS
	if r.opt.ReadOnly {
		r.file, err = fs.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			r.file, err = nil, nil
		}
		return err
	}
	if r.file, err = fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified); err != nil {
		return err
	}
	dir, err := fs.OpenDir(r.opt.Dir)
	if err != nil {
		return err
	}
	return errors.Join(r.file.Sync(), dir.Sync(), dir.Close())
}

// load reads all slots. What follows the last whole one was being written.
func (r *Ring) load() error {
	if r.file == nil {
		return nil
	}
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	r.next = info.Size() / slotSize
	in := io.NewSectionReader(r.file, 0, r.next*slotSize)
	chunk := make([]byte, 512*slotSize)
	for at := int64(0); at < r.next; {
		n, err := io.ReadFull(in, chunk[:min(int64(len(chunk)), (r.next-at)*slotSize)])
		if err != nil {
			return err
		}
		for b := chunk[:n]; len(b) > 0; b = b[slotSize:] {
			r.found(at, b[:slotSize])
			at++
		}
	}
	return nil
}

// found notes what is in a slot. Of two with one name the one that is gone counts.
func (r *Ring) found(at int64, b []byte) {
	k, ok := readSlot(b)
	if !ok {
		r.free = append(r.free, at)
		if !zero(b) {
			r.damaged++
		}
		return
	}
	if old, twice := r.slots[name(k.Id)]; twice && (old.gone || !k.Gone) {
		r.free = append(r.free, at)
		return
	}
	r.note(k, at)
}

func zero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// note has a key counted as in a slot.
func (r *Ring) note(k *pb.DataKey, at int64) {
	n := name(k.Id)
	r.forget(n)
	r.slots[n] = slot{at, k.Gone, k.MintedAt}
	r.flip(n, k.Gone)
	if !k.Gone {
		r.keys++
	}
}

// forget has a key counted as not there.
func (r *Ring) forget(n name) {
	old, ok := r.slots[n]
	if !ok {
		return
	}
	r.flip(n, old.gone)
	if !old.gone {
		r.keys--
	}
	delete(r.slots, n)
	r.opened.drop(n)
}

// Mint draws n keys. They are on this node's disk when it returns; before a
// command names one, a majority must have it (Put there).
func (r *Ring) Mint(n int) ([]*pb.DataKey, error) {
	list := make([]*pb.DataKey, n)
	for i := range list {
		k, err := r.mint()
		if err != nil {
			return nil, err
		}
		list[i] = k
	}
	return list, r.Put(list)
}

// Put keeps keys that another node minted, and marks of deleted ones. Those that
// are there stay as they are, and a deleted one stays deleted. It refuses all of
// them when one does not open: what can't be read here is not kept for others.
func (r *Ring) Put(list []*pb.DataKey) error {
	for _, k := range list {
		if !shaped(k) {
			return errors.New("keep data keys: one is malformed")
		}
		if k.Gone {
			continue
		}
		key, err := r.unwrap(k)
		if err != nil {
			return fmt.Errorf("keep data keys: %w", err)
		}
		clear(key)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.write(list)
}

// write puts what is new into slots and syncs once.
func (r *Ring) write(list []*pb.DataKey) error {
	if r.opt.ReadOnly {
		return errors.New("the keyring was opened for reading")
	}
	for _, k := range list {
		if err := r.place(k); err != nil {
			return fmt.Errorf("write the keyring: %w", err)
		}
	}
	if !r.dirty {
		return nil
	}
	if err := r.file.Sync(); err != nil {
		return fmt.Errorf("sync the keyring: %w", err)
	}
	r.dirty = false
	return nil
}

// place writes a key into a slot, over the one it has if it is deleted.
func (r *Ring) place(k *pb.DataKey) error {
	old, here := r.slots[name(k.Id)]
	if here && (old.gone || !k.Gone) {
		return nil
	}
	at := old.at
	if !here {
		at = r.take()
	}
	var b [slotSize]byte
	putSlot(b[:], k)
	r.dirty = true // also when it fails half way
	if _, err := r.file.WriteAt(b[:], at*slotSize); err != nil {
		r.free = append(r.free, at)
		r.forget(name(k.Id))
		return err
	}
	r.note(k, at)
	return nil
}

// take is a slot to write into.
func (r *Ring) take() int64 {
	if n := len(r.free); n > 0 {
		at := r.free[n-1]
		r.free = r.free[:n-1]
		return at
	}
	r.next++
	return r.next - 1
}

// Delete deletes keys for good: what is written over is gone, and the names stay,
// so that no peer brings them back. Those that are not here are marked too.
func (r *Ring) Delete(ids ...string) error {
	var list []*pb.DataKey
	for _, id := range ids {
		raw, err := hex.DecodeString(id)
		if err != nil || len(raw) != nameSize {
			return fmt.Errorf("delete data key %.40q: that is no key's name", id)
		}
		list = append(list, &pb.DataKey{Id: raw, Gone: true})
	}
	return r.Put(list)
}

// Get returns a key, which the caller clears when done: ErrGone, ErrNone,
// ErrWrapping or a *Damage when it can't.
func (r *Ring) Get(id string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, s, err := r.find(id)
	if err != nil {
		return nil, err
	}
	return r.unseal(n, s)
}

// find is the slot of a key that is there.
func (r *Ring) find(id string) (name, slot, error) {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != nameSize {
		return name{}, slot{}, ErrNone
	}
	s, ok := r.slots[name(raw)]
	switch {
	case !ok:
		return name{}, slot{}, ErrNone
	case s.gone:
		return name{}, slot{}, ErrGone
	}
	return name(raw), s, nil
}

// unseal reads the key in a slot, and gives up one that is damaged.
func (r *Ring) unseal(n name, s slot) ([]byte, error) {
	k, err := r.read(s.at)
	if err != nil {
		return nil, err
	}
	var key []byte
	if err = &(Damage{hex.EncodeToString(n[:])}); k != nil && name(k.Id) == n && !k.Gone {
		key, err = r.unwrap(k)
	}
	if d := (*Damage)(nil); errors.As(err, &d) {
		r.lose(n)
	}
	return key, err
}

// read reads a slot; nil when it is not what was written.
func (r *Ring) read(at int64) (*pb.DataKey, error) {
	var b [slotSize]byte
	if _, err := r.file.ReadAt(b[:], at*slotSize); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the keyring: %w", err)
	}
	k, _ := readSlot(b[:])
	return k, nil
}

// lose gives up a damaged slot, so that the key is missing and gets fetched.
func (r *Ring) lose(n name) {
	r.free = append(r.free, r.slots[n].at)
	r.forget(n)
	r.damaged++
}

// Check reads every key again and gives up those that are damaged. It returns
// their names.
func (r *Ring) Check() (damaged []string, err error) {
	r.mu.Lock()
	names := make([]name, 0, len(r.slots))
	for n := range r.slots {
		names = append(names, n)
	}
	r.mu.Unlock()
	for _, n := range names {
		bad, err := r.check(n)
		if err != nil {
			return damaged, err
		}
		if bad {
			damaged = append(damaged, hex.EncodeToString(n[:]))
		}
	}
	return damaged, nil
}

func (r *Ring) check(n name) (bad bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.slots[n]
	if !ok {
		return false, nil
	}
	k, err := r.read(s.at)
	if err != nil {
		return false, err
	}
	if k != nil && name(k.Id) == n && k.Gone == s.gone {
		if k.Gone {
			return false, nil
		}
		key, err := r.unwrap(k)
		clear(key)
		if d := (*Damage)(nil); !errors.As(err, &d) {
			return false, err
		}
	}
	r.lose(n)
	return true, nil
}

// Counts says how many keys there are, how many marks of deleted ones, and how
// many slots were found damaged since it was opened.
func (r *Ring) Counts() (keys, gone, damaged int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys, len(r.slots) - r.keys, r.damaged
}

// Close closes the file.
func (r *Ring) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
