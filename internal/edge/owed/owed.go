// Package owed is the node's side of owed work of any kind: it tells the workers
// of a kind what is owed, shares the lanes out among them, and turns their reports
// into commands. A kind is described by a Kind; internal/edge/inner is the kind
// of notices. The workers' side is internal/edge/worker.
//
// # How a stream knows what changed
//
// Numbers of rows only grow, so new rows are those above the stream's cursor:
// each applied frame wakes the stream, which scans from there. Rows at or below
// the cursor change too: an operator has one done again, a report moves a due
// time. For these the stream keeps a 64-bit hash of each row it has told (16 bytes
// a row, known.go) and sweeps the table once a second, at most SweepRows rows at a
// time, comparing. A sweep does not care which command changed a row, costs
// nothing while no frame is applied, and at most one hundredth of a core otherwise.
//
// # Several workers
//
// Each stream tells the rows of its worker's lanes (internal/rule/lane) and ends
// when the state gives the worker others. What a node tells is a hint: the worker
// checks its lease before it does anything, and a stream begins only once the node
// has applied all that the worker was answered, by whichever node.
//
// With a backlog of a million the node holds 16 to 32 MB of hashes and one batch
// of rows.
package owed

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// Core is what the service needs of the replica.
type Core interface {
	// Do runs a command and returns when it is durable and applied.
	Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error)
	// ReadLocal calls f with one snapshot of this node's own state, which has every
	// frame that Do has answered from. It need not ask the leader: what workers are
	// told is a hint, and they say which index they have seen.
	ReadLocal(ctx context.Context, f func(table.Reader) error) error
	// Applied is the log index of the last applied frame.
	Applied() uint64
	// Now is business time, Unix milliseconds.
	Now() int64
	// Changed is closed when the next frame is applied.
	Changed() <-chan struct{}
}

// Kind describes a kind of owed work: rows R that streams tell in messages M.
type Kind[R, M any] struct {
	Work lane.Work
	// Lease is the command by which the workers take, keep and give up lanes.
	Lease catalogue.Command[*pb.CourierLease, *pb.Courier]
	// Rows is the table of what is owed, (number) -> R; numbers only grow.
	Rows   table.ID
	Decode func(key, value []byte) R
	// Owner says whose the row is, and so which lane it goes by; Since is when it
	// came to be owed, business Unix milliseconds.
	Owner func(R) string
	Since func(R) int64
	// Message says News as a message of the kind. The reader is nil when there
	// are no rows.
	Message func(r table.Reader, n News[R]) (M, error)
	// SweepRows bounds the rows that one sweep compares; 0 is the usual 20,000.
	SweepRows int
}

// News is what a stream tells at once, often nothing but that it lives.
type News[R any] struct {
	// Rows are new or changed.
	Rows []R
	// Whole says that the rows are new and few, so that what is due soon may be
	// told in full; of others the worker is told that they exist.
	Whole bool
	// CaughtUp: all that was owed when the stream began has been told.
	CaughtUp bool
	// Now is business time, Applied the index that the news reflects, Oldest since
	// when the longest owed row of the worker's has been owed; 0 when none is.
	Now     int64
	Applied uint64
	Oldest  int64
}

// Service serves the workers of one kind. It is safe for concurrent use.
type Service[R, M any] struct {
	kind Kind[R, M]
	core Core

	mu      sync.Mutex
	streams map[string]*stream[R, M] // the open ones, by worker
}

// New makes a service.
func New[R, M any](core Core, kind Kind[R, M]) *Service[R, M] {
	if kind.SweepRows == 0 {
		kind.SweepRows = sweepRows
	}
	return &Service[R, M]{kind: kind, core: core, streams: map[string]*stream[R, M]{}}
}

// Errors of a service.
var (
	// ErrInvalid marks a request that will never be taken as it is.
	ErrInvalid = errors.New("request is not valid")
	// ErrTaken says that another worker has the lanes, or the name.
	ErrTaken = errors.New("another one is at work; stop it first, or run this version's with a name of its own: two would do everything twice")
	// ErrBehind says that the node has not applied what the worker was answered.
	ErrBehind = errors.New("this node is behind")
	// ErrLanes ends or refuses a stream whose worker's lanes are others by now: it
	// renews its lease and opens another.
	ErrLanes = errors.New("the lanes have changed; renew the lease and open the stream again")
	// ErrReplaced ends a stream whose worker has opened another.
	ErrReplaced = errors.New("another stream was opened under this name")
)

