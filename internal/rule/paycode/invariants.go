package paycode

import (
	"slices"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

var invariants = []catalogue.Invariant{
	{Name: "an alias stands for one device", Check: aliased},
	{Name: "a receive code finds one person", Check: received},
	{Name: "a shown code was used once", Check: usedOnce},
	{Name: "an order whose payer is asked is due, and shown to the payer", Check: asked},
	{Name: "cash whose person is asked is shown to them", Check: cashAsked},
	{Name: "cash for a shown code used it up", Check: usedForCash},
}

// aliased compares both ways: rows of aliases with the devices that have them.
func aliased(r table.Reader, _ *pb.Head, report catalogue.Report) {
	rows, more := 0, true
	Scan(r, func(p *pb.PayCodes) bool {
		for _, dev := range p.Devices {
			for _, a := range dev.Aliases {
				rows++
				if owner, ok := aliases.Get(r, aliasKey(a.Alias)); !ok || owner.Uid != p.Uid {
					more = report(entity(p.Uid), "is not found by its alias %d", a.Alias)
				}
			}
		}
		return more
	})
	if n := rowsOf(r, table.PayAliases); more && n != rows {
		report("aliases", "are %d, devices have %d", n, rows)
	}
}

func received(r table.Reader, _ *pb.Head, report catalogue.Report) {
	rows, more := 0, true
	Scan(r, func(p *pb.PayCodes) bool {
		if len(p.Receive) > 0 {
			rows++
			if ByReceive(r, p.Receive) != p.Uid {
				more = report(entity(p.Uid), "is not found by its receive code")
			}
		}
		return more
	})
	if n := rowsOf(r, table.ReceiveCodes); more && n != rows {
		report("receive codes", "are %d, people have %d", n, rows)
	}
}

func rowsOf(r table.Reader, id table.ID) (n int) {
	from, to := table.Range(id)
	r.Scan(from, to, func(_, _ []byte) bool { n++; return true })
	return n
}

func usedOnce(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(p *pb.PayCodes) bool {
		for _, dev := range p.Devices {
			for i, u := range dev.Used {
				if u.Step > dev.Latest || Used(&pb.PayDevice{Used: dev.Used[:i]}, &pb.ShownCode{Step: u.Step, Tap: u.Tap, Digits: u.Digits}) {
					return report(entity(p.Uid), "used the code of step %d and tap %d twice, or later than its latest", u.Step, u.Tap)
				}
			}
		}
		return true
	})
}

func asked(r table.Reader, _ *pb.Head, report catalogue.Report) {
	ends := map[uint64]bool{}
	due.Scan(r, func(i due.Item) bool {
		if i.Kind == pb.DueKind_DUE_KIND_ASK {
			ends[i.ID] = true
		}
		return true
	})
	order.Scan(r, func(o *pb.Order) bool {
		if o.State != pb.TradeState_TRADE_STATE_USERPAYING {
			return true
		}
		if !ends[o.Id] || !slices.Contains(Of(r, o.PayerUid).Asked, o.Id) {
			return report(order.Entity(o.Id), "waits for person %s for ever, or unseen", strconv.FormatUint(o.PayerUid, 10))
		}
		return true
	})
}

func cashAsked(r table.Reader, head *pb.Head, report catalogue.Report) {
	till.ScanCash(r, func(m *pb.CashMove) bool {
		if till.Waits(r, head.At, m) && !slices.ContainsFunc(Of(r, m.Uid).Cash, func(ref *pb.CashRef) bool { return ref.Till == m.Till && ref.ClientId == m.ClientId }) {
			return report(till.CashEntity(m), "waits for person %d, who does not see it", m.Uid)
		}
		return true
	})
}

// usedForCash looks at the devices that still have the aliases that were shown.
func usedForCash(r table.Reader, _ *pb.Head, report catalogue.Report) {
	till.ScanCash(r, func(m *pb.CashMove) bool {
		c := ShownFor(m)
		if c == nil {
			return true
		}
		p, dev, _ := ByAlias(r, c.Alias)
		if p != nil && (p.Uid != m.Uid || !usedFor(dev, m)) {
			return report(till.CashEntity(m), "was for a code that was not used up, or is another's")
		}
		return true
	})
}
