package till_test

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/edge/till"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	rule "github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// lively is a shop that tells what happens at its tills, and whose views follow.
type lively struct {
	*shop
	live *edgetest.Told
}

func openLively(t *testing.T) *lively {
	t.Helper()
	l := &lively{live: edgetest.NewTold(t)}
	l.shop = &shop{Core: l.live.Core, t: t}
	l.Merchant()
	l.people = edgetest.Sealer(t, l.Core)
	l.uid = l.live.Must(catalogue.PersonAdd, &pb.PersonAdd{Ref: "ming", Name: "李小明"}).(*pb.Person).Uid
	l.live.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: l.uid, Amount: 1000_00, Currency: money.CNY, Ref: "t", Line: "demo"})
	l.till = l.add("counter", 1)
	server := httptest.NewUnstartedServer(till.NewServer(till.Config{
		Core: l.live, Personal: l.people, Views: l.live.Views, Events: l.live.Feed, Now: l.live.Now, Log: slog.New(slog.DiscardHandler),
		Staff:     staffauth.New(staffauth.Config{Core: l.live, Now: l.live.Now, Wall: time.Now}),
		OrderLink: func(prepayID string) string { return prepayID },
		TillLink:  func([]byte) string { return "" },
	}))
	l.live.Serve(server)
	l.url = server.URL
	return l
}

// add adds a till to the shop; n tells its token from others'.
func (l *lively) add(name string, n byte) *pb.Till {
	token := make([]byte, rule.TokenSize)
	token[0] = n
	return l.live.Must(catalogue.TillAdd, &pb.TillAdd{Mchid: edgetest.Mchid, Name: name, Token: token}).(*pb.Till)
}

func (l *lively) pay(prepayID string) {
	l.live.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: prepayID, Uid: l.uid, Attempt: []byte("a")})
}

// listener is an open stream.
type listener struct {
	t      *testing.T
	stream *connect.ServerStreamForClient[pb.TillNews]
	cursor uint64
	// more are told and not looked at yet.
	more []*pb.TillHappening
}

func listen(t *testing.T, c pbconnect.TillServiceClient, till, cursor uint64) *listener {
	t.Helper()
	stream, err := c.Follow(t.Context(), connect.NewRequest(&pb.FollowTillRequest{Till: till, Cursor: cursor}))
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{t: t, stream: stream}
	if !stream.Receive() || len(stream.Msg().Happened) != 0 {
		t.Fatalf("a stream begins with %v, %v", stream.Msg(), stream.Err())
	}
	l.cursor = stream.Msg().Cursor
	return l
}

// expect is told next of what happened at a till.
func (l *listener) expect(what string, till uint64, amount int64) *pb.TillHappening {
	l.t.Helper()
	for len(l.more) == 0 {
		if !l.stream.Receive() {
			l.t.Fatalf("the stream ended with %v, want %s", l.stream.Err(), what)
		}
		l.cursor, l.more = l.stream.Msg().Cursor, l.stream.Msg().Happened
	}
	h := l.more[0]
	l.more = l.more[1:]
	if h.What != what || h.Till != till || h.Amount != amount {
		l.t.Fatalf("told of %v, want %s of %d at till %d", h, what, amount, till)
	}
	return h
}

