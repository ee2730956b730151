package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ErrEmpty says of a folder opened for looking only that no log was ever made in
// it: a first start ended before the log had an identity, or the files are gone.
var ErrEmpty = errors.New("it holds no log")

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
		return fmt.Errorf("raft log %s: %w", l.dir, ErrEmpty)
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
	return l.loadConf()
}

// loadConf reads who the members are.
func (l *Log) loadConf() error {
	conf, err := l.meta(keyConf)
	if err != nil || conf == nil {
		return err
	}
	if len(conf) < 8 {
		return fmt.Errorf("%w: the record of the members is malformed", pebble.ErrCorruption)
	}
	l.conf, l.members = new(raftpb.ConfState), &pb.Members{Index: binary.BigEndian.Uint64(conf)}
	if err := proto.Unmarshal(conf[8:], l.conf); err != nil {
		return mark(err)
	}
	list, err := l.meta(keyMembers)
	if err != nil || list == nil {
		return err
	}
	l.members.Reset()
	return mark(l.members.UnmarshalVT(list))
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
	if held || l.cut > 0 {
		return &StartError{Path: l.acked.path(), Text: fmt.Sprintf(
			"%s is missing: without it nobody can tell whether the log is whole; put it back from a copy, or restore the folder from a backup",
			l.acked.path())}
	}
	if l.opt.ReadOnly {
		return nil // the first start ended here; nothing was acknowledged
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
