package wallet_test

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The blocked see why and are heard; everybody else has nothing to appeal against.
func TestTheBlockedAreHeard(t *testing.T) {
	t.Parallel()
	b := open(t)
	p := b.enrolled("+8613800000001", 100)
	say := &pb.AppealRequest{ClientId: "a1", Words: "I lost it,\nand found it."}
	if got := refused(t, p.Appeal, say); got != code.NotBlocked {
		t.Errorf("not blocked: %v", got)
	}
	uid := b.uid(p)
	b.core.Must(catalogue.PersonBlock, &pb.PersonBlock{Uid: uid, Blocked: true, Reason: "the operator's own words", Why: pb.BlockReason_BLOCK_REASON_TAKEN_OVER})
	if got := refused(t, p.SetFreeLimit, &pb.SetFreeLimitRequest{Limit: 1}); got != code.PersonBlocked {
		t.Errorf("blocked: %v", got)
	}
	v := must(t, p.ShowWallet, &pb.ShowWalletRequest{})
	if v.Block.GetWhy() != "taken_over" || v.Block.Sentence == "" || v.Block.Since == 0 || v.Block.Appeal != "" {
		t.Errorf("the block shows as %v", v.Block)
	}
	for _, words := range []string{"", "\u202e", string(make([]byte, 3))} {
		if got := refused(t, p.Appeal, &pb.AppealRequest{ClientId: "a0", Words: words}); got != code.TextInvalid {
			t.Errorf("%q: %v", words, got)
		}
	}
	must(t, p.Appeal, say)
	if v = must(t, p.Appeal, say); v.Block.GetAppeal() != "open" { // the answer was lost
		t.Errorf("appealed, it shows as %v", v.Block)
	}
	if got := refused(t, p.Appeal, &pb.AppealRequest{ClientId: "a1", Words: "other"}); got != code.AppealExists {
		t.Errorf("other words under the same id: %v", got)
	}
	b.core.Must(catalogue.AppealDecide, &pb.AppealDecide{Uid: uid, Number: 1, Grant: true})
	if v = must(t, p.ShowWallet, &pb.ShowWalletRequest{}); v.Block != nil {
		t.Errorf("let go on, the block shows as %v", v.Block)
	}
	must(t, p.SetFreeLimit, &pb.SetFreeLimitRequest{Limit: 1})
}

// Devices show the day they last called, noted once.
func TestDevicesAreSeenOnceADay(t *testing.T) {
	t.Parallel()
	b := open(t)
	p := b.enrolled("+8613800000001", 0)
	b.core.Sleep(24 * 3_600_000)
	commands := 0
	b.core.Break(func(*pb.Command) (bool, error) { commands++; return true, nil })
	for range 5 {
		must(t, p.ShowWallet, &pb.ShowWalletRequest{})
	}
	if v := must(t, p.ShowWallet, &pb.ShowWalletRequest{}); commands != 1 || v.Devices[0].SeenAt != b.core.Now() {
		t.Errorf("noted %d times, last at %d of %d", commands, v.Devices[0].SeenAt, b.core.Now())
	}
}
