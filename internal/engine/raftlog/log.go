// Package raftlog keeps the raft log in a Pebble store of its own, with its
// write-ahead log on: what is acknowledged to a caller is acknowledged because
// this package has it on disk.
//
// Keys and values:
//
//	"e" index(8, BE)  -> term(8, BE) crc(4, BE) type(1) data
//	"m" "hard"        -> crc(4, BE) HardState (protobuf)
//	"m" "conf"        -> crc(4, BE) index(8, BE) ConfState (protobuf)
//	"m" "members"     -> crc(4, BE) pb.Members: who the ids in "conf" are
//	"m" "cut"         -> crc(4, BE) index(8, BE) term(8, BE): the newest entry that was compacted away
//	"m" "id"          -> identity (package identity)
//	"m" "format"      -> crc(4, BE) version(1)
//
// All checksums are CRC32C. An entry's is over index, term, type and data, so
// that an entry read from the wrong place is noticed too.
//
// Pebble notices damage anywhere in its write-ahead log except the last 32 KiB,
// which look like an unfinished write. For those the file "acked" beside the
// store holds the newest acknowledged index (acked.go), and a log that ends
// before it refuses to start (start.go).
package raftlog

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Log is the raft log on disk. It implements raft.Storage. Append, Begin,
// SetConf and Install are for one goroutine (the raft loop); everything
// else may be called from any.
type Log struct {
	dir      string
	fs       vfs.FS
	opt      Options
	db       *pebble.DB
	latch    *diskguard.Latch
	events   *diskguard.Events
	deadline *diskguard.Deadline
	id       identity.Identity
	acked    acked

	appends, appended atomic.Uint64

	compacting sync.Mutex // one Compact or Install at a time

	mu sync.Mutex // guards what follows
	// cut is the newest index that was compacted away; cutTerm its term.
	// cut <= last; the entries cut+1 .. last are on disk.
	cut, cutTerm uint64
	last         uint64
	recent       recent
	hard         *raftpb.HardState // nil until one is written
	owes         bool              // the commit of hard is not written yet
	conf         *raftpb.ConfState // nil until one is written
	members      *pb.Members       // nil like conf
	ages         ages
}

var _ raft.Storage = (*Log)(nil)

// Open opens the log in dir, making it when it is not there (unless ReadOnly).
// A damaged file is named in the error. Call CheckStart before anything is
// served from it.
func Open(dir string, opt Options) (*Log, error) {
	opt = opt.withDefaults()
	latch := diskguard.NewLatch(opt.Fatal)
	opt.FS = diskguard.Wrap(opt.FS, latch.Fatal)
	l := &Log{
		dir:      dir,
		fs:       opt.FS,
		opt:      opt,
		latch:    latch,
		events:   diskguard.NewEvents("raft log", opt.Logger, latch.Fatal),
		deadline: diskguard.NewDeadline("commit of the raft log", 0, latch.Fatal),
		recent:   recent{limit: opt.RecentBytes},
	}
	l.events.OnDamage(opt.Damaged)
	if err := l.openStore(); err != nil {
		return nil, err
	}
	if err := l.load(); err != nil {
		return nil, errors.Join(l.explain(err), l.db.Close())
	}
	if !opt.ReadOnly {
		l.acked.start()
	}
	return l, nil
}

func (l *Log) explain(err error) error {
	var stop *StartError
	if errors.As(err, &stop) {
		return err
	}
	return l.events.Explain(l.dir, err)
}

// commit runs one write to the store under the deadline.
func (l *Log) commit(doing string, write func() error) error {
	err := l.deadline.Do(write)
	if err == nil {
		err = l.latch.Err()
	}
	if err != nil {
		return l.explain(fmt.Errorf("%s: %w", doing, err))
	}
	return nil
}

func (l *Log) openStore() error {
	if !l.opt.ReadOnly {
		if err := diskguard.MakeDir(l.fs, l.dir); err != nil {
			return fmt.Errorf("raft log: %w", err)
		}
	}
	var torn *diskguard.ManifestError
	err := diskguard.CheckManifest(l.fs, l.dir)
	if err != nil && (!errors.As(err, &torn) || !torn.Torn) {
		return fmt.Errorf("raft log: %w", err)
	}
	err = diskguard.Guarded(func() (err error) {
		l.db, err = pebble.Open(l.dir, l.opt.pebbleOptions(l.events))
		return err
	})
	if l.opt.ReadOnly && errors.Is(err, pebble.ErrDBDoesNotExist) {
		return fmt.Errorf("raft log %s: %w", l.dir, ErrEmpty)
	}
	return l.events.Explain(l.dir, err)
}

// Identity returns the identity the folder was made with.
func (l *Log) Identity() identity.Identity { return l.id }

// Acked notes that callers were told index is durable. It only stores a number;
// a goroutine rewrites the file "acked" at most every Options.AckedEvery.
func (l *Log) Acked(index uint64) { l.acked.note(index) }

// AckedIndex returns the index that the file "acked" held when the log was
// opened, or what Acked noted since if that is more.
func (l *Log) AckedIndex() uint64 { return l.acked.noted.Load() }

// Metrics are figures about the log, for monitoring. Sizes are in bytes.
type Metrics struct {
	FirstIndex, LastIndex, AckedIndex uint64
	DiskBytes                         uint64 // files of the log, obsolete ones included
	RecentBytes                       uint64 // entries held in memory
	AppendedBytes                     uint64 // entry data since Open
	Appends                           uint64 // batches since Open
	WriteStalls                       uint64 // times appends were held back since Open
}

// Metrics returns the figures of the moment.
func (l *Log) Metrics() Metrics {
	m := Metrics{
		AckedIndex:    l.AckedIndex(),
		DiskBytes:     l.db.Metrics().DiskSpaceUsage(),
		AppendedBytes: l.appended.Load(),
		Appends:       l.appends.Load(),
		WriteStalls:   l.events.Stalls(),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	m.FirstIndex, m.LastIndex, m.RecentBytes = l.cut+1, l.last, l.recent.bytes
	return m
}
