package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// reader is what a Pebble store and a snapshot of it have in common.
type reader interface {
	pebble.Reader
}

// Load implements table.Backend. One caller at a time goes the fast way.
func (s *Store) Load(key, buf []byte) (stored []byte, ok bool, err error) {
	if len(key) == 0 || !s.probe.mu.TryLock() {
		return load(s.db, key, buf)
	}
	defer s.probe.mu.Unlock()
	return s.probe.load(s.db, key, buf)
}

func load(r reader, key, buf []byte) ([]byte, bool, error) {
	value, closer, err := r.Get(key)
	if err != nil {
		if errors.Is(err, pebble.ErrNotFound) {
			return buf, false, nil
		}
		return buf, false, err
	}
	buf = append(buf, value...)
	return buf, true, closer.Close()
}

// Iterate implements table.Backend.
func (s *Store) Iterate(from, to []byte, visit func(key, stored []byte) bool) error {
	return iterate(s.db, from, to, visit)
}

func iterate(r reader, from, to []byte, visit func(key, stored []byte) bool) (err error) {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		stored, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if !visit(it.Key(), stored) {
			return nil
		}
	}
	return it.Error()
}

// Commit implements table.Backend: one atomic Pebble batch, not synced. An
// error means that the disk cannot be trusted: stop the node.
func (s *Store) Commit(writes []table.Write) error {
	if len(writes) == 0 {
		return nil
	}
	size := 16
	for _, w := range writes {
		size += len(w.Key) + len(w.Stored) + 8
	}
	b := s.db.NewBatchWithSize(size)
	defer b.Close()
	for _, w := range writes {
		if err := put(b, w); err != nil {
			return fmt.Errorf("state %s: %w", s.dir, err)
		}
	}
	err := s.hot.change(writes, func() error {
		return s.done(s.deadline.Do(func() error { return b.Commit(pebble.NoSync) }))
	})
	return errors.Join(err, s.recent.forget(), s.probe.expire())
}

// put adds one write to the batch without an intermediate copy.
func put(b *pebble.Batch, w table.Write) error {
	if w.Stored == nil {
		op := b.DeleteDeferred(len(w.Key))
		copy(op.Key, w.Key)
		return op.Finish()
	}
	op := b.SetDeferred(len(w.Key), len(w.Stored))
	copy(op.Key, w.Key)
	copy(op.Value, w.Stored)
	return op.Finish()
}

// Snapshot implements table.Backend. Close it soon: it pins what it sees.
func (s *Store) Snapshot() table.Snapshot {
	p := s.recent.open(func() *pinned {
		epoch := s.hot.epoch.Load() // before the snapshot, so that no change is missed
		return &pinned{snap: s.db.NewSnapshot(), epoch: epoch}
	})
	return table.NewView(view{p.snap, &s.hot, p.epoch}, func() error { return s.recent.close(p) })
}
