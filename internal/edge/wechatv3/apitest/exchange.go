package apitest

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// Paths of the API, and a part of a body.
const (
	Transactions = "/v3/pay/transactions/"
	Native       = Transactions + "native"
	Refunds      = "/v3/refund/domestic/refunds"
	H5Scene      = `"scene_info":{"payer_client_ip":"127.0.0.1","h5_info":{"type":"Wap"}},`
)

// ByNumber is the query for an order by the merchant's number.
func ByNumber(no string) string { return Transactions + "out-trade-no/" + no + "?mchid=" + Mchid }

// Closing closes an order.
func Closing(no string) Call {
	return Call{Target: Transactions + "out-trade-no/" + no + "/close", Body: `{"mchid":"` + Mchid + `"}`}
}

// Order reads an order from the state.
func (p *Site) Order(no string) *pb.Order {
	p.T.Helper()
	var o *pb.Order
	p.Core.Read(func(r table.Reader) error { o, _ = order.ByNumber(r, Mchid, no); return nil })
	if o == nil {
		p.T.Fatalf("there is no order %s", no)
	}
	return o
}

// Pay pays an order from a payer's balance.
func (p *Site) Pay(no string, payer *pb.Person) *pb.Order {
	p.T.Helper()
	return p.Core.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: p.Order(no).PrepayId, Uid: payer.Uid, Attempt: []byte("attempt-1")}).(*pb.Order)
}

// TryPay makes a payment that must be refused.
func (p *Site) TryPay(no string, payer *pb.Person, want code.Code) {
	p.T.Helper()
	res, err := p.Core.Do(p.T.Context(), catalogue.NewCommand(catalogue.OrderPay, "test", "", &pb.OrderPay{PrepayId: p.Order(no).PrepayId, Uid: payer.Uid, Attempt: []byte("a")}))
	if err != nil || res.Code != want {
		p.T.Errorf("pay %s: %v %v, want %v", no, res.Code, err, want)
	}
}

// Serve puts the site behind a real server on loopback.
func (p *Site) Serve(t *testing.T, change func(*http.Server)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := wechatv3.NewServer(p.API, nil, LogTo(io.Discard))
	if change != nil {
		change(s)
	}
	done := make(chan struct{})
	go func() { s.Serve(l); close(done) }()
	t.Cleanup(func() { s.Close(); <-done })
	return l.Addr().String()
}

// Wire is the signed request as bytes, with extra header lines.
func (p *Site) Wire(c Call, extra ...string) string {
	p.T.Helper()
	r := p.Request(c)
	lines := []string{r.Method + " " + c.Target + " HTTP/1.1", "Host: api.test.example", "Accept: */*", "User-Agent: test",
		"Authorization: " + r.Header.Get("Authorization")}
	return strings.Join(append(lines, extra...), "\r\n") + "\r\n\r\n"
}
