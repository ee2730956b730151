// Package events tells whoever listens which journal entries concern them, as they
// are applied: people's devices, merchants' tills. What an entry says to them is the
// edge's own affair.
//
// One goroutine follows the journal. Each applied frame wakes it; it reads the new
// entries once, for all streams together, and hands each stream the numbers of those
// that concern it. While nobody listens it does nothing. A cursor is the number of
// the first entry that was not told yet, and the journal is the same on every node:
// whoever comes back, to whichever node, first gets what the views have between the
// cursor and the present (engine/view), then what is new. Whoever reads too slowly is
// cut off, and comes back with their cursor.
package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/sleep"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
)

const (
	// Heartbeat is how often a stream says at least how far it is.
	Heartbeat = 15 * time.Second
	// gather is how long entries are gathered before they are looked at, so that a busy
	// node does not look after every frame.
	gather = 3 * time.Millisecond
	// passEntries bounds the entries of one look.
	passEntries = 4096
	// queued is how many entries may wait for a reader before it is cut off.
	queued = 1024
	// perPerson is how many streams one person has on a node, perMerchant one merchant,
	// who has many tills: one more ends the oldest, which is a connection that died, or
	// a device that was put away.
	perPerson   = 16
	perMerchant = 1024
	// MostStreams is how many streams a node has.
	MostStreams = 20_000
	// MostMissed is how many entries are told to somebody who was away; who missed more
	// reads the lists and begins anew.
	MostMissed = 50_000
	// batch is how many entries are told at once.
	batch = 100
)

// Errors that end a stream.
var (
	// ErrSlow: more waited than may. The reader comes back with its cursor.
	ErrSlow = errors.New("what happened is told faster than it is read; come back with the cursor")
	// ErrReplaced: newer streams of the same person or merchant took its place.
	ErrReplaced = errors.New("newer streams have taken its place")
	// ErrFull: the node has as many streams as it may.
	ErrFull = errors.New("the node has as many streams as it may; ask another")
	// ErrMissed: more happened since the cursor than is told in a stream.
	ErrMissed = errors.New("more happened since the cursor than a stream tells: read the lists and begin anew without one")
	// ErrStopping: the node stops.
	ErrStopping = errors.New("the node is stopping; ask another with the cursor")
)

// Outcome is what says to a listener why their stream ended, where the feed ended it.
func Outcome(err error) (code.Code, bool) {
	switch {
	case errors.Is(err, ErrSlow), errors.Is(err, ErrReplaced), errors.Is(err, ErrStopping):
		return code.StreamCut, true
	case errors.Is(err, ErrFull):
		return code.StreamsTooMany, true
	case errors.Is(err, ErrMissed):
		return code.CursorTooOld, true
	}
	return code.OK, false
}

// Core is what a Feed needs of the replica.
type Core interface {
	ReadLocal(ctx context.Context, f func(table.Reader) error) error
	// Changed is closed when the next frame is applied.
	Changed() <-chan struct{}
}

// Views is what it needs of the read models.
type Views interface {
	Wait(ctx context.Context, seq uint64) error
	ConcerningPerson(uid, from, to uint64, most int) ([]uint64, error)
	ConcerningMerchant(mchid string, from, to uint64, most int) ([]uint64, error)
}

// Subject is whom a stream tells of: a person, or a merchant.
type Subject struct {
	Person   uint64
	Merchant string
}

// most is how many streams a subject has on a node.
func (s Subject) most() int {
	if s.Person != 0 {
		return perPerson
	}
	return perMerchant
}

// Feed tells what happens. Its methods may be called from any goroutine.
type Feed struct {
	core  Core
	views Views
	log   *slog.Logger

	mu      sync.Mutex
	concern *view.Concern
	// next is the first entry that was not looked at, while anybody listens.
	next    uint64
	streams map[Subject][]*stream // the oldest first
	open    int
	stopped bool
	wake    chan struct{}
}

// New makes a feed of the kinds that rules declare. Run feeds it.
func New(core Core, views Views, kinds []catalogue.Kind, log *slog.Logger) *Feed {
	return &Feed{
		core: core, views: views, log: log, concern: view.NewConcern(kinds),
		streams: map[Subject][]*stream{}, wake: make(chan struct{}, 1),
	}
}

// Run follows the journal until ctx ends.
func (f *Feed) Run(ctx context.Context) {
	for ctx.Err() == nil {
		changed := f.core.Changed() // before reading, so that no frame is missed
		if f.Streams() == 0 {
			changed = nil
		}
		if err := f.look(ctx); err != nil && ctx.Err() == nil {
			f.log.Error("events: a look at the journal failed and is tried again", "err", err)
			_ = sleep.For(ctx, time.Second) // the loop looks at ctx
			continue
		}
		select {
		case <-ctx.Done():
		case <-f.wake:
		case <-changed:
			_ = sleep.For(ctx, gather)
		}
	}
}

// Streams is how many streams are open.
func (f *Feed) Streams() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open
}

// Close ends all streams, and those that are still to come.
func (f *Feed) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
	for _, list := range f.streams { // order does not matter
		for _, s := range list {
			s.cut(ErrStopping)
		}
	}
	return nil
}

// look hands out the entries that are new.
func (f *Feed) look(ctx context.Context) error {
	for {
		more, err := f.pass(ctx)
		if !more || err != nil {
			return err
		}
	}
}

// pass hands out some entries, and says whether there are more.
func (f *Feed) pass(ctx context.Context) (more bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == 0 {
		return false, nil
	}
	err = f.core.ReadLocal(ctx, func(r table.Reader) error {
		return table.Read(r, func(r table.Reader) error {
			size := sizeOf(r)
			to := min(size, f.next+passEntries)
			more = to < size
			return f.hand(r, to)
		})
	})
	return more, err
}

// hand hands out the entries before to.
func (f *Feed) hand(r table.Reader, to uint64) (err error) {
	journal.Scan(r, f.next, to, func(seq uint64, stored []byte) bool {
		if err = f.concern.Look(r, stored); err != nil {
			err = fmt.Errorf("entry %d: %w", seq, err)
			return false
		}
		for _, uid := range f.concern.People {
			f.tell(Subject{Person: uid}, seq)
		}
		for _, mchid := range f.concern.Merchants {
			f.tell(Subject{Merchant: mchid}, seq)
		}
		f.next = seq + 1
		return true
	})
	return err
}

func (f *Feed) tell(who Subject, seq uint64) {
	for _, s := range f.streams[who] {
		if seq < s.next {
			continue // it concerns another of the stream's subjects too
		}
		s.next = seq + 1
		select {
		case s.news <- seq:
		default:
			s.cut(ErrSlow)
		}
	}
}

func sizeOf(r table.Reader) uint64 {
	if head, ok := machine.Head(r); ok {
		return head.JournalSize
	}
	return 0
}
