package replica_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func prepay(no string, total int64) *pb.OrderCreate {
	return &pb.OrderCreate{
		Mchid: mchid, Appid: appid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE, Total: total,
		Currency: money.CNY, Description: "tea", NotifyUrl: "https://shop.example/n",
	}
}

// audit checks that rows, digests, journal and balances agree.
func (b *bench) audit() {
	b.t.Helper()
	if err := b.r.ReadLatest(context.Background(), machine.Audit); err != nil {
		b.t.Error(err)
	}
}

// TestCloseRacingPay: of payments and closes of one order at once, one kind
// wins, all callers learn which, and money moved only where a payment won.
func TestCloseRacingPay(t *testing.T) {
	t.Parallel()
	b := open(t, newMemLog(), table.NewMem(), replica.Options{})
	uids := b.shop(4)
	const orders = 100
	type tally struct{ paid, already, closed, isClosed atomic.Int64 }
	counts := make([]tally, orders)
	var wg sync.WaitGroup
	for i := range orders {
		o := b.order(fmt.Sprintf("T-%04d", i), 10)
		c := &counts[i]
		for j := range 5 {
			wg.Go(func() {
				res, err := b.do(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: uids[j%4], Attempt: []byte{byte(j)}})
				switch {
				case err != nil:
					t.Error(err)
				case res.Code == code.OK:
					c.paid.Add(1)
				case res.Code == code.OrderPaid:
					c.already.Add(1)
				case res.Code == code.OrderClosed:
					c.isClosed.Add(1)
				default:
					t.Error(res.Code)
				}
			})
			wg.Go(func() {
				res, err := b.do(catalogue.OrderClose, &pb.OrderClose{Mchid: mchid, OutTradeNo: o.OutTradeNo})
				switch {
				case err != nil:
					t.Error(err)
				case res.Code == code.OK:
					c.closed.Add(1)
				case res.Code == code.OrderPaid:
					c.already.Add(1)
				default:
					t.Error(res.Code)
				}
			})
		}
	}
	wg.Wait()
	var paid int64
	for i := range counts {
		c := &counts[i]
		won := c.paid.Load() == 1 && c.already.Load() == 9 && c.closed.Load() == 0
		lost := c.paid.Load() == 0 && c.closed.Load() == 5 && c.isClosed.Load() == 5
		if !won && !lost {
			t.Errorf("order %d: %d paid, %d told paid, %d closed it, %d told closed", i, c.paid.Load(), c.already.Load(), c.closed.Load(), c.isClosed.Load())
		}
		paid += 10 * c.paid.Load()
	}
	if got := b.balance(ledger.MerchantPending(mchid)); got != paid {
		t.Errorf("the merchant has %d, the payments that won add up to %d", got, paid)
	}
	b.audit()
}

// TestPrepaysRace: 1,000 prepays with one number make one order. With two
// contents, the one that came first is everybody's.
func TestPrepaysRace(t *testing.T) {
	t.Parallel()
	b := open(t, newMemLog(), table.NewMem(), replica.Options{})
	b.shop(1)
	var placed [2]atomic.Int64
	var used atomic.Int64
	ids, prepays := sync.Map{}, sync.Map{}
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			res, err := b.do(catalogue.OrderCreate, prepay("T-0001", 100+int64(i%2)))
			switch {
			case err != nil:
				t.Error(err)
			case res.Code == code.OK:
				o := res.Body.(*pb.Order)
				placed[i%2].Add(1)
				ids.Store(o.Id, true)
				if _, twice := prepays.LoadOrStore(o.PrepayId, true); twice {
					t.Errorf("prepay_id %s was given out twice", o.PrepayId)
				}
			case res.Code == code.OrderNoUsed:
				used.Add(1)
			default:
				t.Error(res.Code)
			}
		})
	}
	wg.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if n != 1 || placed[0].Load()+placed[1].Load() != 500 || placed[0].Load()*placed[1].Load() != 0 || used.Load() != 500 {
		t.Errorf("%d orders; %d and %d placed with each content, %d told that the number is used", n, placed[0].Load(), placed[1].Load(), used.Load())
	}
	b.audit()
}

// slowLog is a log that counts who waits for its disk.
type slowLog struct {
	*memLog
	waits atomic.Int64 // appends under way
}

func (l *slowLog) Begin(hs *raftpb.HardState, entries []*raftpb.Entry) (func() error, error) {
	wait, err := l.memLog.Begin(hs, entries)
	return func() error {
		l.waits.Add(1)
		defer l.waits.Add(-1)
		return wait()
	}, err
}

// refusal is the code of an error that says no result is known.
func refusal(t *testing.T, err error) code.Code {
	t.Helper()
	var e *code.Error
	if !errors.As(err, &e) {
		t.Errorf("%v is no refusal", err)
		return code.OK
	}
	return e.Code
}

