package inner

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(os.Exit))
}

// rows is a core that is nothing but rows: a hundred thousand owed notices cost
// one commit.
type rows struct {
	backend table.Backend

	mu      sync.Mutex
	applied uint64
	changed chan struct{}
}

func newRows(t testing.TB) *rows { return newRowsIn(t, table.NewMem()) }

func newRowsIn(t testing.TB, backend table.Backend) *rows {
	t.Helper()
	r := &rows{backend: backend, changed: make(chan struct{})}
	r.commit(t,
		row(table.K(table.Head), &pb.Head{LogName: "test.example", CutoffOffsetS: stamp.Business, AppliedIndex: 1}),
		row(table.K(table.Merchants).Str("1900000001"), &pb.Merchant{Mchid: "1900000001", Keys: []*pb.KeyVersion{{KeyId: "k1"}, {KeyId: "k2"}},
			Settings: &pb.MerchantSettings{KeyMode: pb.KeyMode_KEY_MODE_BOTH, AllowHttp: true, CallbackHosts: []string{"shop.example"}}}),
		row(table.K(table.Orders).U64(1), paidOrder()),
	)
	return r
}

func paidOrder() *pb.Order {
	return &pb.Order{Id: 1, Mchid: "1900000001", Appid: "wx0123456789abcdef", OutTradeNo: "T000001", Product: pb.Product_PRODUCT_NATIVE,
		State: pb.TradeState_TRADE_STATE_SUCCESS, Total: 100, Currency: 156, Openid: "o123", PaidAt: 1772337600000, NotifyUrl: "https://shop.example/n"}
}

// owedAt is the key of an owed notice.
func owedAt(id uint64) table.Key { return table.K(table.Owed).U64(id) }

func row(key table.Key, rec table.Record) table.Write {
	return table.Write{Key: key, Stored: table.Seal(nil, key, table.Encode(rec))}
}

// owedRow is an owed notice of the one order.
func owedRow(id uint64, change func(*pb.Notice)) table.Write {
	return row(owedAt(id), owedNotice(id, change))
}

func owedNotice(id uint64, change func(*pb.Notice)) *pb.Notice {
	n := &pb.Notice{Id: id, Mchid: "1900000001", Event: pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS, OrderId: 1,
		Url: "https://shop.example/n", CreatedAt: int64(1000 + id), NextAt: int64(1000 + id), Format: 1, State: pb.NoticeState_NOTICE_STATE_OWED}
	if change != nil {
		change(n)
	}
	return n
}

// commit applies writes, which are in key order, as a frame.
func (r *rows) commit(t testing.TB, writes ...table.Write) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.backend.Commit(writes); err != nil {
		t.Fatal(err)
	}
	r.applied++
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *rows) Do(context.Context, *pb.Command) (catalogue.Result, error) {
	return catalogue.Result{}, errors.New("rows apply no commands")
}

func (r *rows) ReadLocal(ctx context.Context, f func(table.Reader) error) error {
	snap := r.backend.Snapshot()
	defer snap.Close()
	return table.Read(snap, f)
}

func (r *rows) Applied() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.applied
}

func (r *rows) Now() int64 { return time.Now().UnixMilli() }

func (r *rows) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// listener is a courier that only listens.
type listener struct {
	svc  *Service
	out  chan *pb.OwedBatch
	stop func() error
}

// listen opens a stream; stop ends it and returns how it ended.
func listen(t testing.TB, svc *Service, name string) *listener {
	return listenWith(t, svc, &pb.OwedRequest{Courier: name})
}

func listenWith(t testing.TB, svc *Service, req *pb.OwedRequest) *listener {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listener{svc: svc, out: make(chan *pb.OwedBatch)}
	ended := make(chan error, 1)
	go func() {
		ended <- svc.Stream(ctx, req, func(b *pb.OwedBatch) error {
			select {
			case l.out <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	l.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { l.stop() })
	return l
}

// next waits for a batch that says something.
func (l *listener) next(t testing.TB) *pb.OwedBatch {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case b := <-l.out:
			if len(b.Notices)+len(b.Waiting) > 0 {
				return b
			}
		case <-deadline:
			t.Fatal("the stream said nothing new for 10 s")
		}
	}
}
