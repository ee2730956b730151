package sim

import (
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/shop"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// How much a street has room for: H1 to H4 of each friend, in each P1 to P4 of each
// payer and Y1 to Y4.
const (
	streetShops   = 4
	shopPayments  = 4
	shopTakings   = 4
	shopRefusals  = 7 // the reasons there are
	noShopRefusal = pb.ShopRefusal_SHOP_REFUSAL_UNSPECIFIED
)

// streetBook is a friend's shops as the checker's own bookkeeper has them.
type streetBook struct {
	shops [streetShops + 1]stall
}

// stall is one of them.
type stall struct {
	content uint64 // of the application, and 1; 0 for none
	is      pb.ShopState
	reason  pb.ShopRefusal
	pending int64
	paid    [friends + 1][shopPayments + 1]int64
	taken   [shopTakings + 1]int64
}

func (s stall) String() string { return showShop(s.is, s.reason) }

func (b streetBook) step(in input, out output, unknown bool) (bool, book) {
	first, second, _ := strings.Cut(in.key, " ")
	s := &b.shops[script.Number(first[1:])]
	var want code.Code
	shows := ""
	switch in.verb {
	case "apply":
		want = s.apply(in.number+1, b.waits(), b.opened(ownerOf(in.order)))
	case "approve":
		want = s.decide(pb.ShopState_SHOP_STATE_APPROVED, noShopRefusal)
	case "turn-down":
		want = s.decide(pb.ShopState_SHOP_STATE_REFUSED, pb.ShopRefusal(in.number))
	case "visit":
		want = s.pay(&s.paid[in.uid-people][script.Number(second[1:])], in.amount)
		shows = showPayment(in.amount, in.uid)
	default:
		want = s.collect(&s.taken[script.Number(second[1:])], in.amount, in.uid == ownerOf(in.order))
	}
	if in.verb != "visit" {
		shows = s.String()
	}
	return unknown || out.code == want && (want != code.OK || out.shows == shows), b
}

func (b streetBook) waits() bool {
	for _, s := range b.shops {
		if s.is == pb.ShopState_SHOP_STATE_WAITING {
			return true
		}
	}
	return false
}

// opened is how often a friend has applied, before the run too.
func (b streetBook) opened(owner uint64) (n int) {
	if owner == people+1 {
		n = shopsBefore
	}
	for _, s := range b.shops {
		if s.content != 0 {
			n++
		}
	}
	return n
}

// apply takes the first application, unless another shop of the friend waits, or there
// were too many.
func (s *stall) apply(content uint64, waits bool, opened int) code.Code {
	switch {
	case s.content == content:
	case s.content != 0:
		return code.ShopExists
	case waits:
		return code.ShopWaiting
	case opened >= shop.MaxShops:
		return code.ShopsTooMany
	default:
		s.content, s.is = content, pb.ShopState_SHOP_STATE_WAITING
	}
	return code.OK
}

// decide is done once.
func (s *stall) decide(to pb.ShopState, reason pb.ShopRefusal) code.Code {
	switch {
	case s.content == 0:
		return code.ShopNotFound
	case s.is == to && s.reason == reason:
	case s.is != pb.ShopState_SHOP_STATE_WAITING:
		return code.ShopDecided
	default:
		s.is, s.reason = to, reason
	}
	return code.OK
}

// pay pays by the printed code that an approval makes.
func (s *stall) pay(p *int64, amount int64) code.Code {
	switch {
	case s.is != pb.ShopState_SHOP_STATE_APPROVED:
		return code.TillNotFound
	case *p == amount:
		return code.OK
	case *p > 0:
		return code.TillPaymentExists
	}
	*p = amount
	s.pending += amount
	return code.OK
}

// collect moves what is there to the owner, and to nobody else.
func (s *stall) collect(t *int64, amount int64, owner bool) code.Code {
	switch {
	case s.content == 0 || !owner:
		return code.ShopNotFound
	case *t == amount:
		return code.OK
	case *t > 0:
		return code.ShopTakingExists
	case s.is != pb.ShopState_SHOP_STATE_APPROVED:
		return code.ShopNotOpen
	case s.pending < amount:
		return code.BalanceTooLow
	}
	*t = amount
	s.pending -= amount
	return code.OK
}
