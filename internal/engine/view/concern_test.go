package view_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

func moved(entity, debit, credit string) *pb.Entry {
	return &pb.Entry{At: 1, Entity: entity, Postings: []*pb.Posting{{Code: pb.PostingCode_POSTING_CODE_PAYMENT, Debit: debit, Credit: credit, Amount: 1, Currency: 156}}}
}

// life is what happened to two people and a merchant.
func life() []*pb.Entry {
	ming, hong, tea := ledger.UserBalance(1), ledger.UserBalance(2), ledger.MerchantPending("1900000001")
	return []*pb.Entry{
		{At: 1, Entity: "genesis"},
		moved("order/1", ming, tea),                               // 1: ming and the merchant
		{At: 1, Entity: "wallet/1"},                               // 2: ming
		{At: 1, Entity: "box/1", Name: "2/a", Number: boxOpen},    // 3: hong, told by the rule
		moved("transfer/1", ming, hong),                           // 4: both
		{At: 1, Entity: "person/2"},                               // 5: hong
		{At: 1, Entity: "order/2", Name: "2/b"},                   // 6: nobody
		{At: 1, Entity: "box/2", Name: "nobody", Number: boxOpen}, // 7: nobody
		{At: 1, Entity: "wallet/12"},                              // 8: another, whose number goes on
		{At: 1, Entity: "box/3", Name: "1/c", Number: boxOpen, Postings: moved("", ming, hong).Postings}, // 9: both, by their accounts
		{At: 1, Entity: "desk/7"},                                     // 10: the merchant, told by the rule
		moved("drawer/7/a", "till/7/cash", hong),                      // 11: the merchant, and hong by her account
		moved("drawer/8/a", "till/8/cash", "mch/x/safe"),              // 12: nobody
		moved("desk/7", ledger.MerchantPending("1900000009"), "fees"), // 13: another merchant, by the account alone
	}
}

// What the views find for somebody who was away is what is told to somebody who is there.
func TestWhomEntriesConcern(t *testing.T) {
	t.Parallel()
	s := newState()
	v := open(t, "views", vfs.NewMem(), view.Options{})
	defer v.Close()
	for _, e := range life() { // in slices of their own
		s.append(t, e)
		build(t, v, s)
	}
	there := map[string][]uint64{}
	c := view.NewConcern(kinds)
	for seq, e := range s.entries {
		if err := c.Look(s.mem.Snapshot(), table.Encode(e)); err != nil {
			t.Fatal(err)
		}
		for _, uid := range c.People {
			there[fmt.Sprint(uid)] = append(there[fmt.Sprint(uid)], uint64(seq))
		}
		for _, m := range c.Merchants {
			there[m] = append(there[m], uint64(seq))
		}
	}
	for who, want := range map[string][]uint64{"1": {1, 2, 4, 9}, "2": {3, 4, 5, 9, 11}, "12": {8}, "1900000001": {1, 10, 11}} {
		if !slices.Equal(there[who], want) {
			t.Errorf("%s is told of %v, want %v", who, there[who], want)
		}
		for from := range uint64(len(s.entries)) {
			var got []uint64
			var err error
			if uid := (map[string]uint64{"1": 1, "2": 2, "12": 12})[who]; uid != 0 {
				got, err = v.ConcerningPerson(uid, from, 12, 100)
			} else {
				got, err = v.ConcerningMerchant(who, from, 12, 100)
			}
			missed := slices.DeleteFunc(slices.Clone(want), func(seq uint64) bool { return seq < from || seq >= 12 })
			if err != nil || !slices.Equal(got, missed) {
				t.Errorf("%s missed %v since %d (%v), want %v", who, got, from, err, missed)
			}
		}
	}
	if got, err := v.ConcerningPerson(1, 0, 10, 2); err != nil || !slices.Equal(got, []uint64{4, 9}) {
		t.Errorf("the newest two are %v, %v", got, err)
	}
	if got, err := v.Told("box", 2, 0, 10); err != nil || !slices.Equal(got, []uint64{3}) {
		t.Errorf("hong was told of boxes %v, %v", got, err)
	}
}
