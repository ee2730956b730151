package replica_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// memLog is a replica.Log in memory.
type memLog struct {
	*raft.MemoryStorage
	mu      sync.Mutex
	conf    *raftpb.ConfState
	members *pb.Members
	acked   atomic.Uint64
	fail    error
	gate    sync.RWMutex // while it is held, the disk stands still
}

func newMemLog() *memLog { return &memLog{MemoryStorage: raft.NewMemoryStorage()} }

func (l *memLog) Append(hs *raftpb.HardState, entries []*raftpb.Entry, _ bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	if !raft.IsEmptyHardState(hs) {
		if err := l.SetHardState(hs); err != nil {
			return err
		}
	}
	return l.MemoryStorage.Append(entries)
}

func (l *memLog) Begin(hs *raftpb.HardState, entries []*raftpb.Entry) (func() error, error) {
	return func() error {
		l.gate.RLock()
		defer l.gate.RUnlock()
		return nil
	}, l.Append(hs, entries, true)
}

func (l *memLog) Acked(index uint64) { l.acked.Store(index) }

func (l *memLog) SetConf(cs *raftpb.ConfState, members *pb.Members) error {
	l.conf, l.members = cs, members
	return nil
}

func (l *memLog) Conf() (*raftpb.ConfState, *pb.Members) { return l.conf, l.members }

func (l *memLog) SaveHeard(*pb.Heard) error { return nil }
func (l *memLog) Heard() *pb.Heard          { return nil }

func (l *memLog) InitialState() (*raftpb.HardState, *raftpb.ConfState, error) {
	hs, _, err := l.MemoryStorage.InitialState()
	cs := l.conf
	if cs == nil {
		cs = &raftpb.ConfState{}
	}
	return hs, cs, err
}

// alone is a node without peers.
var alone = identity.Identity{ClusterID: 5, RaftID: 7, Incarnation: 9}

const (
	mchid = "1900000001"
	appid = "wx0123456789abcdef"
)

type bench struct {
	t   testing.TB
	r   *replica.Replica
	log *memLog
	mem *table.Mem
}

func open(t testing.TB, log *memLog, mem *table.Mem, opt replica.Options) *bench {
	t.Helper()
	opt.Identity, opt.Log, opt.Backend = alone, log, mem
	opt.Bootstrap = &pb.Member{RaftId: alone.RaftID, Incarnation: alone.Incarnation}
	r, err := replica.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return &bench{t: t, r: r, log: log, mem: mem}
}

func (b *bench) do(n catalogue.Number, body table.Record) (catalogue.Result, error) {
	return b.r.Do(context.Background(), catalogue.NewCommand(n, "test", "", body))
}

func (b *bench) ok(n catalogue.Number, body table.Record) any {
	b.t.Helper()
	res, err := b.do(n, body)
	if err != nil || res.Code != code.OK {
		b.t.Fatalf("%s: %s, %v", n, res.Code, err)
	}
	return res.Body
}

func (b *bench) shop(payers int) (uids []uint64) {
	b.ok(catalogue.Genesis, &pb.Genesis{LogName: "test", Level: machine.MaxLevel})
	b.ok(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: mchid, Name: "Tea House", Appids: []string{appid}})
	for i := range payers {
		ref := fmt.Sprintf("payer-%d", i)
		p := b.ok(catalogue.PersonAdd, &pb.PersonAdd{Ref: ref, Name: ref, Appids: []string{appid}}).(*pb.Person)
		b.ok(catalogue.PersonTopup, &pb.PersonTopup{Uid: p.Uid, Amount: 100_000, Currency: money.CNY, Ref: ref, Line: "demo"})
		uids = append(uids, p.Uid)
	}
	return uids
}

func (b *bench) order(no string, total int64) *pb.Order {
	return b.ok(catalogue.OrderCreate, &pb.OrderCreate{
		Mchid: mchid, Appid: appid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE, Total: total,
		Currency: money.CNY, Description: "tea", NotifyUrl: "https://shop.example/n",
	}).(*pb.Order)
}

func (b *bench) balance(name string) (balance int64) {
	_ = b.r.ReadLatest(context.Background(), func(r table.Reader) error {
		if a, ok := ledger.Get(r, name, money.CNY); ok {
			balance = ledger.Balance(a)
		}
		return nil
	})
	return balance
}

