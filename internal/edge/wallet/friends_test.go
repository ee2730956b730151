package wallet_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/packetfile"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
)

// One friend sends another money, at once and to be accepted; a repeat is the same
// transfer, and who was not looked up cannot be paid.
func TestFriendsSendMoney(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, hua := b.enrolled("+8613800000001", 100_00), b.enrolled("+8613800000002", 0)
	found := must(t, ming.FindPayee, &pb.FindPayeeRequest{Phone: hua.number})
	if found.Payee == "" || found.Name != "**明" {
		t.Fatalf("found %v", found)
	}
	q := &pb.TransferRequest{Payee: found.Payee, Amount: 10_00, ClientId: "lunch", Memo: "午饭 🍜"}
	first, again := must(t, ming.Transfer, q), must(t, ming.Transfer, q)
	if first.State != "done" || again.Transfer != first.Transfer || !first.Mine {
		t.Errorf("sent %v, and again %v", first, again)
	}
	if got := must(t, hua.ShowTransfer, &pb.ShowTransferRequest{Transfer: first.Transfer}); got.Mine || got.Amount != 10_00 || got.Memo != "午饭 🍜" {
		t.Errorf("the payee sees %v", got)
	}
	for _, memo := range []string{"a\u202eb", "two\nlines"} {
		if got := refused(t, ming.Transfer, &pb.TransferRequest{Payee: found.Payee, Amount: 1, ClientId: "m", Memo: memo}); got != code.TextInvalid {
			t.Errorf("memo %q: %s", memo, got)
		}
	}
	wait := must(t, ming.Transfer, &pb.TransferRequest{Payee: found.Payee, Amount: 5_00, ClientId: "maybe", Accept: true})
	if wait.State != "waiting" || wait.Until == 0 {
		t.Errorf("a transfer to be accepted is %v", wait)
	}
	must(t, hua.AnswerTransfer, &pb.AnswerTransferRequest{Transfer: wait.Transfer, Accept: true})
	if got := refused(t, hua.AnswerTransfer, &pb.AnswerTransferRequest{Transfer: wait.Transfer}); got != code.TransferEnded {
		t.Errorf("declined after it was accepted: %s", got)
	}
	if got := must(t, hua.ShowWallet, &pb.ShowWalletRequest{}).Balance; got != 15_00 {
		t.Errorf("the payee has %d", got)
	}
	third := b.enrolled("+8613800000003", 0)
	if got := refused(t, third.ShowTransfer, &pb.ShowTransferRequest{Transfer: first.Transfer}); got != code.TransferNotFound {
		t.Errorf("a stranger looks at the transfer: %s", got)
	}
	if got := refused(t, hua.Transfer, &pb.TransferRequest{Payee: found.Payee, Amount: 1, ClientId: "x"}); got != code.PayeeUnavailable {
		t.Errorf("another's token of a payee: %s", got)
	}
}

// Whether nobody has a number, or somebody who is blocked, looks alike.
func TestNobodyIsFound(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming := b.enrolled("+8613800000001", 0)
	for n := range 20 {
		if v := must(t, ming.FindPayee, &pb.FindPayeeRequest{Phone: fmt.Sprintf("+86139000000%02d", n)}); v.Payee != "" || v.Name != "" {
			t.Errorf("found %v", v)
		}
	}
	if got := refused(t, ming.FindPayee, &pb.FindPayeeRequest{Phone: "+8613900000099"}); got != code.LookupsTooMany {
		t.Errorf("the twenty-first stranger: %s", got)
	}
}

// Thirty people race for a packet of twenty: each takes one share, they add up to the
// last fen, and everybody can check them afterwards.
func TestARaceForAPacket(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming := b.enrolled("+8613800000001", 100_00)
	thrown := must(t, ming.ThrowPacket, &pb.ThrowPacketRequest{ClientId: "new-year", Count: 20, Total: 88_88, Lucky: true})
	var phones []*phone
	for n := range 30 {
		phones = append(phones, b.enrolled(fmt.Sprintf("+86138000001%02d", n), 0))
		if n%25 == 24 {
			b.core.Sleep(3600_000) // one address asks for thirty codes an hour
		}
	}
	var sum, late atomic.Int64
	var wg sync.WaitGroup
	for _, p := range phones {
		wg.Go(func() {
			nonce := make([]byte, 16)
			rand.Read(nonce)
			for range 2 { // the answer of the first is lost
				a, err := p.OpenPacket(context.Background(), connect.NewRequest(&pb.OpenPacketRequest{Link: thrown.Link, Nonce: nonce}))
				if c, _ := rpc.CodeOf(err); err != nil && c != code.PacketTaken {
					t.Errorf("open: %v", err)
				} else if err != nil {
					late.Add(1)
				} else {
					sum.Add(a.Msg.Mine)
				}
			}
		})
	}
	wg.Wait()
	if sum.Load() != 2*88_88 || late.Load() != 2*10 {
		t.Errorf("shares add up to %d, %d came too late", sum.Load()/2, late.Load()/2)
	}
	v := must(t, ming.ShowPacket, &pb.ShowPacketRequest{Link: thrown.Link})
	p, taken, err := packetfile.Decode(v.Proof)
	if err != nil {
		t.Fatal(err)
	}
	if faults := packet.Verify(p, taken); len(faults) > 0 || len(p.Seed) == 0 || v.State != "taken" || len(v.Taken) != 20 {
		t.Errorf("the packet is %v, its faults %v", v, faults)
	}
	if got := refused(t, phones[0].ShowPacket, &pb.ShowPacketRequest{Link: fmt.Sprint(thrown.Packet)}); got != code.PacketNotFound {
		t.Errorf("a packet without its link: %s", got)
	}
}
