package wallet

import (
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/events"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/shop"
)

// concern is whom a person's stream tells of: the person, and the merchants that their
// open shops are.
type concern struct {
	uid   uint64
	shops []*pb.Shop // open ones, in the order of their merchants' numbers
}

func concernOf(r table.Reader, uid uint64) concern {
	c := concern{uid: uid}
	for _, a := range shop.Of(r, uid) {
		if a.State == pb.ShopState_SHOP_STATE_APPROVED {
			c.shops = append(c.shops, a)
		}
	}
	slices.SortFunc(c.shops, func(a, b *pb.Shop) int { return strings.Compare(a.Mchid, b.Mchid) })
	return c
}

func (c concern) subjects() []events.Subject {
	list := []events.Subject{{Person: c.uid}}
	for _, a := range c.shops {
		list = append(list, events.Subject{Merchant: a.Mchid})
	}
	return list
}

// still says whether the stream tells of all that it should: a shop that opens meanwhile
// ends it, and who comes back with the cursor is told of the shop too.
func (c concern) still(r table.Reader) error {
	if !slices.Equal(c.subjects(), concernOf(r, c.uid).subjects()) {
		return code.StreamCut.Err()
	}
	return nil
}

// takings is what entries did to what the shops took.
func (c concern) takings(r table.Reader, entries []*pb.Entry) (list []*pb.ShopTakings) {
	for _, a := range c.shops {
		account := ledger.MerchantPending(a.Mchid)
		came, moved := cameTo(account, entries)
		if !moved {
			continue
		}
		t := &pb.ShopTakings{Shop: a.Id, Name: a.Name, Came: came}
		if acc, ok := ledger.Get(r, account, money.CNY); ok {
			t.Takings = ledger.Available(acc)
		}
		list = append(list, t)
	}
	return list
}

// cameTo is what payments added to an account, and whether anything moved there.
func cameTo(account string, entries []*pb.Entry) (came int64, moved bool) {
	for _, e := range entries {
		for _, p := range e.Postings {
			if p.Credit == account && p.Code == pb.PostingCode_POSTING_CODE_PAYMENT {
				came += p.Amount
			}
			moved = moved || p.Credit == account || p.Debit == account
		}
	}
	return came, moved
}

// decision is the newest one on a shop of the person's; nil when there was none.
func decision(r table.Reader, uid uint64) *pb.ShopDecision {
	var newest *pb.Shop
	for _, a := range shop.Of(r, uid) {
		if a.DecidedAt > 0 && (newest == nil || a.DecidedAt > newest.DecidedAt || a.DecidedAt == newest.DecidedAt && a.Id > newest.Id) {
			newest = a
		}
	}
	if newest == nil {
		return nil
	}
	return &pb.ShopDecision{Shop: newest.Id, Name: newest.Name, State: rpc.Word(newest.State), DecidedAt: newest.DecidedAt}
}
