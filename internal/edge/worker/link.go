package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	lanes "github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// Message is what a stream tells: it says the node's business time.
type Message interface{ GetNow() int64 }

// Answer is what a node returns for reports: it says at which index the state
// has them.
type Answer interface{ GetApplied() uint64 }

// Platform is what a worker needs of the platform to be told messages M and to
// send reports A, which it returns an R for. Its methods are safe for concurrent
// use; the worker's name is the Platform's to add.
type Platform[M Message, A any, R Answer] interface {
	// Lease takes, renews or gives up the worker's lanes. It may be repeated after
	// an error. ErrReplaced means that another process has the name.
	Lease(ctx context.Context, req *pb.LeaseRequest) (*pb.LeaseResponse, error)
	// Owed opens the stream of what is owed in the lanes asked for: all of it, then
	// each new or changed row. The stream ends with ctx, and with ErrLanes when the
	// state gives the worker other lanes.
	Owed(ctx context.Context, req *pb.OwedRequest) (Stream[M], error)
	// Report records reports. It may be repeated with the same ones. An error that
	// wraps ErrRefused means that repeating is of no use; after any other the
	// outcome is unknown.
	Report(ctx context.Context, reports []A) (R, error)
}

// Stream is an open stream of what is owed. One goroutine receives.
type Stream[M any] interface {
	// Receive waits for the next message.
	Receive() (M, error)
	// Close ends the stream.
	Close() error
}

// Errors of a Platform.
var (
	// ErrRefused marks a report that the node will never take.
	ErrRefused = errors.New("the node refuses the report")
	// ErrReplaced marks a lease that a later process of the same name has.
	ErrReplaced = errors.New("another one has this name")
	// ErrLanes ends a stream whose worker has other lanes by now.
	ErrLanes = errors.New("the lanes have changed")
)

// Hands are the worker itself: what it does with what it is told. A link calls
// them from the goroutine that runs its events.
type Hands[M Message, A any, R Answer] interface {
	// Told takes a message. The first of a stream begins to tell everything anew:
	// what was told before and is not under way does not count any more.
	Told(m M, first bool)
	// Reported takes the platform's answer to reports that it has accepted.
	Reported(reports []A, r R)
	// Refused takes a report that the platform will never accept.
	Refused(report A, why error)
	// Busy says whether anything of these lanes is under way or not reported yet.
	Busy(set lanes.Set) bool
	// Forget drops all that is not under way: there is no lease, or a new one.
	// late says that the lease was over before it was renewed.
	Forget(late bool)
	// Lost drops what is in no lane of the worker's any more and not under way.
	Lost()
}

// Options describe a link.
type Options[M Message, A any, R Answer] struct {
	Platform Platform[M, A, R]
	Hands    Hands[M, A, R]
	// Worker is what log lines begin with: "courier".
	Worker string
	Lease  time.Duration
	// MaxReports is how many reports a call takes.
	MaxReports int
	Log        *slog.Logger
	// Go starts what waits, in a goroutine. Connected is told whether the stream
	// is open.
	Go        func(func())
	Connected func(bool)
}

// Link is a worker's link to the platform: its lease, the stream of what it is
// owed, its reports. Open, MaySend, Acked and Clock may be used from any
// goroutine; all else is for the one that runs the Events.
type Link[M Message, A any, R Answer] struct {
	// Clock is business time.
	Clock Clock

	opt      Options[M, A, R]
	renewals renewals
	reports  reports[A]
	events   chan func()
	started  int64 // Unix milliseconds
	stopping bool
	// acked is the highest index that the node has answered at.
	acked atomic.Uint64
}

// NewLink makes a link; nothing happens yet.
func NewLink[M Message, A any, R Answer](opt Options[M, A, R]) *Link[M, A, R] {
	return &Link[M, A, R]{
		opt: opt, renewals: renewals{holding: newHolding(), lease: opt.Lease},
		reports: reports[A]{limit: opt.MaxReports, most: opt.MaxReports}, events: make(chan func(), 2),
	}
}

