package shop

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The commands.
var (
	Apply  = catalogue.Returning(catalogue.ShopApply, "shop_apply", ApplyShop).From(Level)
	Decide = catalogue.Returning(catalogue.ShopDecide, "shop_decide", ApplyDecide).From(Level)
	Take   = catalogue.Returning(catalogue.ShopTake, "shop_take", ApplyTake).From(Level)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "shop",
	Commands: []*catalogue.Spec{Apply.Spec, Decide.Spec, Take.Spec},
	Tables:   []table.ID{table.Shops, table.ShopRefs, table.ShopTakes},
	Counters: []deed.Counter{ids},
	Kinds:    []catalogue.Kind{{Number: pb.Kind_KIND_SHOP, Name: "shop", Tells: tells}},

	Invariants: invariants,
}

// tells has the person told of a decision: it is not theirs.
func tells(r table.Reader, number catalogue.Number, id uint64, _ []byte) uint64 {
	if number != catalogue.ShopDecide {
		return 0
	}
	s, _ := Peek(r, id)
	return s.GetUid()
}