// A till hears of what is paid at it and what becomes of its orders, comes back after it
// was away, and is told no more once its cashier was ended.
func TestFollow(t *testing.T) {
	l := openLively(t)
	second := l.add("second", 2)
	li := l.at(edgetest.Mchid, "li", pb.StaffRole_STAFF_ROLE_CASHIER)
	here, all := listen(t, li, l.till.Id, 0), listen(t, li, 0, 0)

	o := must(t, li.CreateOrder, &pb.TillOrderRequest{Till: l.till.Id, Amount: 12_50, Description: "乌龙茶", ClientId: "c1"})
	l.pay(o.Link)
	if h := here.expect("paid", 1, 12_50); h.Order.OutTradeNo != o.OutTradeNo || h.Order.State != "success" || h.Late {
		t.Errorf("told of %v", h)
	}
	all.expect("paid", 1, 12_50)
	slow := must(t, li.CreateOrder, &pb.TillOrderRequest{Till: second.Id, Amount: 3_00, Description: "x", ClientId: "c2"})
	l.live.Must(catalogue.AdvanceClock, &pb.AdvanceClock{AdvanceMs: 3 * stamp.Minute, Attempt: "later"})
	l.live.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: slow.Link, Uid: l.uid, Attempt: []byte("b")})
	if h := all.expect("paid", 2, 3_00); !h.Late {
		t.Errorf("told of a payment that came late as %v", h)
	}
	gone := must(t, li.CreateOrder, &pb.TillOrderRequest{Till: l.till.Id, Amount: 4_00, Description: "x", ClientId: "c3"})
	if closed := must(t, li.CancelOrder, &pb.CancelTillOrderRequest{OutTradeNo: gone.OutTradeNo}); closed.State != "closed" {
		t.Errorf("cancelled: %v", closed)
	}
	here.expect("closed", 1, 0)
	if paid := must(t, li.CancelOrder, &pb.CancelTillOrderRequest{OutTradeNo: o.OutTradeNo}); paid.State != "success" {
		t.Errorf("one that was paid is cancelled as %v", paid)
	}
	_ = here.stream.Close()

	must(t, li.OpenShift, &pb.OpenShiftRequest{Till: l.till.Id, Number: 1, Float: 100_00})
	l.live.Must(catalogue.CashIn, &pb.CashIn{Till: l.till.Id, ClientId: "k1", Uid: l.uid, Amount: 5_00, Staff: 1})
	must(t, li.UndoCash, &pb.UndoCashRequest{Till: l.till.Id, ClientId: "k1"})
	must(t, li.Refund, &pb.TillRefundRequest{OutTradeNo: o.OutTradeNo, Amount: 2_50, Reason: "cold", ClientId: "r1"})
	l.live.Must(catalogue.Tick, new(pb.Tick))
	away := listen(t, li, l.till.Id, here.cursor)
	away.expect("shift", 1, 100_00)
	if h := away.expect("cash", 1, 5_00); h.Cash.ClientId != "k1" {
		t.Errorf("told of %v", h)
	}
	away.expect("cash_undone", 1, -5_00)
	if h := away.expect("refunded", 1, -2_50); h.Order.Refunded != 2_50 {
		t.Errorf("told of %v", h)
	}
	for _, what := range []string{"closed", "shift", "cash", "cash_undone", "refunded"} {
		all.expect(what, 1, map[string]int64{"shift": 100_00, "cash": 5_00, "cash_undone": -5_00, "refunded": -2_50}[what])
	}

	l.live.Must(catalogue.StaffEnd, &pb.StaffEnd{Id: 1})
	must(t, l.at(edgetest.Mchid, "wang", pb.StaffRole_STAFF_ROLE_OWNER).CreateOrder, &pb.TillOrderRequest{Till: l.till.Id, Amount: 1, Description: "x", ClientId: "c4"})
	l.live.Must(catalogue.ShiftClose, &pb.ShiftClose{Till: l.till.Id, Number: 1, Counted: 100_00})
	for away.stream.Receive() {
		if told := away.stream.Msg().Happened; len(told) > 0 { // a cursor may have been on its way
			t.Errorf("somebody who was ended is told of %v", told)
		}
	}
	if got, _ := rpc.CodeOf(away.stream.Err()); got != code.StaffSecretInvalid {
		t.Errorf("the stream of somebody who was ended ended with %v", away.stream.Err())
	}
}

// Nobody hears of another merchant's tills.
func TestFollowOwnTillsOnly(t *testing.T) {
	l := openLively(t)
	l.live.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: "1900000099", Name: "next door", Appids: []string{edgetest.Appid}})
	other, li := l.at("1900000099", "li", pb.StaffRole_STAFF_ROLE_OWNER), l.at(edgetest.Mchid, "li", pb.StaffRole_STAFF_ROLE_CASHIER)
	token := make([]byte, rule.TokenSize)
	token[0] = 9
	theirs := l.live.Must(catalogue.TillAdd, &pb.TillAdd{Mchid: "1900000099", Name: "counter", Token: token}).(*pb.Till)
	all := listen(t, other, 0, 0)
	o := must(t, li.CreateOrder, &pb.TillOrderRequest{Till: l.till.Id, Amount: 12_50, Description: "x", ClientId: "c1"})
	l.pay(o.Link)
	must(t, other.OpenShift, &pb.OpenShiftRequest{Till: theirs.Id, Number: 1})
	all.expect("shift", theirs.Id, 0)
	for _, c := range []struct {
		by   pbconnect.TillServiceClient
		want code.Code
	}{{other, code.TillNotFound}, {l.at(edgetest.Mchid, "dev", pb.StaffRole_STAFF_ROLE_DEVELOPER), code.StaffRoleMissing}} {
		stream, err := c.by.Follow(t.Context(), connect.NewRequest(&pb.FollowTillRequest{Till: l.till.Id}))
		if err != nil {
			t.Fatal(err)
		}
		for stream.Receive() {
			t.Errorf("told of %v", stream.Msg())
		}
		if got, _ := rpc.CodeOf(stream.Err()); got != c.want {
			t.Errorf("the stream ended with %v, want %s", stream.Err(), c.want)
		}
	}
}

