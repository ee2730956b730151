package order

import (
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

var invariants = []catalogue.Invariant{
	{Name: "orders are numbered without gaps", Check: numbered},
	{Name: "orders are found by their numbers", Check: found},
	{Name: "a paid order has its notice until it is pruned", Check: notified},
	{Name: "notices tell of orders that are there", Check: subjects},
}

// Scan visits all orders in the order of their ids.
func Scan(r table.Reader, visit func(*pb.Order) bool) {
	from, to := table.Range(table.Orders)
	orders.Scan(r, from, to, func(_ []byte, o *pb.Order) bool { return visit(o) })
}

func numbered(r table.Reader, head *pb.Head, report catalogue.Report) {
	next, more := uint64(1), true
	Scan(r, func(o *pb.Order) bool {
		if o.Id != next {
			more = report(Entity(next), "is missing: the next one is %d", o.Id)
		}
		next = o.Id + 1
		return more
	})
	if more && next != head.NextOrder {
		report("orders", "end before %d, the head says %d", next, head.NextOrder)
	}
}

func found(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(o *pb.Order) bool {
		if by, ok := ByNumber(r, o.Mchid, o.OutTradeNo); !ok || by.Id != o.Id {
			return report(Entity(o.Id), "is not found by its number %s/%s", o.Mchid, o.OutTradeNo)
		}
		return true
	})
}

func notified(r table.Reader, head *pb.Head, report catalogue.Report) {
	Scan(r, func(o *pb.Order) bool {
		if !Paid(o) || o.NotifyUrl == "" && o.NoticeId == 0 {
			return true
		}
		n, ok := notice.Get(r, o.NoticeId)
		if !ok {
			n = &pb.Notice{}
		}
		switch kind, id := notice.Subject(n); {
		case ok && (kind != pb.Kind_KIND_ORDER || id != o.Id):
			return report(Entity(o.Id), "its notice %d tells of %s %d", o.NoticeId, kind, id)
		case !ok && o.NoticeId >= head.PruneCursor:
			return report(Entity(o.Id), "is paid and its notice %d is not there", o.NoticeId)
		}
		return true
	})
}

func subjects(r table.Reader, _ *pb.Head, report catalogue.Report) {
	more := true
	tells := func(n *pb.Notice) bool {
		if kind, id := notice.Subject(n); kind == pb.Kind_KIND_ORDER {
			if _, ok := Get(r, id); !ok {
				more = report("notice "+strconv.FormatUint(n.Id, 10), "tells of order %d, which is not there", id)
			}
		}
		return more
	}
	notice.All(r, tells)
}
