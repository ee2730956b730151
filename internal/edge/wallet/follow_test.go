package wallet_test

import (
	"fmt"
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
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/wallet"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// lively is a bank that tells what happens, and whose views follow.
type lively struct {
	*bank
	live   *edgetest.Told
	views  *view.Views
	sealer *personal.Sealer
}

func openLively(t *testing.T) *lively {
	t.Helper()
	l := &lively{bank: &bank{t: t, codes: map[string]string{}}, live: edgetest.NewTold(t)}
	l.core, l.views = l.live.Core, l.live.Views
	l.sealer = edgetest.Sealer(t, l.core)
	s := httptest.NewUnstartedServer(wallet.NewServer(wallet.Config{
		Core: l.live, Personal: l.sealer, Views: l.views, Events: l.live.Feed, Sender: l.bank, Log: slog.New(slog.DiscardHandler),
		Now: l.live.Now, Wall: time.Now, TillLink: func(token []byte) string { return paylink.Till("https://pay.example.com", token) },
	}))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true) // gRPC
	s.Config.WriteTimeout = time.Minute
	l.live.Serve(s)
	l.url = s.URL
	return l
}

func (l *lively) person(number string, fen int64) *phone {
	l.t.Helper()
	p := l.phone(number)
	l.code(p)
	must(l.t, p.Enrol, p.enrolment(l.bank))
	if fen > 0 {
		l.live.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: l.uid(p), Amount: fen, Currency: money.CNY, Ref: number, Line: "demo"})
	}
	return p
}

// listener is an open stream.
type listener struct {
	t      *testing.T
	stream *connect.ServerStreamForClient[pb.News]
	cursor uint64
}

