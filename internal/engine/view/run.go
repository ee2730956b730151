package view

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Source is the state that views follow.
type Source interface {
	// ReadLocal calls f with a snapshot of the tables, valid during the call.
	ReadLocal(ctx context.Context, f func(table.Reader) error) error
	// Changed returns a channel that is closed when the state changes next.
	Changed() <-chan struct{}
}

// retryAfter is the pause after a pass that failed.
const retryAfter = time.Second

// maxPause bounds the pause between slices.
const maxPause = 2 * time.Second

var errNoRoom error = syscall.ENOSPC

// Run keeps the views up to date with source until ctx ends, then returns nil.
// Call it when the state has replayed its log: a journal that is shorter than
// the views, or other than the one they were built from, makes it build them
// anew. It never gives up: what fails is logged and tried again.
func (v *Views) Run(ctx context.Context, source Source) error {
	for ctx.Err() == nil {
		changed := source.Changed() // before reading, so that no change is missed
		began := time.Now()
		more, err := v.RunOnce(ctx, source)
		switch {
		case err != nil && ctx.Err() != nil: // the read was not made for who is leaving
		case err != nil:
			v.log.Error("views: a pass failed and is tried again", "err", err)
			v.rest(ctx, retryAfter, nil)
		case !more:
			took := time.Since(began)
			v.await(ctx, changed)
			v.rest(ctx, max(v.opt.Pause, min(9*took, maxPause)), v.poke)
		}
	}
	return nil
}

// RunOnce adds one slice to the views and says whether there was more in the
// journal than fits in it. Views that can't go on are deleted first.
func (v *Views) RunOnce(ctx context.Context, source Source) (more bool, err error) {
	if v.broken.Load() || !v.usable() {
		if err := v.Rebuild(); err != nil {
			return false, err
		}
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.db == nil {
		return false, ErrUnavailable
	}
	err = source.ReadLocal(ctx, func(r table.Reader) error {
		return diskguard.Guarded(func() error {
			return table.Read(r, func(r table.Reader) (err error) {
				more, err = v.follow(r)
				return err
			})
		})
	})
	if errors.Is(err, errOther) {
		v.suspect(err)
		return true, nil
	}
	return more, err
}

func (v *Views) usable() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.db != nil
}

// errOther says that the views were built from another journal.
var errOther = errors.New("the journal is not the one the views were built from")

// follow adds the entries of one snapshot, up to a slice full.
func (v *Views) follow(r table.Reader) (more bool, err error) {
	size, err := v.sizeOf(r)
	if err != nil || size == v.meta.next {
		return false, err
	}
	s := v.slice
	s.reset(v.meta)
	if err := s.fill(r, size, v.opt.SlicePostings); err != nil {
		return false, fmt.Errorf("views: journal entry %d: %w; run holdfast verify", s.meta.next, err)
	}
	if err := commit(v.db, s); err != nil {
		v.suspect(err)
		return false, fmt.Errorf("views: write slice: %w", err)
	}
	v.setMeta(s.meta)
	return s.meta.next < size, nil
}

// sizeOf reads the journal's size and makes sure that it is the same journal.
func (v *Views) sizeOf(r table.Reader) (uint64, error) {
	head, ok := table.Of[pb.Head, *pb.Head]{ID: table.Head}.Get(r, table.K(table.Head))
	if !ok {
		head = new(pb.Head) // nothing has been applied yet
	}
	next := v.meta.next
	v.head.Store(head.JournalSize)
	if next > head.JournalSize {
		return 0, fmt.Errorf("%w: it has %d entries, they include %d", errOther, head.JournalSize, next)
	}
	if next > 0 {
		stored, ok := journal.Entry(r, next-1)
		if !ok || sha256.Sum256(stored) != v.meta.last {
			return 0, fmt.Errorf("%w: entry %d differs", errOther, next-1)
		}
	}
	return head.JournalSize, nil
}

// await returns when there may be something to do.
func (v *Views) await(ctx context.Context, changed <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-changed:
	case <-v.poke:
	}
}

// rest pauses; it is cut short by hurry, and skipped while somebody waits.
func (v *Views) rest(ctx context.Context, d time.Duration, hurry <-chan struct{}) {
	if hurry != nil && v.waiting.Load() > 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-hurry:
	}
}

// Wait returns when the views include entry seq, or with ctx's error.
func (v *Views) Wait(ctx context.Context, seq uint64) error {
	v.waiting.Add(1)
	defer v.waiting.Add(-1)
	v.wake()
	for {
		v.movedMu.Lock()
		moved := v.moved
		v.movedMu.Unlock()
		if v.next.Load() > seq {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
}
