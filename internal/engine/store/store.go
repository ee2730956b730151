// Package store keeps the state in Pebble behind table.Backend.
//
// The store has no write-ahead log: the raft log is it. A frame is one batch
// that carries its own applied index in the Head row, so the store may forget
// the newest frames in a crash and get them again by replay. What it promises
// is narrower and exact:
//
//   - a frame is there whole or not at all, and so are all frames before it;
//   - DurableHead is the newest Head row that a power cut cannot take back.
//
// With the WAL off neither Pebble's Checkpoint nor its Close includes the
// memtable; the methods of the same names here flush first.
package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// keyIdentity lies below every table (a table's number is never zero).
var keyIdentity = []byte{0, 'i', 'd'}

// formatVersion is the layout of this package's own rows; see checkFormat.
const formatVersion = 1

var keyFormat = []byte{0, 'f', 'o', 'r', 'm', 'a', 't'}

// Store is the state on disk. Commit is for one goroutine at a time; everything
// else may be called from any.
type Store struct {
	dir      string
	fs       vfs.FS
	opt      Options
	db       *pebble.DB
	latch    *diskguard.Latch
	events   *diskguard.Events
	deadline *diskguard.Deadline

	probe    probe
	hot      hot
	recent   recent
	flushing sync.Mutex // one Flush or Checkpoint at a time
}

var _ table.Backend = (*Store)(nil)

// ErrEmpty says of a folder opened for looking only that no store was ever made
// in it, or that its files are gone.
var ErrEmpty = errors.New("it holds no state")

// Open opens the store in dir, making it when it is not there (unless
// ReadOnly). A damaged file is named in the error.
func Open(dir string, opt Options) (*Store, error) {
	opt = opt.withDefaults()
	latch := diskguard.NewLatch(opt.Fatal)
	opt.FS = diskguard.Wrap(opt.FS, latch.Fatal)
	s := &Store{
		dir:      dir,
		fs:       opt.FS,
		opt:      opt,
		latch:    latch,
		events:   diskguard.NewEvents("state", opt.Logger, latch.Fatal),
		deadline: diskguard.NewDeadline("commit of the state", 0, latch.Fatal),
	}
	s.events.OnDamage(opt.Damaged)
	if !opt.ReadOnly {
		if err := diskguard.MakeDir(s.fs, dir); err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
	}
	var torn *diskguard.ManifestError
	if err := diskguard.CheckManifest(s.fs, dir); err != nil && (!errors.As(err, &torn) || !torn.Torn) {
		return nil, fmt.Errorf("state: %w", err)
	}
	err := diskguard.Guarded(func() (err error) {
		s.db, err = pebble.Open(dir, opt.pebbleOptions(s.events))
		return err
	})
	if opt.ReadOnly && errors.Is(err, pebble.ErrDBDoesNotExist) {
		return nil, fmt.Errorf("state %s: %w", dir, ErrEmpty)
	}
	if err != nil {
		return nil, s.events.Explain(dir, err)
	}
	if err := s.checkFormat(); err != nil {
		return nil, errors.Join(s.events.Explain(dir, err), s.Abandon())
	}
	return s, nil
}

// done explains a write's error; a fault of the disk is one even if Pebble
// answered success.
func (s *Store) done(err error) error {
	if err == nil {
		err = s.latch.Err()
	}
	return s.events.Explain(s.dir, err)
}

// checkFormat refuses a store that a newer version wrote. A store without the
// record is empty or lost its only memtable, which is the same.
func (s *Store) checkFormat() error {
	value, ok, err := s.Load(keyFormat, nil)
	if err != nil {
		return err
	}
	if !ok {
		if s.opt.ReadOnly {
			return nil
		}
		return errors.Join(s.db.Set(keyFormat, []byte{formatVersion}, pebble.NoSync), s.probe.expire())
	}
	if len(value) != 1 || value[0] > formatVersion {
		return fmt.Errorf("it was written by a newer version (format %x, this binary knows %d): run the newer binary", value, formatVersion)
	}
	return nil
}

