// Package edgetest gives the tests of edges a core to talk to: the real state
// machine over memory, a frame for each command, with a clock the test holds
// and failures it asks for.
package edgetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Start is the clock's first reading: 2026-03-01 12:00:00 +08:00.
const Start int64 = 1772337600000

// Core applies commands one by one. Its methods may be called from any goroutine.
type Core struct {
	t testing.TB

	mu      sync.Mutex
	backend table.Backend
	machine *machine.Machine
	index   uint64
	now     int64
	// broken, when set, is asked before each command.
	broken func(*pb.Command) (applied bool, err error)
}

// New opens a core whose log begins with a Genesis for a sandbox, or not.
func New(t testing.TB, sandbox bool) *Core { return NewAt(t, sandbox, machine.MaxLevel) }

// NewAt opens a core whose log begins at a feature level.
func NewAt(t testing.TB, sandbox bool, level uint32) *Core {
	t.Helper()
	backend := table.NewMem()
	m, err := machine.Open(backend, machine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := &Core{t: t, backend: backend, machine: m, now: Start}
	c.Must(catalogue.Genesis, &pb.Genesis{LogName: "test.example/journal", Level: level, Sandbox: sandbox, CutoffOffsetS: stamp.Business})
	return c
}

// Do applies cmd in a frame of its own.
func (c *Core) Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return catalogue.Result{}, err
	}
	if refusal := machine.Admissible(cmd, c.machine.Position().Level, machine.MaxLevel); refusal != code.OK {
		return catalogue.Result{}, refusal.Err()
	}
	if c.broken == nil {
		return c.apply(cmd)
	}
	applied, failure := c.broken(cmd)
	if failure != nil && !applied {
		return catalogue.Result{}, failure
	}
	result, err := c.apply(cmd)
	if failure != nil {
		return catalogue.Result{}, failure
	}
	return result, err
}

func (c *Core) apply(cmd *pb.Command) (catalogue.Result, error) {
	c.index++
	stamped := &pb.Command{Number: cmd.Number, Actor: cmd.Actor, RequestId: cmd.RequestId,
		Body: cmd.Body, At: c.now}
	seed := sha256.Sum256(binary.BigEndian.AppendUint64(nil, c.index))
	stamped.Seed = seed[:16]
	raw := table.Encode(stamped)
	results, err := c.machine.Apply(c.index, 1, table.Encode(&pb.Frame{Commands: [][]byte{raw}}))
	if err != nil {
		return catalogue.Result{}, err
	}
	return results[0], nil
}

// ReadLatest calls f with a snapshot, as does ReadLocal: there is one node.
func (c *Core) ReadLatest(_ context.Context, f func(table.Reader) error) error { return c.Read(f) }

// ReadLocal is ReadLatest.
func (c *Core) ReadLocal(_ context.Context, f func(table.Reader) error) error { return c.Read(f) }

// Read is what tests look with.
func (c *Core) Read(f func(table.Reader) error) error {
	c.mu.Lock()
	snapshot := c.backend.Snapshot()
	c.mu.Unlock()
	defer snapshot.Close()
	return table.Read(snapshot, f)
}

// Now is the core's wall clock, Unix milliseconds.
func (c *Core) Now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep moves the wall clock.
func (c *Core) Sleep(ms int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += ms
}

// Break asks f before each command from now on: an error is what Do returns,
// after applying the command all the same when applied is true. nil mends.
func (c *Core) Break(f func(*pb.Command) (applied bool, err error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = f
}

// Must applies a command that has to succeed and returns its body.
func (c *Core) Must(n catalogue.Number, body table.Record) any {
	c.t.Helper()
	c.mu.Lock()
	result, err := c.apply(catalogue.NewCommand(n, "test", "", body))
	c.mu.Unlock()
	if err != nil || !result.Code.OK() {
		c.t.Fatalf("%s: %v %v", n, result.Code, err)
	}
	return result.Body
}

// The merchant of Merchant and Order.
const (
	Mchid = "1900000001"
	Appid = "wx0123456789abcdef"
)

// Merchant adds the merchant 示例茶铺.
func (c *Core) Merchant() {
	c.t.Helper()
	c.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: Mchid, Name: "示例茶铺", Appids: []string{Appid},
		Settings: &pb.MerchantSettings{AllowHttp: true, Strict: true}})
}

// Payer adds a person with an opening balance in fen.
func (c *Core) Payer(ref, name string, balance int64) *pb.Person {
	c.t.Helper()
	p := c.Must(catalogue.PersonAdd, &pb.PersonAdd{Ref: ref, Name: name, Appids: []string{Appid}}).(*pb.Person)
	if balance > 0 {
		c.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: p.Uid, Amount: balance, Currency: money.CNY, Ref: "open/" + ref, Line: "sandbox"})
	}
	return p
}

// Order places an order; change may be nil.
func (c *Core) Order(outTradeNo string, change func(*pb.OrderCreate)) *pb.Order {
	c.t.Helper()
	create := &pb.OrderCreate{Mchid: Mchid, Appid: Appid, OutTradeNo: outTradeNo, Product: pb.Product_PRODUCT_NATIVE,
		Total: 100, Currency: money.CNY, Description: "乌龙茶 Oolong tea", NotifyUrl: "https://shop.example/notify"}
	if change != nil {
		change(create)
	}
	return c.Must(catalogue.OrderCreate, create).(*pb.Order)
}
