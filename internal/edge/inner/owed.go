package inner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// batchRows bounds the rows of one batch.
	batchRows = 1000
	// sweepRows bounds the rows one sweep compares.
	sweepRows = 20_000
	// heartbeat is how often a stream says at least something, and sweeps.
	heartbeat = time.Second
	// gather is how long a stream that has just sent waits before it looks again,
	// so that a busy node is not scanned after every frame.
	gather = 3 * time.Millisecond
	// soon is how far ahead of its due time a notice is sent in full, milliseconds.
	soon int64 = 1000
)

var owedTable = table.Of[pb.Notice, *pb.Notice]{ID: table.Owed}

func owedKey(id uint64) table.Key { return table.K(table.Owed).U64(id) }

// stream is one courier's view of what is owed.
type stream struct {
	s      *Service
	claim  claim
	cancel context.CancelCauseFunc
	send   func(*pb.OwedBatch) error

	// cursor is the highest number told; caught says that the backlog is told.
	cursor uint64
	caught bool
	told   told
	// oldest is since when the longest owed notice is owed, as of the last whole
	// sweep, which reflects applied at least.
	oldest  int64
	applied uint64
	pass    pass
	rested  time.Time // when the next sweep may run
}

// Owed tells a courier every owed notice of its lanes and then each new or
// changed one, until ctx ends, send fails or its lanes change (ErrLanes). It
// begins when the node has applied what the courier has been answered. A stream
// of the same courier that is still open is ended: it is a connection that died.
// Couriers without a lease are served one at a time, and only while nobody holds
// a lease; the others are answered ErrTaken.
func (s *Service) Owed(ctx context.Context, req *pb.OwedRequest, send func(*pb.OwedBatch) error) error {
	c, err := parseClaim(req)
	if err != nil {
		return err
	}
	if err := s.reach(ctx, req.AtLeast); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	st := &stream{s: s, claim: c, cancel: cancel, send: send, told: newTold()}
	if err := s.enter(st); err != nil {
		return err
	}
	defer s.leave(st)
	return st.run(ctx)
}

// errReplaced ends a stream whose courier has opened another.
var errReplaced = errors.New("the courier has opened another stream")

func (s *Service) enter(st *stream) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !st.claim.leased {
		for name, other := range s.streams { // order does not matter: any one is a reason
			if name != st.claim.courier && !other.claim.leased {
				return ErrTaken
			}
		}
	}
	if old := s.streams[st.claim.courier]; old != nil {
		old.cancel(errReplaced)
	}
	s.streams[st.claim.courier] = st
	return nil
}

func (s *Service) leave(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[st.claim.courier] == st {
		delete(s.streams, st.claim.courier)
	}
}

// reachWithin bounds how long a stream or a fetch waits for a node that is behind.
const reachWithin = 4 * time.Second

// reach waits until the node has applied index. What a courier was answered by
// another node, this one may not have applied yet; told from there it would send
// again what is recorded as delivered.
func (s *Service) reach(ctx context.Context, index uint64) error {
	if s.core.Applied() >= index {
		return nil
	}
	late := time.NewTimer(reachWithin)
	defer late.Stop()
	for {
		changed := s.core.Changed()
		if s.core.Applied() >= index {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-late.C:
			return fmt.Errorf("%w: it is at index %d, the courier was answered at %d; ask another node, or restart the courier if this state was restored from a backup",
				ErrBehind, s.core.Applied(), index)
		}
	}
}

func (st *stream) run(ctx context.Context) error {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		changed := st.s.core.Changed() // before reading, so that no frame is missed
		if err := st.forward(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-beat.C:
			if err := st.sweep(ctx); err != nil {
				return err
			}
			continue
		case <-changed:
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(gather):
		}
	}
}

// forward tells the notices above the cursor. As long as more than a batch of
// them wait they are told by their heads alone: the courier can't send them at
// once anyway.
func (st *stream) forward(ctx context.Context) error {
	for {
		b, rows, err := st.above(ctx)
		if err != nil {
			return err
		}
		more := rows == batchRows
		b.CaughtUp = !st.caught && !more
		if len(b.Notices)+len(b.Waiting) > 0 || b.CaughtUp {
			if err := st.send(b); err != nil {
				return err
			}
		}
		st.caught = st.caught || !more
		if !more {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// above reads the next rows above the cursor, and returns how many they were
// and those of the courier's lanes.
func (st *stream) above(ctx context.Context) (b *pb.OwedBatch, rows int, err error) {
	b = st.blank()
	err = st.s.core.ReadLocal(ctx, func(r table.Reader) error {
		if err := st.claim.holds(r); err != nil {
			return err
		}
		_, end := table.Range(table.Owed)
		notices := make([]*pb.Notice, 0, 8)
		r.Scan(owedKey(st.cursor+1), end, func(key, value []byte) bool {
			n := owedTable.Decode(key, value)
			row := toldRow{id: n.Id, sum: st.told.sum(value)}
			if st.claim.mine(n.Mchid) {
				row.since = since(n)
				notices = append(notices, n)
			}
			st.told.add(row)
			st.cursor = n.Id
			rows++
			return rows < batchRows
		})
		if len(notices) == 0 {
			return nil
		}
		if st.oldest == 0 {
			st.oldest = since(notices[0])
			b.Oldest = st.oldest
		}
		return st.s.fill(r, b, notices, rows < batchRows)
	})
	return b, rows, err
}

func (st *stream) blank() *pb.OwedBatch {
	return &pb.OwedBatch{Now: st.s.core.Now(), Applied: st.s.core.Applied(), Oldest: st.oldest}
}
