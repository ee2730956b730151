package till_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/edge/till"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
	rule "github.com/holdfast-pay/holdfast/internal/rule/till"
)

const phone = "+8613800000001"

// shop is a merchant with a till, a cashier at it, and a person with a phone number.
type shop struct {
	*edgetest.Core
	t      *testing.T
	url    string
	uid    uint64
	till   *pb.Till
	cash   []*pb.HistoryLine // what the views have of the drawer
	people *personal.Sealer
}

func (s *shop) History(string, uint32, uint64, int) ([]*pb.HistoryLine, error) { return s.cash, nil }
func (s *shop) Next() uint64                                                   { return 7 }

// List has every order and refund there is: the shop's are the only ones.
func (s *shop) List(kind pb.Kind, _ string, before view.Mark, _ int) (marks []view.Mark, err error) {
	if (before != view.Mark{}) {
		return nil, nil
	}
	id := table.Orders
	if kind == pb.Kind_KIND_REFUND {
		id = table.Refunds
	}
	return marks, s.Read(func(r table.Reader) error {
		from, to := table.Range(id)
		r.Scan(from, to, func(key, _ []byte) bool {
			f := table.F(key)
			marks = append([]view.Mark{{At: edgetest.Start, ID: f.U64()}}, marks...)
			return true
		})
		return nil
	})
}

func open(t *testing.T) *shop {
	t.Helper()
	s := &shop{Core: edgetest.New(t, true), t: t}
	s.Merchant()
	people := edgetest.Sealer(t, s.Core)
	s.people = people
	p, out, err := people.Enter(t.Context(), s.Core, "test", "1", personal.Newcomer{Ref: "ming", Details: &pb.Details{Name: "李小明", Phone: phone}, Appids: []string{edgetest.Appid}})
	if err != nil || out != code.OK {
		t.Fatal(out, err)
	}
	s.uid = p.Uid
	s.till = s.Must(catalogue.TillAdd, &pb.TillAdd{Mchid: edgetest.Mchid, Name: "counter", Token: make([]byte, rule.TokenSize)}).(*pb.Till)
	auth := staffauth.New(staffauth.Config{Core: s.Core, Now: s.Now, Wall: time.Now})
	server := httptest.NewServer(till.NewServer(till.Config{
		Core: s.Core, Personal: people, Views: s, Staff: auth, Now: s.Now, Log: slog.New(slog.DiscardHandler),
		Codes:     &judge.Judge{Core: s.Core, Tags: people, Wall: time.Now, Node: 1},
		OrderLink: func(prepayID string) string { return "https://pay.example.com/pay/" + prepayID },
		TillLink:  func(token []byte) string { return paylink.Till("https://pay.example.com", token) },
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// at is a member of the merchant's staff who calls.
func (s *shop) at(mchid, ref string, role pb.StaffRole) pbconnect.TillServiceClient {
	s.t.Helper()
	m := s.Must(catalogue.StaffAdd, &pb.StaffAdd{Mchid: mchid, Ref: ref, Roles: []pb.StaffRole{role}}).(*pb.StaffMember)
	text, hash := staffauth.NewSecret(staffauth.Token, m.Id)
	s.Must(catalogue.StaffToken, &pb.StaffToken{Id: m.Id, Hash: hash})
	return pbconnect.NewTillServiceClient(&http.Client{Transport: bearer(text)}, s.url)
}

type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+string(b))
	r.Header.Set("Accept-Language", "en")
	return http.DefaultTransport.RoundTrip(r)
}

func must[Q, A any](t *testing.T, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) *A {
	t.Helper()
	a, err := f(t.Context(), connect.NewRequest(q))
	if err != nil {
		t.Fatalf("%T: %v", q, err)
	}
	return a.Msg
}

func refused[Q, A any](t *testing.T, want code.Code, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) {
	t.Helper()
	_, err := f(t.Context(), connect.NewRequest(q))
	if got, ok := rpc.CodeOf(err); !ok || got != want {
		t.Errorf("%T came out as %v, want %s", q, err, want)
	}
}

func (s *shop) balance(account string) (fen int64) {
	s.t.Helper()
	if err := s.Read(func(r table.Reader) error {
		if a, ok := ledger.Get(r, account, money.CNY); ok {
			fen = ledger.Balance(a)
		}
		return nil
	}); err != nil {
		s.t.Error(err)
	}
	return fen
}

func TestWhoMayCall(t *testing.T) {
	t.Parallel()
	s := open(t)
	li, dev := s.at(edgetest.Mchid, "li", pb.StaffRole_STAFF_ROLE_CASHIER), s.at(edgetest.Mchid, "dev", pb.StaffRole_STAFF_ROLE_DEVELOPER)
	s.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: "1900000099", Name: "next door", Appids: []string{edgetest.Appid}})
	other := s.at("1900000099", "li", pb.StaffRole_STAFF_ROLE_OWNER)
	list := must(t, li.ListTills, &pb.ListTillsRequest{})
	if len(list.Tills) != 1 || list.Staff != "li" || list.Tills[0].Link != "https://pay.example.com/c/AAAAAAAAAAAAAAAAAAAAAA" || list.Tills[0].Open {
		t.Errorf("the cashier sees %v", list)
	}
	refused(t, code.StaffRoleMissing, dev.ListTills, &pb.ListTillsRequest{})
	refused(t, code.TillNotFound, other.OpenShift, &pb.OpenShiftRequest{Till: s.till.Id, Number: 1})
	nobody := pbconnect.NewTillServiceClient(http.DefaultClient, s.url)
	refused(t, code.StaffSecretInvalid, nobody.ListTills, &pb.ListTillsRequest{})
	var e *connect.Error
	if _, err := nobody.ListTills(t.Context(), connect.NewRequest(&pb.ListTillsRequest{})); !errors.As(err, &e) || e.Code() != connect.CodeUnauthenticated {
		t.Errorf("who has no token is told %v", err)
	}
}

