package courier

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/inner"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// behind is a core that stands still at a moment: a follower that hears nothing.
// Commands reach the leader all the same.
type behind struct {
	*edgetest.Live
	still   table.Reader
	applied uint64
	caughtUp,
	gone chan struct{}
}

// stop makes a core that is behind from now on, until catchUp.
func stop(t *testing.T, live *edgetest.Live) *behind {
	b := &behind{Live: live, applied: live.Applied(), caughtUp: make(chan struct{}), gone: make(chan struct{})}
	ready := make(chan struct{})
	go func() {
		defer close(b.gone)
		err := live.Read(func(r table.Reader) error {
			b.still = r
			close(ready)
			<-b.caughtUp
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}()
	<-ready
	return b
}

func (b *behind) catchUp() { close(b.caughtUp); <-b.gone }

func (b *behind) isBehind() bool {
	select {
	case <-b.caughtUp:
		return false
	default:
		return true
	}
}

func (b *behind) ReadLocal(ctx context.Context, f func(table.Reader) error) error {
	if b.isBehind() {
		return table.Read(b.still, f)
	}
	return b.Live.ReadLocal(ctx, f)
}

func (b *behind) Applied() uint64 {
	if b.isBehind() {
		return b.applied
	}
	return b.Live.Applied()
}

// switched is a Node that is one of several, as Client is.
type switched struct{ at atomic.Pointer[localNode] }

func (s *switched) Lease(ctx context.Context, req *pb.LeaseRequest) (*pb.LeaseResponse, error) {
	return s.at.Load().Lease(ctx, req)
}

func (s *switched) Owed(ctx context.Context, req *pb.OwedRequest) (Stream, error) {
	return s.at.Load().Owed(ctx, req)
}

func (s *switched) Fetch(ctx context.Context, req *pb.FetchRequest) (*pb.OwedBatch, error) {
	return s.at.Load().Fetch(ctx, req)
}

func (s *switched) Report(ctx context.Context, attempts []*pb.Attempt) (*pb.ReportResponse, error) {
	return s.at.Load().Report(ctx, attempts)
}

// A courier goes on to a node that has not heard of what it delivered. That node
// still owes it all; nothing is sent again.
func TestNodeThatIsBehindBringsNothingBack(t *testing.T) {
	t.Parallel()
	keys()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t)
		fresh, cfg := w.courier("c1")
		node := &switched{}
		node.at.Store(fresh)
		cfg.Node = node
		var open atomic.Bool
		w.pause = func() {
			for !open.Load() { // until the follower has seen what is owed
				time.Sleep(100 * time.Millisecond)
			}
		}
		_, stopCourier := w.run(cfg)
		time.Sleep(time.Second)
		w.payAll(townMerchants)
		time.Sleep(500 * time.Millisecond)
		follower := stop(t, w.core)
		open.Store(true)
		time.Sleep(5 * time.Second) // delivered, and heard of in the stream
		if n := w.owed(); n != 0 {
			t.Fatalf("%d notices are owed", n)
		}
		node.at.Store(&localNode{svc: inner.New(follower, quiet), name: "c1"})
		fresh.setCut(errors.New("the node is gone"))
		time.Sleep(20 * time.Second)
		if events, posts := w.counts(); posts != events || events != townMerchants {
			t.Errorf("%d posts of %d notices", posts, events)
		}
		follower.catchUp()
		w.payAll(townMerchants)
		time.Sleep(10 * time.Second)
		duplicates, _ := w.delivered(2 * townMerchants)
		if events, posts := w.counts(); posts != events || events != 2*townMerchants || duplicates != 0 {
			t.Errorf("in the end %d posts of %d notices, %d marked", posts, events, duplicates)
		}
		if err := stopCourier(); err != nil {
			t.Error(err)
		}
	})
}