// AsConnect gives an error of the service its code for the worker.
func AsConnect(err error) error {
	var already *connect.Error
	switch {
	case err == nil, errors.As(err, &already):
		return err
	case errors.Is(err, ErrInvalid):
		return connect.NewError(connect.CodeInvalidArgument, err)
	case errors.Is(err, ErrTaken):
		return connect.NewError(connect.CodeFailedPrecondition, err)
	case errors.Is(err, ErrLanes):
		return connect.NewError(connect.CodeAborted, err)
	case errors.Is(err, context.Canceled):
		return connect.NewError(connect.CodeCanceled, err)
	}
	return connect.NewError(connect.CodeUnavailable, err)
}

// ReachWithin bounds how long a stream or a read waits for a node that is behind.
const ReachWithin = 4 * time.Second

// Reach waits until the node has applied index. What a worker was answered by
// another node, this one may not have applied yet; told from there it would do
// again what is recorded as done. Error: ErrBehind.
func (s *Service[R, M]) Reach(ctx context.Context, index uint64) error {
	if s.core.Applied() >= index {
		return nil
	}
	late := time.NewTimer(ReachWithin)
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
			return fmt.Errorf("%w: it is at index %d, the %s was answered at %d; ask another node, or restart the %s if this state was restored from a backup",
				ErrBehind, s.core.Applied(), s.kind.Work.Worker, index, s.kind.Work.Worker)
		}
	}
}

// Report has a worker's report applied as one command and returns those of the
// rows it is about that are still owed, with the index they are of. A report that
// is recorded already changes nothing, so a worker repeats one whose outcome it
// doesn't know.
//
// Errors: ErrInvalid for a report that will never be taken; any other (a
// *code.Error: Overloaded, ReadOnly, Unknown ...) asks for a repetition.
func Report[R, M any, B, Rec table.Record](ctx context.Context, s *Service[R, M], worker string, numbers []uint64, cmd catalogue.Command[B, Rec], body B) (left []R, applied uint64, err error) {
	if err := s.named(worker); err != nil {
		return nil, 0, err
	}
	_, out, err := cmd.Do(ctx, s.core, s.actor(worker), requestID("report-"), body)
	var refusal *code.Error
	switch {
	case errors.As(err, &refusal) && refusal.Code == code.CommandTooLarge:
		return nil, 0, fmt.Errorf("%w: %w", ErrInvalid, err)
	case err != nil:
		return nil, 0, err
	case out != code.OK && out != code.NothingToDo: // NothingToDo: all of it was recorded before
		return nil, 0, fmt.Errorf("%w: %w", ErrInvalid, out.Err())
	}
	return s.left(ctx, worker, numbers)
}

// left reads how the reported rows stand, which the worker's stream need not tell.
func (s *Service[R, M]) left(ctx context.Context, worker string, numbers []uint64) (rows []R, applied uint64, err error) {
	s.mu.Lock()
	st := s.streams[worker]
	s.mu.Unlock()
	applied = s.core.Applied()
	err = s.core.ReadLocal(ctx, func(r table.Reader) error {
		for _, number := range numbers {
			key := s.kind.key(number)
			value, ok := r.Get(key)
			if !ok {
				continue
			}
			rows = append(rows, s.kind.Decode(key, value))
			if st != nil {
				st.known.answered(number, value)
			}
		}
		return nil
	})
	return rows, applied, err
}

// Read calls f with each of these rows that is owed.
func (s *Service[R, M]) Read(r table.Reader, numbers []uint64, f func(R)) {
	for _, number := range numbers {
		key := s.kind.key(number)
		if value, ok := r.Get(key); ok {
			f(s.kind.Decode(key, value))
		}
	}
}

func (k *Kind[R, M]) key(number uint64) table.Key { return table.K(k.Rows).U64(number) }

// actor is how the journal names a worker.
func (s *Service[R, M]) actor(worker string) string { return s.kind.Work.Worker + "/" + worker }

func (s *Service[R, M]) named(worker string) error {
	if !lane.ValidName(worker) {
		return fmt.Errorf("%w: a %s's name has 1 to 64 characters, no spaces, slashes or characters beyond ASCII", ErrInvalid, s.kind.Work.Worker)
	}
	return nil
}

// requestID names a command of this service in logs.
func requestID(prefix string) string {
	var b [12]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return prefix + hex.EncodeToString(b[:])
}
