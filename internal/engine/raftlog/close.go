package raftlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
)

// Close rewrites "acked" a last time, moves everything into table files and
// closes the store. A log that was closed, not killed, starts faster, and its
// folder holds no byte without a checksum: what is left in a write-ahead log
// that was used before nobody could tell from damage.
func (l *Log) Close() error {
	err := l.acked.close()
	emptied := false
	if !l.opt.ReadOnly && l.latch.Err() == nil {
		var flushErr error
		emptied, flushErr = l.flush()
		err = errors.Join(err, flushErr)
	}
	err = errors.Join(err, l.explain(l.db.Close()))
	if err == nil && emptied {
		err = l.removeWALs()
	}
	return err
}

// flush moves everything into table files and makes sure that it is there: the
// newest entry and the records about the log read the same without the memtable.
func (l *Log) flush() (emptied bool, err error) {
	if err := l.payOwed(); err != nil {
		return false, err
	}
	if err := l.events.Flush(l.db); err != nil {
		// The write-ahead log keeps what could not be moved.
		l.opt.Logger.Warn("raft log: closed without a flush", "err", err)
		return false, nil
	}
	all, err := l.tail(false)
	if err != nil {
		return false, l.explain(err)
	}
	durable, err := l.tail(true)
	return err == nil && bytes.Equal(all, durable), l.explain(err)
}

// payOwed writes the commit that no batch has taken along.
func (l *Log) payOwed() error {
	hs := l.owed()
	if hs == nil {
		return nil
	}
	b := l.db.NewBatch()
	defer b.Close()
	if err := fill(b, hs, nil, 0); err != nil {
		return err
	}
	return l.commit("record the commit", func() error { return b.Commit(pebble.NoSync) })
}

// tail reads the newest entry and everything behind it in key order.
func (l *Log) tail(durable bool) (content []byte, err error) {
	_, last := l.ends()
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: entryKey(last), OnlyReadGuaranteedDurable: durable})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, err
		}
		content = binary.BigEndian.AppendUint32(append(content, it.Key()...), uint32(len(value)))
		content = append(content, value...)
	}
	return content, it.Error()
}

// removeWALs removes the write-ahead logs of a closed store that needs none.
func (l *Log) removeWALs() error {
	names, err := l.fs.List(l.dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", l.dir, err)
	}
	for _, name := range names {
		if filepath.Ext(name) != ".log" {
			continue
		}
		if err := l.fs.Remove(l.fs.PathJoin(l.dir, name)); err != nil {
			return fmt.Errorf("remove %s: %w", name, err)
		}
	}
	return nil
}