func openSlow(t *testing.T, payers int) (*bench, *slowLog, []uint64) {
	t.Helper()
	log := &slowLog{memLog: newMemLog()}
	r, err := replica.Open(replica.Options{Identity: alone, Bootstrap: &pb.Member{RaftId: alone.RaftID, Incarnation: alone.Incarnation}, Log: log, Backend: table.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if err := r.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, r: r, log: log.memLog}
	return b, log, b.shop(payers)
}

// TestOverloadIsRefused: while the disk stands still callers are refused at a
// bound, and all that were taken are answered when it goes on.
func TestOverloadIsRefused(t *testing.T) {
	t.Parallel()
	b, log, _ := openSlow(t, 1)
	log.gate.Lock()
	var overloaded, done atomic.Int64
	var wg sync.WaitGroup
	detail := make([]byte, 3<<20)
	const callers = 40 // 120 MiB
	for i := range callers {
		c := prepay(fmt.Sprintf("T-%04d", i), 1)
		c.Detail = detail
		cmd := catalogue.NewCommand(catalogue.OrderCreate, "test", "", c)
		wg.Go(func() {
			res, err := b.r.Do(context.Background(), cmd)
			switch {
			case err == nil && res.Code == code.OK:
				done.Add(1)
			case err != nil && refusal(t, err) == code.Overloaded:
				overloaded.Add(1)
			default:
				t.Error(res.Code, err)
			}
		})
	}
	await(t, func() bool { return overloaded.Load() > 0 })
	log.gate.Unlock()
	wg.Wait()
	if done.Load()+overloaded.Load() != callers || done.Load() < 10 {
		t.Errorf("%d done, %d refused of %d", done.Load(), overloaded.Load(), callers)
	}
	big := prepay("T-9999", 1)
	big.Detail = make([]byte, sequencer.MaxCommand)
	if _, err := b.do(catalogue.OrderCreate, big); refusal(t, err) != code.CommandTooLarge {
		t.Errorf("a command beyond the limit: %v", err)
	}
	b.audit()
}

// await waits for a condition.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal("it did not come true in 10 s")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestAbandonedCallers: a caller who goes before the command is in a frame is
// told that it was not taken, and that is true; later the outcome is open.
func TestAbandonedCallers(t *testing.T) {
	t.Parallel()
	b, log, _ := openSlow(t, 1)
	log.gate.Lock()
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	var codes [64]code.Code
	ask := func(i int) {
		wg.Go(func() {
			_, err := b.r.Do(ctx, catalogue.NewCommand(catalogue.OrderCreate, "test", "", prepay(fmt.Sprintf("T-%04d", i), 1)))
			codes[i] = refusal(t, err)
		})
	}
	ask(0) // goes into a frame, and the loop with it into the disk
	await(t, func() bool { return log.waits.Load() > 0 })
	for i := 1; i < len(codes); i++ {
		ask(i)
	}
	await(t, func() bool { return b.r.Waiting() == len(codes)-1 })
	cancel()
	wg.Wait()
	log.gate.Unlock()
	b.order("T-LAST", 1) // everything before it is decided
	open := 0
	err := b.r.ReadLatest(context.Background(), func(r table.Reader) error {
		for i, c := range codes {
			_, placed := order.ByNumber(r, mchid, fmt.Sprintf("T-%04d", i))
			switch {
			case c == code.Unknown:
				open++
			case c == code.Overloaded && placed:
				t.Errorf("caller %d was told that the command was not taken, and the order is there", i)
			case c != code.Overloaded:
				t.Errorf("caller %d was told %s", i, c)
			}
		}
		return nil
	})
	if err != nil || open != 1 || codes[0] != code.Unknown {
		t.Errorf("%d of %d outcomes are open, %v", open, len(codes), err)
	}
	if b.r.Waiting() != 0 {
		t.Errorf("%d commands still wait", b.r.Waiting())
	}
}

// TestCloseWhileBusyAnswersEveryone: whoever asks while the replica closes gets
// an answer, and what was answered as done is done.
func TestCloseWhileBusyAnswersEveryone(t *testing.T) {
	t.Parallel()
	log, mem := newMemLog(), table.NewMem()
	b := open(t, log, mem, replica.Options{})
	b.shop(1)
	var done sync.Map
	var placed atomic.Int64
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			for n := 0; ; n++ {
				no := fmt.Sprintf("T-%02d-%04d", i, n)
				res, err := b.do(catalogue.OrderCreate, prepay(no, 1))
				if err != nil {
					if c := refusal(t, err); c != code.Unknown && c != code.NotLeader {
						t.Errorf("told %s", c)
					}
					return
				}
				done.Store(no, res.Code)
				placed.Add(1)
			}
		})
	}
	await(t, func() bool { return placed.Load() > 500 })
	if err := b.r.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if _, err := b.do(catalogue.Tick, &pb.Tick{}); err == nil {
		t.Error("a closed replica took a command")
	}
	again := open(t, log, table.NewMem(), replica.Options{}) // from the log alone
	err := again.r.ReadLatest(context.Background(), func(r table.Reader) error {
		done.Range(func(no, c any) bool {
			if _, ok := order.ByNumber(r, mchid, no.(string)); !ok || c != code.OK {
				t.Errorf("order %s was answered %v and is gone", no, c)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	again.audit()
}

// TestNoRandomnessStops: a frame without seeds cannot be made; the callers learn
// that no result is known.
func TestNoRandomnessStops(t *testing.T) {
	t.Parallel()
	random := &failingReader{}
	stopped := make(chan error, 1)
	b := open(t, newMemLog(), table.NewMem(), replica.Options{Random: random, Stopped: func(err error) { stopped <- err }})
	b.shop(1)
	random.failed.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := b.r.Do(ctx, catalogue.NewCommand(catalogue.Tick, "test", "", &pb.Tick{}))
	if ctx.Err() != nil || refusal(t, err) != code.Unknown {
		t.Errorf("the caller got %v (%v)", err, ctx.Err())
	}
	if err := <-stopped; err == nil {
		t.Error("the replica did not say why it stopped")
	}
}

type failingReader struct{ failed atomic.Bool }

func (r *failingReader) Read(p []byte) (int, error) {
	if r.failed.Load() {
		return 0, io.ErrUnexpectedEOF
	}
	for i := range p {
		p[i] = byte(i)
	}
	return len(p), nil
}