func TestOrderAtTheTill(t *testing.T) {
	t.Parallel()
	s := open(t)
	li := s.at(edgetest.Mchid, "li", pb.StaffRole_STAFF_ROLE_CASHIER)
	s.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: s.uid, Amount: 100_00, Currency: money.CNY, Ref: "t", Line: "demo"})
	ask := &pb.TillOrderRequest{Till: s.till.Id, Amount: 12_50, Description: "乌龙茶", ClientId: "c1"}
	o := must(t, li.CreateOrder, ask)
	again := must(t, li.CreateOrder, ask) // the answer was lost: the same order, by a fresh code
	if o.State != "notpay" || o.Till != s.till.Id || o.Link == "" || again.OutTradeNo != o.OutTradeNo {
		t.Fatalf("the order is %v", o)
	}
	for _, bad := range []*pb.TillOrderRequest{
		{Till: 9, Amount: 1, Description: "x", ClientId: "c2"},
		{Till: s.till.Id, Amount: 1, Description: "x\u202e", ClientId: "c2"},
		{Till: s.till.Id, Amount: 1, Description: "x", ClientId: "c 2"},
		{Till: s.till.Id, Amount: rule.StandardPay + 1, Description: "x", ClientId: "c2"},
		{Till: s.till.Id, Amount: -1, Description: "x", ClientId: "c2"},
		{Till: s.till.Id, Amount: 13_50, Description: "乌龙茶", ClientId: "c1"},
	} {
		if _, err := li.CreateOrder(t.Context(), connect.NewRequest(bad)); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	s.Must(catalogue.MerchantSet, &pb.MerchantSet{Mchid: edgetest.Mchid, Settings: &pb.MerchantSettings{TillNotifyUrl: "https://shop.example/n"}})
	if again = must(t, li.CreateOrder, ask); again.OutTradeNo != o.OutTradeNo {
		t.Errorf("after the merchant said where notices go, the order is %v", again)
	}
	must(t, li.CreateOrder, &pb.TillOrderRequest{Till: s.till.Id, Amount: 1, Description: "x", ClientId: "c9"})
	if err := s.Read(func(r table.Reader) error {
		for id, url := range map[uint64]string{1: "", 2: "https://shop.example/n"} {
			if placed, _ := order.Get(r, id); placed.GetNotifyUrl() != url {
				t.Errorf("notices of order %d go to %q", id, placed.GetNotifyUrl())
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	prepay := again.Link[len("https://pay.example.com/pay/"):]
	s.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: prepay, Uid: s.uid, Attempt: []byte("a")})
	paid := must(t, li.ShowOrder, &pb.ShowTillOrderRequest{OutTradeNo: o.OutTradeNo})
	if paid.State != "success" || paid.Payer != "**明" || paid.TransactionId == "" || paid.Link != "" {
		t.Errorf("the paid order is %v", paid)
	}
	refused(t, code.TextInvalid, li.Refund, &pb.TillRefundRequest{OutTradeNo: o.OutTradeNo, Amount: 2_50, ClientId: "r1"})
	back := &pb.TillRefundRequest{OutTradeNo: o.OutTradeNo, Amount: 2_50, Reason: "one cup was cold", ClientId: "r1"}
	if f := must(t, li.Refund, back); f.State != "processing" || must(t, li.Refund, back).OutRefundNo != f.OutRefundNo {
		t.Errorf("the refund is %v", f)
	}
	if err := s.Read(func(r table.Reader) error {
		if f, _ := refund.Get(r, 1); f.GetNotifyUrl() != "https://shop.example/n" {
			t.Errorf("the refund's notice goes to %q", f.GetNotifyUrl())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	a := must(t, li.ShowTakings, &pb.ShowTakingsRequest{Till: s.till.Id})
	if a.Payments != 1 || a.Paid != 12_50 || a.Refunded != 2_50 || len(a.Newest) != 1 || a.AtLeast || a.Included != 7 {
		t.Errorf("takings are %v", a)
	}
}

func TestCash(t *testing.T) {
	t.Parallel()
	s := open(t)
	li, wang := s.at(edgetest.Mchid, "li", pb.StaffRole_STAFF_ROLE_CASHIER), s.at(edgetest.Mchid, "wang", pb.StaffRole_STAFF_ROLE_OWNER)
	take := &pb.TillCashRequest{Till: s.till.Id, Amount: 50_00, ClientId: "k1", Phone: "138 0000 0001"}
	if none := must(t, li.ShowShift, &pb.ShowShiftRequest{Till: s.till.Id}); none.Number != 0 || none.Open || none.Till != s.till.Id {
		t.Errorf("before the first shift there is %v", none)
	}
	refused(t, code.ShiftNotOpen, li.TakeCash, take)
	must(t, li.OpenShift, &pb.OpenShiftRequest{Till: s.till.Id, Number: 1, Float: 100_00})
	if done := must(t, li.TakeCash, take); done.Kind != "in" || done.Who != "**明" {
		t.Errorf("done: %v", done)
	}
	must(t, li.TakeCash, take)
	if got := s.balance(ledger.UserBalance(s.uid)); got != 50_00 {
		t.Errorf("the wallet has %d", got)
	}
	for _, nobody := range []*pb.TillCashRequest{{Phone: "13800000002"}, {}, {Code: "holdfast:receive/00"}, {Code: "holdfast:receive/00112233445566778899aabbccddeeff"}} {
		nobody.Till, nobody.Amount, nobody.ClientId = s.till.Id, 1, "k2"
		refused(t, code.PayeeUnavailable, li.TakeCash, nobody)
	}
	refused(t, code.ShiftOfAnother, wang.TakeCash, &pb.TillCashRequest{Till: s.till.Id, Amount: 1, ClientId: "k3", Phone: phone})
	s.cash = []*pb.HistoryLine{{Entity: "cash/1/k1", Code: pb.PostingCode_POSTING_CODE_CASH}, {Entity: "shift/1/1", Code: pb.PostingCode_POSTING_CODE_CASH_FLOAT}}
	v := must(t, wang.ShowShift, &pb.ShowShiftRequest{Till: s.till.Id})
	if !v.Open || v.Staff != "li" || v.Expected != 150_00 || len(v.Newest) != 1 || v.Newest[0].ClientId != "k1" {
		t.Errorf("the shift is %v", v)
	}
	if undone := must(t, li.UndoCash, &pb.UndoCashRequest{Till: s.till.Id, ClientId: "k1"}); undone.UndoneAt == 0 {
		t.Errorf("undone: %v", undone)
	}
	v = must(t, wang.CloseShift, &pb.CloseShiftRequest{Till: s.till.Id, Number: 1, Counted: 99_00})
	if v.Open || v.Missing != 1_00 || v.Staff != "li" || s.balance(ledger.TillDifference(s.till.Id)) != 1_00 || s.balance(ledger.TillCash(s.till.Id)) != 0 {
		t.Errorf("the closed shift is %v", v)
	}
}