// Open begins to listen, until ctx ends.
func (l *Link[M, A, R]) Open(ctx context.Context) {
	l.started = time.Now().UnixMilli()
	f := &feed[M]{worker: l.opt.Worker, open: l.opt.Platform.Owed, out: l.feed, log: l.opt.Log, up: l.opt.Connected, holding: l.renewals.holding, acked: l.Acked}
	l.opt.Go(func() { f.run(ctx) })
}

// Events are what has happened, to be run by one goroutine.
func (l *Link[M, A, R]) Events() <-chan func() { return l.events }

// Act does all that is due: renews the lease, sends reports. life is what the
// calls it makes live in.
func (l *Link[M, A, R]) Act(life context.Context, now time.Time) {
	l.keepLease(life, now)
	if at, ok := l.reports.due(); ok && (l.stopping && !l.reports.pacer.after.After(now) || !at.After(now)) {
		l.send(life, l.reports.next(now))
	}
}

// WakeIn is how long Act has nothing to do if nothing happens, at most wait.
func (l *Link[M, A, R]) WakeIn(now time.Time, wait time.Duration) time.Duration {
	if !l.renewals.busy && !l.stopping {
		wait = min(wait, until(l.renewals.next, now))
	}
	if g := l.renewals.now(); !g.alone && !g.none() {
		wait = min(wait, until(g.until, now))
	}
	if at, ok := l.reports.due(); ok {
		wait = min(wait, until(at, now))
	}
	return wait
}

// until is how long until a time; never negative.
func until(t, now time.Time) time.Duration { return max(0, t.Sub(now)) }

// Report notes a report, which goes out soon.
func (l *Link[M, A, R]) Report(a A) { l.reports.add(a, time.Now()) }

// Unreported is how many reports have not gone out; Reporting says whether some
// are under way.
func (l *Link[M, A, R]) Unreported() int { return len(l.reports.queue) }

// Reporting says whether a call is under way that sends reports.
func (l *Link[M, A, R]) Reporting() bool { return l.reports.busy }

// Stop begins the end: the lease is renewed no more, what is told is dropped, and
// reports go out at once.
func (l *Link[M, A, R]) Stop() { l.stopping = true }

// Quiet says that no report waits and no call is under way.
func (l *Link[M, A, R]) Quiet() bool {
	return !l.reports.busy && len(l.reports.queue) == 0 && !l.renewals.busy
}

// feed hands on what the stream told.
func (l *Link[M, A, R]) feed(ctx context.Context, m M, first bool, epoch uint64) error {
	select {
	case l.events <- func() { l.onTold(m, first, epoch) }:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *Link[M, A, R]) onTold(m M, first bool, epoch uint64) {
	l.Clock.Set(m.GetNow())
	if !l.stopping && epoch == l.renewals.now().epoch { // or it was told to an earlier lease
		l.opt.Hands.Told(m, first)
	}
}

func (l *Link[M, A, R]) send(life context.Context, batch []A) {
	l.opt.Go(func() {
		ctx, cancel := context.WithTimeout(life, CallWithin)
		defer cancel()
		resp, err := l.opt.Platform.Report(ctx, batch)
		l.events <- func() { l.onReported(batch, resp, err) }
	})
}

func (l *Link[M, A, R]) onReported(batch []A, resp R, err error) {
	switch dropped, refused := l.reports.done(batch, err, time.Now()); {
	case refused:
		l.opt.Hands.Refused(dropped, err)
	case err != nil:
		l.opt.Log.Warn(l.opt.Worker+": the node did not accept a report; repeating it", "count", len(batch), "err", err)
	default:
		l.ack(resp.GetApplied())
		l.opt.Hands.Reported(batch, resp)
	}
}

// Acked is the highest index that a node has answered at: what another one tells
// must not be older.
func (l *Link[M, A, R]) Acked() uint64 { return l.acked.Load() }

func (l *Link[M, A, R]) ack(applied uint64) {
	for {
		have := l.acked.Load()
		if applied <= have || l.acked.CompareAndSwap(have, applied) {
			return
		}
	}
}