func TestListShifts(t *testing.T) {
	t.Parallel()
	s := open(t)
	li := s.at(edgetest.Mchid, "li", pb.StaffRole_STAFF_ROLE_CASHIER)
	for n := range uint64(3) {
		must(t, li.OpenShift, &pb.OpenShiftRequest{Till: s.till.Id, Number: n + 1, Float: 10_00})
		must(t, li.CloseShift, &pb.CloseShiftRequest{Till: s.till.Id, Number: n + 1, Counted: 10_00 - int64(n)})
	}
	first := must(t, li.ListShifts, &pb.ListShiftsRequest{Till: s.till.Id, Limit: 2})
	rest := must(t, li.ListShifts, &pb.ListShiftsRequest{Till: s.till.Id, Before: first.Next})
	if len(first.Shifts) != 2 || first.Shifts[0].Number != 3 || first.Shifts[0].Missing != 2 || first.Shifts[0].Staff != "li" || len(rest.Shifts) != 1 || rest.Shifts[0].Number != 1 || rest.Next != 0 {
		t.Errorf("the shifts are %v and %v", first, rest)
	}
}

// A till hears that cash waits for its person, that it was called off, and that it was paid.
func TestFollowCashForCodes(t *testing.T) {
	l := openLively(t)
	li := l.at(edgetest.Mchid, "li", pb.StaffRole_STAFF_ROLE_CASHIER)
	shown := l.codes()
	must(t, li.OpenShift, &pb.OpenShiftRequest{Till: l.till.Id, Number: 1, Float: 400_00})
	here := listen(t, li, l.till.Id, 0)
	hand := func(id string, fen int64) {
		l.live.Must(catalogue.CodeCash, &pb.CodeCash{Till: l.till.Id, ClientId: id, Kind: pb.CashKind_CASH_KIND_OUT, Amount: fen, Staff: 1, Code: shown()})
	}
	hand("k1", 300_00)
	if h := here.expect("cash_asked", 1, 0); h.Cash.ClientId != "k1" || h.Cash.State != "waiting" {
		t.Errorf("told of %v", h)
	}
	must(t, li.UndoCash, &pb.UndoCashRequest{Till: l.till.Id, ClientId: "k1"})
	here.expect("cash_called_off", 1, 0)
	hand("k2", 20_00)
	here.expect("cash", 1, -20_00)
}

// codes gives somebody a phone and money, and returns what it shows, one after the other.
func (l *lively) codes() func() *pb.ShownCode {
	l.t.Helper()
	tag, point := bytes.Repeat([]byte{1}, wallet.TagSize), append([]byte{4}, bytes.Repeat([]byte{2}, 64)...)
	l.live.Must(catalogue.CodeSend, &pb.CodeSend{PhoneTag: tag, AddressTag: tag, Proof: tag, Key: tag[:wallet.KeySize]})
	uid := l.live.Must(catalogue.DeviceEnrol, &pb.DeviceEnrol{PhoneTag: tag, Proof: tag, PublicKey: point, Label: "phone", Details: &pb.Sealed{
		KeyId: "00000000000000000000000000000007", Box: tag, Hash: tag[:16],
	}}).(*pb.Enrolment).Uid
	l.live.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: uid, Amount: 500_00, Currency: money.CNY, Ref: "codes", Line: "demo"})
	l.live.Must(catalogue.PayCodeRenew, &pb.PayCodeRenew{Uid: uid, Alias: 7, Consent: &pb.Consent{
		Device: wallet.DeviceID(point), Counter: 1, Signed: make([]byte, 32), Signature: make([]byte, 64),
	}})
	tap := uint32(0)
	return func() *pb.ShownCode {
		tap++
		return &pb.ShownCode{Alias: 7, Step: 1, Tap: tap, Digits: tap, Judge: 1}
	}
}