func listen(t *testing.T, c pbconnect.WalletServiceClient, cursor uint64) *listener {
	t.Helper()
	stream, err := c.Follow(t.Context(), connect.NewRequest(&pb.FollowRequest{Cursor: cursor}))
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

// next is what happened next.
func (l *listener) next() *pb.Happening {
	l.t.Helper()
	for l.stream.Receive() {
		l.cursor = l.stream.Msg().Cursor
		switch h := l.stream.Msg().Happened; len(h) {
		case 0:
		case 1:
			return h[0]
		default:
			l.t.Fatalf("told at once of %v", h)
		}
	}
	l.t.Fatalf("the stream ended with %v", l.stream.Err())
	return nil
}

func (l *listener) expect(what string, amount int64, who string) *pb.Happening {
	l.t.Helper()
	h := l.next()
	if h.What != what || h.Amount != amount || h.Who != who {
		l.t.Fatalf("told of %v, want %s of %d, %q", h, what, amount, who)
	}
	return h
}

// A phone hears of money that comes and of what waits for its person, comes back after
// it was away, and is told no more once it was ended.
func TestFollow(t *testing.T) {
	b := openLively(t)
	ming, hong := b.person("+8613800000001", 5000), b.person("+8613800000002", 0)
	payee := must(t, ming.FindPayee, &pb.FindPayeeRequest{Phone: "+8613800000002"}).Payee
	here := listen(t, hong, 0)
	must(t, ming.Transfer, &pb.TransferRequest{Payee: payee, Amount: 100, ClientId: "one"})
	here.expect("sent", 100, "**明")
	waits := must(t, ming.Transfer, &pb.TransferRequest{Payee: payee, Amount: 200, ClientId: "two", Accept: true})
	here.expect("transfer_waits", 200, "**明")
	list := must(t, hong.ListWaiting, &pb.ListWaitingRequest{})
	if wait(t, b, here.cursor); len(list.Transfers) == 0 { // the views were behind
		list = must(t, hong.ListWaiting, &pb.ListWaitingRequest{})
	}
	if len(list.Transfers) != 1 || list.Transfers[0].Transfer != waits.Transfer || list.Transfers[0].Mine {
		t.Errorf("what waits is %v", list)
	}
	_ = here.stream.Close()

	must(t, ming.Transfer, &pb.TransferRequest{Payee: payee, Amount: 300, ClientId: "three"})
	thrown := must(t, ming.ThrowPacket, &pb.ThrowPacketRequest{ClientId: "red", Count: 1, Total: 50, Payee: payee, Words: "恭喜发财"})
	away := listen(t, hong, here.cursor)
	var got []*pb.Happening
	for len(got) < 2 {
		if !away.stream.Receive() {
			t.Fatal(away.stream.Err())
		}
		got = append(got, away.stream.Msg().Happened...)
		away.cursor = away.stream.Msg().Cursor
	}
	if got[0].What != "sent" || got[0].Amount != 300 || got[1].What != "packet_given" || got[1].Amount != 50 {
		t.Errorf("missed %v", got)
	}
	grpc := listen(t, b.grpc(ming), 0)
	opened := must(t, hong.OpenPacket, &pb.OpenPacketRequest{Link: "1", Nonce: make([]byte, 16)})
	if opened.Words != "恭喜发财" || opened.Mine != 50 || thrown.Words != opened.Words {
		t.Errorf("opened %v", opened)
	}
	away.expect("packet", 50, "**明")
	grpc.expect("packet_taken", 0, "")
	must(t, hong.AnswerTransfer, &pb.AnswerTransferRequest{Transfer: waits.Transfer, Accept: true})
	away.expect("sent", 200, "**明")
	grpc.expect("transfer_accepted", 200, "**明")

	must(t, hong.EndDevice, &pb.EndDeviceRequest{Device: b.id(hong)})
	for away.stream.Receive() {
		t.Errorf("an ended device is told of %v", away.stream.Msg())
	}
	if got, _ := rpc.CodeOf(away.stream.Err()); got != code.DeviceUnknown {
		t.Errorf("the stream of an ended device ended with %v", away.stream.Err())
	}
}

func wait(t *testing.T, b *lively, cursor uint64) {
	t.Helper()
	if err := b.views.Wait(t.Context(), cursor-1); err != nil {
		t.Fatal(err)
	}
}

func (l *lively) id(p *phone) []byte {
	l.t.Helper()
	id, err := walletclient.DeviceID(p.device)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

// grpc is the same device by gRPC.
func (l *lively) grpc(p *phone) pbconnect.WalletServiceClient {
	var only http.Protocols
	only.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &only}
	l.t.Cleanup(transport.CloseIdleConnections)
	return walletclient.Service(&http.Client{Transport: transport}, l.url, "en", p.device, connect.WithGRPC())
}

// Packets that have ended are revealed though nobody looks, and those that are open
// later.
func TestReveal(t *testing.T) {
	b := openLively(t)
	ming := b.person("+8613800000001", 5000)
	revealer := &wallet.Revealer{Core: b.live, Personal: b.sealer, Log: slog.New(slog.DiscardHandler)}
	var links []string
	for _, id := range []string{"open", "taken", "open-too"} {
		links = append(links, must(t, ming.ThrowPacket, &pb.ThrowPacketRequest{ClientId: id, Count: 1, Total: 100, Lucky: true}).Link)
	}
	look := func(revealed ...bool) {
		t.Helper()
		if n, over, err := revealer.Look(t.Context()); n != 0 || !over || err != nil {
			t.Errorf("a look found %d false shares, %t, %v", n, over, err)
		}
		_ = b.core.Read(func(r table.Reader) error {
			for i, want := range revealed {
				if p, _ := packet.Get(r, uint64(i+1)); (len(p.Seed) > 0) != want {
					t.Errorf("packet %d is revealed: %t", i+1, !want)
				}
			}
			return nil
		})
	}
	must(t, ming.OpenPacket, &pb.OpenPacketRequest{Link: links[1], Nonce: make([]byte, 16)})
	look(false, true, false)
	must(t, ming.OpenPacket, &pb.OpenPacketRequest{Link: links[2], Nonce: make([]byte, 16)})
	must(t, ming.OpenPacket, &pb.OpenPacketRequest{Link: links[0], Nonce: make([]byte, 16)})
	look(true, true, true)
}

// Packets are listed for who threw them and for who took of them.
func TestListPackets(t *testing.T) {
	b := openLively(t)
	ming, hong := b.person("+8613800000001", 5000), b.person("+8613800000002", 0)
	var links []string
	for _, id := range []string{"a", "b", "c"} {
		links = append(links, must(t, ming.ThrowPacket, &pb.ThrowPacketRequest{ClientId: id, Count: 2, Total: 100, Words: "春"}).Link)
	}
	for _, link := range links[:2] {
		if p := must(t, hong.OpenPacket, &pb.OpenPacketRequest{Link: link}); p.Words != "春" {
			t.Errorf("who opens a group's packet reads %q", p.Words)
		}
	}
	wait(t, b, listen(t, hong, 0).cursor)
	thrown := must(t, ming.ListPackets, &pb.ListPacketsRequest{Limit: 2})
	rest := must(t, ming.ListPackets, &pb.ListPacketsRequest{Limit: 2, Before: thrown.Next})
	if len(thrown.Packets) != 2 || len(rest.Packets) != 1 || rest.Packets[0].Link != links[0] || thrown.Packets[0].Taken != 0 || rest.Packets[0].Taken != 1 || rest.Next != 0 {
		t.Errorf("thrown are %v and %v", thrown, rest)
	}
	taken := must(t, hong.ListPackets, &pb.ListPacketsRequest{Taken: true})
	if len(taken.Packets) != 2 || taken.Packets[0].Mine != 50 || taken.Packets[0].Who != "**明" || taken.Packets[0].Link != "" || taken.Packets[0].Packet != 2 {
		t.Errorf("taken are %v", taken)
	}
}

// A phone hears that a till would hand out cash for its code, and what became of it.
func TestFollowCashForCodes(t *testing.T) {
	b := openLively(t)
	ming := b.person("+8613800000001", 900_00)
	alias := must(t, ming.RenewPayCode, &pb.RenewPayCodeRequest{}).Alias
	b.live.Merchant()
	b.live.Must(catalogue.TillAdd, &pb.TillAdd{Mchid: mchid, Name: "counter", Token: make([]byte, 16)})
	li := b.live.Must(catalogue.StaffAdd, &pb.StaffAdd{Mchid: mchid, Ref: "li", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_CASHIER}}).(*pb.StaffMember)
	b.live.Must(catalogue.ShiftOpen, &pb.ShiftOpen{Till: 1, Number: 1, Staff: li.Id, Float: 700_00})
	here := listen(t, ming, 0)
	hand := func(tap uint32, fen int64) string {
		m := b.live.Must(catalogue.CodeCash, &pb.CodeCash{
			Till: 1, ClientId: fmt.Sprint("k", tap), Kind: pb.CashKind_CASH_KIND_OUT, Amount: fen, Staff: li.Id, Code: &pb.ShownCode{Alias: alias, Step: 1, Tap: tap, Digits: tap, Judge: 1},
		}).(*pb.CashMove)
		return m.ClientId
	}
	asked := hand(1, 300_00)
	if h := here.expect("cash_asked", 300_00, "示例茶铺"); h.Subject != "cash/1/"+asked {
		t.Errorf("told of %v", h)
	}
	must(t, ming.AnswerAsked, &pb.AnswerAskedRequest{Cash: &pb.AskedCash{Till: 1, ClientId: asked}})
	hand(2, 20_00)
	here.expect("cash", -20_00, "示例茶铺")
}
