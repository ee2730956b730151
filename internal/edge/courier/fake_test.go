package courier

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/base/retry"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// fakeNode owes notices from memory on the documented schedule: cheap enough
// for thousands of merchants. It tells those added after the stream opened at
// once, in full.
type fakeNode struct {
	mu      sync.Mutex
	owed    map[uint64]*pb.OwedNotice
	fresh   chan *pb.OwedNotice
	applied uint64
	next    uint64
	key     string
	done    map[uint64]uint32 // by notice: the number of the attempt that delivered it
	fetches int
	// ahead is how far business time is ahead of the wall clock; times are the
	// attempts' by notice.
	ahead time.Duration
	times map[uint64]int64
	// headsOnly makes the stream tell heads even of fresh notices.
	headsOnly bool
}

func newFakeNode(keyID string) *fakeNode {
	return &fakeNode{owed: map[uint64]*pb.OwedNotice{}, fresh: make(chan *pb.OwedNotice, 1<<17), key: keyID, done: map[uint64]uint32{}, times: map[uint64]int64{}}
}

// owe makes a notice owed at url since at.
func (n *fakeNode) owe(mchid, url string, at time.Time) uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.next++
	n.applied++
	id := n.next
	o := &pb.OwedNotice{
		Notice:  &pb.DueNotice{Id: id, Mchid: mchid, Url: url, CreatedAt: at.UnixMilli(), NextAt: at.UnixMilli()},
		EventId: fmt.Sprintf("event-%d", id), EventType: "TRANSACTION.SUCCESS", ResourceType: "encrypt-resource",
		OriginalType: "transaction", AssociatedData: "transaction", Summary: "支付成功",
		Plaintext: []byte(`{"mchid":"` + mchid + `","out_trade_no":"T` + strconv.FormatUint(id, 10) + `"}`), CreateTime: "2026-03-01T12:00:00+08:00",
		Apiv3KeyId: n.key, AllowHttp: true,
	}
	n.owed[id] = o
	n.fresh <- o
	return id
}

func (n *fakeNode) left() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.owed)
}

func (n *fakeNode) Lease(context.Context, *pb.LeaseRequest) (*pb.LeaseResponse, error) {
	return &pb.LeaseResponse{Alone: true}, nil
}

func (n *fakeNode) Owed(ctx context.Context, _ *pb.OwedRequest) (Stream, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.fresh) > 0 {
		<-n.fresh
	}
	all := slices.Sorted(maps.Keys(n.owed))
	return &fakeStream{n: n, ctx: ctx, backlog: all}, nil
}

type fakeStream struct {
	n       *fakeNode
	ctx     context.Context
	backlog []uint64
	begun   bool
}

func (s *fakeStream) Receive() (*pb.OwedBatch, error) {
	if len(s.backlog) > 0 || !s.begun {
		return s.heads(), nil
	}
	beat := time.NewTimer(time.Second)
	defer beat.Stop()
	select {
	case o := <-s.n.fresh:
		return s.full(o), nil
	case <-beat.C:
		return s.n.batch(), nil
	case <-s.ctx.Done():
		return nil, context.Cause(s.ctx)
	}
}

func (s *fakeStream) heads() *pb.OwedBatch {
	s.begun = true
	b := s.n.batch()
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	take := min(1000, len(s.backlog))
	for _, id := range s.backlog[:take] {
		if o, ok := s.n.owed[id]; ok {
			b.Waiting = append(b.Waiting, o.Notice.Head())
		}
	}
	s.backlog = s.backlog[take:]
	b.CaughtUp = len(s.backlog) == 0
	return b
}

func (s *fakeStream) full(o *pb.OwedNotice) *pb.OwedBatch {
	b := s.n.batch()
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	for o != nil {
		if s.n.headsOnly {
			b.Waiting = append(b.Waiting, o.Notice.Head())
		} else {
			b.Notices = append(b.Notices, o)
		}
		o = nil
		if len(b.Notices)+len(b.Waiting) < 1000 {
			select {
			case o = <-s.n.fresh:
			default:
			}
		}
	}
	return clone(b)
}

func (s *fakeStream) Close() error { return nil }

func (n *fakeNode) batch() *pb.OwedBatch {
	n.mu.Lock()
	defer n.mu.Unlock()
	return &pb.OwedBatch{Now: time.Now().Add(n.ahead).UnixMilli(), Applied: n.applied}
}

func (n *fakeNode) Fetch(_ context.Context, req *pb.FetchRequest) (*pb.OwedBatch, error) {
	b := n.batch()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fetches++
	for _, id := range req.Ids {
		if o, ok := n.owed[id]; ok {
			b.Notices = append(b.Notices, o)
		}
	}
	return clone(b), nil
}

func (n *fakeNode) Report(_ context.Context, attempts []*pb.Attempt) (*pb.ReportResponse, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.applied++
	resp := &pb.ReportResponse{Applied: n.applied}
	for _, a := range attempts {
		o, ok := n.owed[a.NoticeId]
		if !ok || a.Number != o.Notice.Attempts+1 {
			continue
		}
		o.Notice.Attempts++
		n.times[a.NoticeId] = a.At
		next, more := retry.Next(int(o.Notice.Attempts), time.Now().Add(n.ahead).UnixMilli())
		switch {
		case a.Outcome == pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED:
			n.done[a.NoticeId] = a.Number
			delete(n.owed, a.NoticeId)
		case !more:
			delete(n.owed, a.NoticeId)
		default:
			o.Notice.NextAt = next
			resp.Owed = append(resp.Owed, o.Notice.Head())
		}
	}
	return resp, nil
}

// fakeConfig is a courier of the fake node whose merchants are w's hosts.
func fakeConfig(t testing.TB, w *hosts, n *fakeNode) Config {
	t.Helper()
	return Config{Node: n, Keys: keys(), Dial: w.dial, Registerer: prometheus.NewRegistry(), Logger: quiet}
}

// fakeKey is the id of a key that the keystore holds.
func fakeKey(t testing.TB) string {
	t.Helper()
	id, err := keys().PutAPIv3Key("1900000001", testKey, time.Now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// ctx keeps signatures of fakes short.
type ctx = context.Context
