package bench

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/run/logsink"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

const (
	appid     = "wx0123456789abcdef"
	merchants = 1000
	payers    = 10_000
	// fortune is each payer's balance, in fen: enough for any run.
	fortune = int64(1) << 40
)

// rig is a node with merchants and payers, ready to be loaded.
type rig struct {
	dir  string
	node *node.Node
	uids []uint64
	// endLog ends the node's log once the node has stopped; nil where it has none of its
	// own.
	endLog func()
}

// configFor is a node in dir on loopback with ports of its own.
func configFor(dir string) *node.Config {
	cfg := node.Default()
	cfg.Data = dir
	cfg.LogName = "bench"
	cfg.Sandbox = true
	cfg.MerchantAPI.Address, cfg.MerchantAPI.InsecureLoopback = "127.0.0.1:0", true
	cfg.MerchantAPI.PrivateCallbacks = true
	cfg.MerchantAPI.MaxInFlight = 4096
	cfg.WalletAPI.Address, cfg.WalletAPI.InsecureLoopback = "127.0.0.1:0", true
	cfg.Admin.Address, cfg.Admin.InsecureLoopback = "127.0.0.1:0", true
	cfg.Inner.Address = "127.0.0.1:0"
	cfg.Disk.MinFree = 256 << 20
	cfg.Disk.MinFreePercent = 0
	return cfg
}

// quiet is a log of what goes wrong, on standard error.
func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}

// openNode opens a node in dir.
func openNode(ctx context.Context, dir string, log *slog.Logger) (*node.Node, error) {
	return node.Open(ctx, node.Options{Config: configFor(dir), Version: "bench", Log: log})
}

// newRig opens a fresh node in a folder of its own with people and merchants.
func (r *run) newRig(ctx context.Context) (*rig, error) {
	dir, err := r.folder()
	if err != nil {
		return nil, err
	}
	return openRig(ctx, &rig{dir: dir}, quiet())
}

// newLoggingRig is newRig with a node that logs each call, as a node does by default.
func (r *run) newLoggingRig(ctx context.Context) (*rig, error) {
	dir, err := r.folder()
	if err != nil {
		return nil, err
	}
	file, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, fmt.Errorf("make a log: %w", err)
	}
	sink := logsink.New(file)
	return openRig(ctx, &rig{dir: dir, endLog: func() {
		_ = sink.Close() // nobody reads it
		_ = file.Close()
	}}, slog.New(slog.NewTextHandler(sink, nil)))
}

func (r *run) folder() (string, error) {
	dir, err := os.MkdirTemp(r.Dir, "bench-"+r.suite+"-")
	if err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	return dir, nil
}

// openRig opens the rig's node in its folder and fills it.
func openRig(ctx context.Context, g *rig, log *slog.Logger) (_ *rig, err error) {
	if g.node, err = openNode(ctx, filepath.Join(g.dir, "node"), log); err != nil {
		return nil, err
	}
	return g, g.populate(ctx)
}

// close stops the node and removes its folder.
func (g *rig) close() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := g.node.Run(ctx)
	if g.endLog != nil {
		g.endLog()
	}
	if rerr := os.RemoveAll(g.dir); err == nil {
		err = rerr
	}
	return err
}

// do runs a command that must succeed.
func do[B, R table.Record](ctx context.Context, g *rig, c catalogue.Command[B, R], body B) (R, error) {
	rec, out, err := c.Do(ctx, g.node.Replica(), "bench", "", body)
	if err == nil {
		err = out.Err()
	}
	return rec, err
}

func mchid(i int) string { return mchids[i%merchants] }

// mchids are made once: what the generator does is counted with what it measures.
var mchids = func() (ids [merchants]string) {
	for i := range ids {
		ids[i] = fmt.Sprintf("19%08d", i)
	}
	return ids
}()

// populate adds the merchants and payers, many at a time.
func (g *rig) populate(ctx context.Context) error {
	g.uids = make([]uint64, payers)
	return each(64, merchants+payers, func(_, i int) error {
		if i < merchants {
			_, err := do(ctx, g, merchant.Add, &pb.MerchantAdd{Mchid: mchid(i), Name: "bench", Appids: []string{appid}})
			return err
		}
		ref := fmt.Sprintf("payer-%d", i-merchants)
		who := personal.Newcomer{Ref: ref, Details: &pb.Details{Name: "bench"}, Appids: []string{appid}}
		p, out, err := g.node.People().Enter(ctx, g.node.Replica(), "bench", "", who)
		if err == nil {
			err = out.Err()
		}
		if err != nil {
			return err
		}
		g.uids[i-merchants] = p.Uid
		_, err = do(ctx, g, person.Topup, &pb.PersonTopup{
			Uid: g.uids[i-merchants], Amount: fortune, Currency: money.CNY, Ref: ref, Line: "bench",
		})
		return err
	})
}

// orderCreate is a prepay such as a shop sends.
func orderCreate(merchant int, number string) *pb.OrderCreate {
	return &pb.OrderCreate{
		Mchid: mchid(merchant), Appid: appid, OutTradeNo: number, Product: pb.Product_PRODUCT_NATIVE, Total: 100,
		Currency: money.CNY, Description: "a cup of tea and a bun", NotifyUrl: "https://shop.example.com/pay/notify",
	}
}

// pair places an order and pays it.
func (g *rig) pair(ctx context.Context, caller, i int, number string) error {
	o, err := do(ctx, g, order.Create, orderCreate(caller*7+i, number))
	if err != nil {
		return err
	}
	_, err = do(ctx, g, order.Pay, &pb.OrderPay{
		PrepayId: o.PrepayId, Uid: g.uids[(caller*13+i*29)%payers], Attempt: []byte(number[len(number)-16:]),
	})
	return err
}

// number is an out_trade_no that no other caller of any round uses.
func number(round string, caller, i int) string {
	b := append(make([]byte, 0, 32), round...)
	b = digits(append(b, '-'), 4, caller)
	return string(digits(append(b, '-'), 12, i))
}

// digits appends n with zeros before it: fmt takes a tenth of the generator's time.
func digits(b []byte, width, n int) []byte {
	at := len(b)
	for range width {
		b = append(b, '0')
	}
	for i := at + width - 1; i >= at; i-- {
		b[i] += byte(n % 10)
		n /= 10
	}
	return b
}

// overloaded says that a refusal only asks for patience.
func overloaded(err error) bool {
	e, ok := err.(*code.Error)
	return ok && e.Code == code.Overloaded
}

// settle waits until the views have caught up, so that a round does not pay for
// the one before.
func (g *rig) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	return g.node.Views().Wait(ctx, g.node.Replica().Position().JournalSize-1)
}
