package refund

import (
	"slices"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

var invariants = []catalogue.Invariant{
	{Name: "refunds are found by their numbers", Check: found},
	{Name: "refunds are found by their orders", Check: indexed},
	{Name: "an order says what its refunds add up to", Check: addUp},
	{Name: "a merchant's account covers its orders and refunds", Check: covered},
	{Name: "a refund under way is due", Check: isDue},
	{Name: "notices tell of refunds that are there", Check: subjects},
}

// Scan visits all refunds in the order of their ids.
func Scan(r table.Reader, visit func(*pb.Refund) bool) {
	from, to := table.Range(table.Refunds)
	refunds.Scan(r, from, to, func(_ []byte, f *pb.Refund) bool { return visit(f) })
}

func found(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(f *pb.Refund) bool {
		if by, ok := ByNumber(r, f.Mchid, f.OutRefundNo); !ok || by.Id != f.Id {
			return report(Entity(f.Id), "is not found by its number %s/%s", f.Mchid, f.OutRefundNo)
		}
		return true
	})
}

func indexed(r table.Reader, head *pb.Head, report catalogue.Report) {
	if !slices.Contains(head.Backfills, orderIndex) {
		return
	}
	Scan(r, func(f *pb.Refund) bool {
		if _, ok := r.Get(orderKey(f.OrderId, f.Id)); !ok {
			return report(Entity(f.Id), "is not found by its order %d", f.OrderId)
		}
		return true
	})
}

func subjects(r table.Reader, _ *pb.Head, report catalogue.Report) {
	notice.All(r, func(n *pb.Notice) bool {
		if kind, id := notice.Subject(n); kind == pb.Kind_KIND_REFUND {
			if f, ok := Get(r, id); !ok || f.Mchid != n.Mchid {
				return report("notice "+strconv.FormatUint(n.Id, 10), "tells merchant %s of refund %d, which is not there or another's", n.Mchid, id)
			}
		}
		return true
	})
}

// sums is what refunds say about one order or merchant, in fen: those that are
// done, and the others, whose money is held.
type sums struct{ paid, refunded, held int64 }

func (s *sums) add(f *pb.Refund) {
	if f.Status == pb.RefundStatus_REFUND_STATUS_SUCCESS {
		s.refunded += f.Refund
	} else {
		s.held += f.Refund
	}
}

func addUp(r table.Reader, _ *pb.Head, report catalogue.Report) {
	byOrder := map[uint64]*sums{}
	Scan(r, func(f *pb.Refund) bool {
		if byOrder[f.OrderId] == nil {
			byOrder[f.OrderId] = &sums{}
		}
		byOrder[f.OrderId].add(f)
		return true
	})
	order.Scan(r, func(o *pb.Order) bool {
		s := byOrder[o.Id]
		if s == nil {
			s = &sums{}
		}
		if s.refunded == o.Refunded && s.refunded+s.held == o.Refunding && o.Refunding <= o.Total {
			return true
		}
		return report(order.Entity(o.Id), "says refunded %d of %d accepted, its refunds say %d of %d, its total is %d",
			o.Refunded, o.Refunding, s.refunded, s.refunded+s.held, o.Total)
	})
}

func covered(r table.Reader, _ *pb.Head, report catalogue.Report) {
	byMerchant := map[string]*sums{}
	var names []string // of merchants, in the order in which they are met
	of := func(mchid string) *sums {
		if byMerchant[mchid] == nil {
			byMerchant[mchid] = &sums{}
			names = append(names, mchid)
		}
		return byMerchant[mchid]
	}
	order.Scan(r, func(o *pb.Order) bool {
		if order.Paid(o) {
			of(o.Mchid).paid += o.Total
		}
		return true
	})
	Scan(r, func(f *pb.Refund) bool { of(f.Mchid).add(f); return true })
	for _, mchid := range names {
		if !covers(r, mchid, byMerchant[mchid], report) {
			return
		}
	}
}

func covers(r table.Reader, mchid string, s *sums, report catalogue.Report) bool {
	a, ok := ledger.Get(r, ledger.MerchantPending(mchid), money.CNY)
	switch {
	case !ok:
		return report("merchant "+mchid, "has orders and no account")
	case a.DebitsPending != s.held:
		return report(a.Name, "holds %d, its refunds under way are %d", a.DebitsPending, s.held)
	case a.CreditsPosted < s.paid || a.DebitsPosted < s.refunded:
		return report(a.Name, "has credits %d and debits %d, its orders were paid %d and refunded %d",
			a.CreditsPosted, a.DebitsPosted, s.paid, s.refunded)
	}
	return true
}

func isDue(r table.Reader, _ *pb.Head, report catalogue.Report) {
	waiting := map[uint64]bool{}
	due.Scan(r, func(i due.Item) bool {
		if i.Kind == pb.DueKind_DUE_KIND_REFUND {
			waiting[i.ID] = true
		}
		return true
	})
	Scan(r, func(f *pb.Refund) bool {
		if under := f.Status == pb.RefundStatus_REFUND_STATUS_PROCESSING; under && !waiting[f.Id] {
			return report(Entity(f.Id), "is under way and never due")
		}
		return true
	})
}