// Identity returns the identity recorded in the store; the zero Identity when
// none was recorded yet.
func (s *Store) Identity() (identity.Identity, error) {
	stored, ok, err := s.Load(keyIdentity, nil)
	if err != nil || !ok {
		return identity.Identity{}, s.events.Explain(s.dir, err)
	}
	id, err := identity.Parse(stored)
	if err != nil {
		return identity.Identity{}, fmt.Errorf("state %s: %w: restore the folder from a backup", s.dir, err)
	}
	return id, nil
}

// SetIdentity records the identity and makes the record durable. It refuses to
// replace another one.
func (s *Store) SetIdentity(id identity.Identity) error {
	old, err := s.Identity()
	if err != nil || old == id {
		return err
	}
	if !old.IsZero() {
		return fmt.Errorf("state %s belongs to %v and cannot be given to %v: put back the folders that belong together", s.dir, old, id)
	}
	if err := s.done(errors.Join(s.db.Set(keyIdentity, id.Append(nil), pebble.NoSync), s.probe.expire())); err != nil {
		return err
	}
	return s.Flush()
}

// DurableHead reads the Head row as a power cut at this moment would leave it.
// ok is false when no frame is durable yet. It is the bound for truncating the
// raft log and the index from which replay starts.
func (s *Store) DurableHead() (head *pb.Head, ok bool, err error) {
	// Asked now and then, also by an idle node, which would otherwise hold on to
	// files that are long replaced.
	if err := s.probe.expire(); err != nil {
		return nil, false, s.events.Explain(s.dir, err)
	}
	key := table.K(table.Head)
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound:                key,
		UpperBound:                append(key[:len(key):len(key)], 0),
		OnlyReadGuaranteedDurable: true,
	})
	if err != nil {
		return nil, false, s.events.Explain(s.dir, err)
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.First() {
		return nil, false, s.events.Explain(s.dir, it.Error())
	}
	stored, err := it.ValueAndErr()
	if err != nil {
		return nil, false, s.events.Explain(s.dir, err)
	}
	value, err := table.Open(key, stored)
	if err == nil {
		head = new(pb.Head)
		err = head.UnmarshalVT(value)
	}
	if err != nil {
		return nil, false, fmt.Errorf("state %s: %w", s.dir, &table.Damage{Key: key, Cause: err})
	}
	return head, true, nil
}

// Flush makes everything committed so far durable and waits for it. On a full
// disk it returns an error that matches diskguard.ErrFull, and becomes durable
// later by itself.
func (s *Store) Flush() error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	return s.flush()
}

func (s *Store) flush() error {
	return s.done(s.events.Flush(s.db))
}

// FlushAsync starts a flush; the channel closes when it is durable.
func (s *Store) FlushAsync() (<-chan struct{}, error) {
	done, err := s.db.AsyncFlush()
	return done, s.events.Explain(s.dir, err)
}

// Compact merges all files, as the store does by itself piece by piece, unless
// Options.NoCompactions says otherwise.
func (s *Store) Compact() error {
	return s.done(s.db.Compact(context.Background(), []byte{0}, []byte{0xff}, false))
}

// Checkpoint flushes and then writes a copy of the store into dir, which must
// not exist and must be on the same disk to be cheap (files are hard links).
// Frames committed meanwhile may or may not be in the copy; its own Head row
// says which was the last.
func (s *Store) Checkpoint(dir string) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	if err := s.flush(); err != nil {
		return err
	}
	return s.done(s.db.Checkpoint(dir))
}

// Close flushes and closes the store. No snapshot may be open. When the flush is
// not possible (diskguard.ErrFull) the store is closed all the same: the raft log
// has what it lacks.
func (s *Store) Close() error {
	var err error
	if !s.opt.ReadOnly {
		err = s.Flush()
	}
	return errors.Join(err, s.Abandon())
}

// Abandon closes the store without a flush, as a crash would: what was not
// durable is gone. It is for a node that stops on a broken invariant, and for
// tests.
func (s *Store) Abandon() error {
	return s.events.Explain(s.dir, errors.Join(s.probe.expire(), s.recent.forget(), s.db.Close()))
}
