// Package raftlog keeps the raft log in a Pebble store of its own, with its
// write-ahead log on: what is acknowledged to a caller is acknowledged because
// this package has it on disk.
//
// Keys and values:
//
//	"e" index(8, BE)  -> term(8, BE) crc(4, BE) type(1) data
//	"m" "hard"        -> crc(4, BE) HardState (protobuf)
//	"m" "conf"        -> crc(4, BE) index(8, BE) ConfState (protobuf)
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
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
)

// Log is the raft log on disk. It implements raft.Storage. Append, Begin,
// SetConfState and Install are for one goroutine (the raft loop); everything
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
	conf         *raftpb.ConfState // nil until one is written
	confIndex    uint64
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
	return l.events.Explain(l.dir, err)
}

// load reads the records about the log and finds its ends.
func (l *Log) load() error {
	if err := l.loadIdentity(); err != nil {
		return err
	}
	if err := l.loadMeta(); err != nil {
		return err
	}
	if err := l.loadAcked(); err != nil {
		return err
	}
	l.last = l.cut
	last, ok, err := l.lastOnDisk()
	if err != nil {
		return err
	}
	if ok {
		l.last = last
	}
	l.last = max(l.last, l.cut) // compacted entries may still lie about
	return l.loadAges()
}

// loadIdentity reads the identity, or records one in a new folder.
func (l *Log) loadIdentity() error {
	stored, err := l.get(keyID)
	if err != nil {
		return err
	}
	if stored != nil {
		if err := l.checkFormat(); err != nil {
			return err
		}
		l.id, err = identity.Parse(stored)
		return mark(err)
	}
	if _, held, err := l.lastOnDisk(); err != nil || held {
		return errors.Join(err, fmt.Errorf("%w: entries without an identity", pebble.ErrCorruption))
	}
	if _, err := l.fs.Stat(l.fs.PathJoin(l.dir, ackedName)); err == nil {
		return &StartError{Path: l.dir, Text: fmt.Sprintf(
			"raft log %s: the file acked is here but the log it belongs to is gone: restore the folder from a backup", l.dir)}
	}
	if l.opt.ReadOnly {
		return &StartError{Path: l.dir, Text: fmt.Sprintf("raft log %s holds no log", l.dir)}
	}
	return l.create()
}

// create gives a new folder its identity.
func (l *Log) create() error {
	l.id = l.opt.Identity
	if l.id.IsZero() {
		id, err := identity.New(l.opt.Random)
		if err != nil {
			return err
		}
		l.id = id
	}
	b := l.db.NewBatch()
	defer b.Close()
	if err := b.Set(keyFormat, sealMeta(keyFormat, []byte{formatVersion}), nil); err != nil {
		return err
	}
	if err := b.Set(keyID, l.id.Append(nil), nil); err != nil {
		return err
	}
	return l.commit("record the identity", func() error { return b.Commit(pebble.Sync) })
}

func (l *Log) checkFormat() error {
	payload, err := l.meta(keyFormat)
	if err != nil {
		return err
	}
	if len(payload) != 1 {
		return fmt.Errorf("%w: the record of the format is missing", pebble.ErrCorruption)
	}
	if payload[0] > formatVersion {
		return &StartError{Path: l.dir, Text: fmt.Sprintf(
			"raft log %s was written by a newer version (format %d, this binary knows %d): run the newer binary",
			l.dir, payload[0], formatVersion)}
	}
	return nil
}

// loadMeta reads the cut, the hard state and the members.
func (l *Log) loadMeta() error {
	cut, err := l.meta(keyCut)
	if err != nil {
		return err
	}
	if cut != nil {
		if len(cut) != 16 {
			return fmt.Errorf("%w: the record of the compacted index is malformed", pebble.ErrCorruption)
		}
		l.cut, l.cutTerm = binary.BigEndian.Uint64(cut), binary.BigEndian.Uint64(cut[8:])
	}
	hard, err := l.meta(keyHard)
	if err != nil {
		return err
	}
	if hard != nil {
		l.hard = new(raftpb.HardState)
		if err := proto.Unmarshal(hard, l.hard); err != nil {
			return mark(err)
		}
	}
	conf, err := l.meta(keyConf)
	if err != nil || conf == nil {
		return err
	}
	if len(conf) < 8 {
		return fmt.Errorf("%w: the record of the members is malformed", pebble.ErrCorruption)
	}
	l.confIndex = binary.BigEndian.Uint64(conf)
	l.conf = new(raftpb.ConfState)
	return mark(proto.Unmarshal(conf[8:], l.conf))
}

// loadAcked reads the file "acked", or makes it in a log that holds nothing.
func (l *Log) loadAcked() error {
	l.acked = acked{fs: l.fs, dir: l.dir, incarnation: l.id.Incarnation, every: l.opt.AckedEvery, log: l.opt.Logger}
	index, ok, err := readAcked(l.fs, l.dir, l.id.Incarnation)
	if err != nil {
		return err
	}
	if ok {
		l.acked.written = index
		l.acked.noted.Store(index)
		return nil
	}
	_, held, err := l.lastOnDisk()
	if err != nil {
		return err
	}
	if held || l.cut > 0 || l.opt.ReadOnly {
		return &StartError{Path: l.acked.path(), Text: fmt.Sprintf(
			"%s is missing: without it nobody can tell whether the log is whole; put it back from a copy, or restore the folder from a backup",
			l.acked.path())}
	}
	if err := l.acked.write(0); err != nil {
		return fmt.Errorf("write %s: %w", l.acked.path(), err)
	}
	return l.acked.syncDir()
}

// get returns a copy of what is stored under key, nil when there is nothing.
func (l *Log) get(key []byte) ([]byte, error) {
	value, closer, err := l.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := append(make([]byte, 0, len(value)), value...)
	return c, closer.Close()
}

func (l *Log) meta(key []byte) ([]byte, error) {
	stored, err := l.get(key)
	if err != nil || stored == nil {
		return nil, err
	}
	payload, err := openMeta(key, stored)
	return payload, mark(err)
}

// mark says of an error that it is damage.
func mark(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", pebble.ErrCorruption, err)
}

// Identity returns the identity the folder was made with.
func (l *Log) Identity() identity.Identity { return l.id }

// Acked notes that callers were told index is durable. It only stores a number;
// a goroutine rewrites the file "acked" at most every Options.AckedEvery.
func (l *Log) Acked(index uint64) { l.acked.note(index) }

// AckedIndex returns the index that the file "acked" held when the log was
// opened, or what Acked noted since if that is more.
func (l *Log) AckedIndex() uint64 { return l.acked.noted.Load() }

// Close rewrites "acked" a last time and closes the store.
func (l *Log) Close() error {
	return errors.Join(l.acked.close(), l.db.Close())
}

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
