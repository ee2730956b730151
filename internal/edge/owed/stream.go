package owed

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// BatchRows bounds the rows of one message.
	BatchRows = 1000
	// Heartbeat is how often a stream says at least something, and sweeps.
	Heartbeat = time.Second
	// sweepRows bounds the rows one sweep compares.
	sweepRows = 20_000
	// gather is how long a stream that has just sent waits before it looks again,
	// so that a busy node is not scanned after every frame.
	gather = 3 * time.Millisecond
)

// stream is one worker's view of what is owed.
type stream[R, M any] struct {
	s      *Service[R, M]
	scope  scope
	cancel context.CancelCauseFunc
	send   func(M) error
	// cursor is the highest number told; caught says that the backlog is told.
	cursor uint64
	caught bool
	known  known
	// oldest is since when the longest owed row is owed, as of the last whole
	// sweep, which reflects applied at least.
	oldest  int64
	applied uint64
	pass    pass
	rested  time.Time // when the next sweep may run
}

// Stream tells a worker every owed row of its lanes and then each new or changed
// one, until ctx ends, send fails or its lanes change (ErrLanes). It begins when
// the node has applied what the worker has been answered. A stream of the same
// worker that is still open is ended: it is a connection that died. Workers
// without a lease are served one at a time, and only while nobody holds a lease;
// the others are answered ErrTaken.
func (s *Service[R, M]) Stream(ctx context.Context, req *pb.OwedRequest, send func(M) error) error {
	sc, err := s.scope(req)
	if err != nil {
		return err
	}
	if err := s.Reach(ctx, req.AtLeast); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	st := &stream[R, M]{s: s, scope: sc, cancel: cancel, send: send, known: newKnown()}
	if err := s.enter(st); err != nil {
		return err
	}
	defer s.leave(st)
	return st.run(ctx)
}

func (s *Service[R, M]) enter(st *stream[R, M]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !st.scope.leased {
		for name, other := range s.streams { // order does not matter: any one is a reason
			if name != st.scope.worker && !other.scope.leased {
				return ErrTaken
			}
		}
	}
	if old := s.streams[st.scope.worker]; old != nil {
		old.cancel(ErrReplaced)
	}
	s.streams[st.scope.worker] = st
	return nil
}

func (s *Service[R, M]) leave(st *stream[R, M]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[st.scope.worker] == st {
		delete(s.streams, st.scope.worker)
	}
}

func (st *stream[R, M]) run(ctx context.Context) error {
	beat := time.NewTicker(Heartbeat)
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

// forward tells the rows above the cursor. As long as more than a batch of them
// wait the worker is told only that they exist: it can't do them at once anyway.
func (st *stream[R, M]) forward(ctx context.Context) error {
	for {
		rows, err := st.above(ctx)
		if err != nil {
			return err
		}
		if rows < BatchRows {
			st.caught = true
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// above tells the next rows above the cursor, and returns how many it read.
func (st *stream[R, M]) above(ctx context.Context) (rows int, err error) {
	kind, news := &st.s.kind, st.news()
	var said M
	err = st.s.core.ReadLocal(ctx, func(r table.Reader) error {
		if err := st.holds(r); err != nil {
			return err
		}
		_, end := table.Range(kind.Rows)
		r.Scan(kind.key(st.cursor+1), end, func(key, value []byte) bool {
			row, known := kind.Decode(key, value), st.known.read(key, value)
			if st.scope.mine(kind.Owner(row)) {
				if news.Rows == nil {
					news.Rows = make([]R, 0, 8)
				}
				known.since = kind.Since(row)
				news.Rows = append(news.Rows, row)
			}
			st.known.add(known)
			st.cursor = known.number
			rows++
			return rows < BatchRows
		})
		news.Whole = rows < BatchRows
		news.CaughtUp = !st.caught && news.Whole
		if len(news.Rows) == 0 {
			return nil
		}
		if st.oldest == 0 {
			st.oldest = kind.Since(news.Rows[0])
			news.Oldest = st.oldest
		}
		said, err = kind.Message(r, news)
		return err
	})
	switch {
	case err != nil:
		return rows, err
	case len(news.Rows) > 0:
		return rows, st.send(said)
	case news.CaughtUp:
		return rows, st.say(nil, news)
	}
	return rows, nil
}

// say makes a message and sends it.
func (st *stream[R, M]) say(r table.Reader, n News[R]) error {
	m, err := st.s.kind.Message(r, n)
	if err != nil {
		return err
	}
	return st.send(m)
}

// news is news without rows.
func (st *stream[R, M]) news() News[R] {
	return News[R]{Now: st.s.core.Now(), Applied: st.s.core.Applied(), Oldest: st.oldest}
}