// TestOneOrderIsPaidOnce: 1,000 simultaneous payments of one order by 10
// payers with their own attempt ids.
func TestOneOrderIsPaidOnce(t *testing.T) {
	t.Parallel()
	b := open(t, newMemLog(), table.NewMem(), replica.Options{})
	uids := b.shop(10)
	o := b.order("T-0001", 300)
	var paid, already atomic.Int64
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			attempt := fmt.Sprintf("attempt-%d", i/2) // two calls an attempt: a repeat gets the same answer
			res, err := b.do(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: uids[i/2%10], Attempt: []byte(attempt)})
			switch {
			case err != nil:
				t.Error(err)
			case res.Code == code.OK:
				paid.Add(1)
			case res.Code == code.OrderPaid:
				already.Add(1)
			default:
				t.Error(res.Code)
			}
		})
	}
	wg.Wait()
	if paid.Load() != 2 || already.Load() != 998 {
		t.Errorf("%d told paid, %d told already paid; want 2 (one attempt and its repeat) and 998", paid.Load(), already.Load())
	}
	if got := b.balance(ledger.MerchantPending(mchid)); got != 300 {
		t.Errorf("merchant has %d, want 300", got)
	}
}

func TestRefundNumbersRace(t *testing.T) {
	t.Parallel()
	b := open(t, newMemLog(), table.NewMem(), replica.Options{})
	uid := b.shop(1)[0]
	for _, test := range []struct {
		name, order string
		number      func(i int) string
		accepted    int64
	}{
		{"one number", "T-0001", func(int) string { return "R" }, 1000},
		{"a number each", "T-0002", func(i int) string { return fmt.Sprintf("N-%d", i) }, 1},
	} {
		o := b.order(test.order, 300)
		b.ok(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: uid, Attempt: []byte("a")})
		var accepted atomic.Int64
		ids := sync.Map{}
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				res, err := b.do(catalogue.RefundCreate, &pb.RefundCreate{
					Mchid: mchid, OutRefundNo: test.number(i), OutTradeNo: test.order, Refund: 300, Total: 300, Currency: money.CNY,
				})
				switch {
				case err != nil:
					t.Error(err)
				case res.Code == code.OK:
					accepted.Add(1)
					ids.Store(res.Body.(*pb.Refund).Id, true)
				case res.Code != code.RefundExceedsPaid:
					t.Error(res.Code)
				}
			})
		}
		wg.Wait()
		distinct := 0
		ids.Range(func(any, any) bool { distinct++; return true })
		if accepted.Load() != test.accepted || distinct != 1 {
			t.Errorf("%s: %d accepted as %d refunds, want %d as 1", test.name, accepted.Load(), distinct, test.accepted)
		}
		_ = b.r.ReadLatest(context.Background(), func(r table.Reader) error {
			if n := len(refund.ByOrder(r, o.Id)); n != 1 {
				t.Errorf("%s: order lists %d refunds", test.name, n)
			}
			return nil
		})
	}
}

func TestReopenedReplicaReplaysWhatTheStateLost(t *testing.T) {
	t.Parallel()
	log, mem := newMemLog(), table.NewMem()
	b := open(t, log, mem, replica.Options{})
	b.shop(1)
	b.order("T-0001", 300)
	if err := b.r.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, log, table.NewMem(), replica.Options{}) // the state lost everything
	if got := again.order("T-0001", 300); got.Id != 1 {
		t.Errorf("the order came back as %d", got.Id)
	}
}

func TestFailingLogStopsAndLeavesTheOutcomeOpen(t *testing.T) {
	t.Parallel()
	log := newMemLog()
	stopped := make(chan error, 1)
	b := open(t, log, table.NewMem(), replica.Options{Stopped: func(err error) { stopped <- err }})
	b.shop(1)
	log.mu.Lock()
	log.fail = errors.New("disk on fire")
	log.mu.Unlock()
	_, err := b.do(catalogue.Tick, &pb.Tick{})
	var refusal *code.Error
	if !errors.As(err, &refusal) || refusal.Code != code.Unknown {
		t.Errorf("caller got %v, want unknown", err)
	}
	if err := <-stopped; err == nil {
		t.Error("the replica did not say why it stopped")
	}
}

// A ticker that is told to end while it looks does not take that for a fault of
// the state.
func TestTickerEndsWithoutStoppingTheReplica(t *testing.T) {
	stopped := make(chan error, 1)
	b := open(t, newMemLog(), table.NewMem(), replica.Options{Stopped: func(err error) { stopped <- err }})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if replica.NewTicker(b.r).RunOnce(ended) {
		t.Error("it proposed something")
	}
	_ = b.r.Close() // answers nil
	select {
	case err := <-stopped:
		t.Errorf("the replica stopped: %v", err)
	default:
	}
}
