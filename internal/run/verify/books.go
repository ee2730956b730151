package verify

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// digests recomputes every table's digest and row counts from the stored bytes.
func (v *verifier) digests() {
	rows := v.state.Rows()
	defer rows.Close()
	check := scrub.RowCheck{Damaged: func(f scrub.Finding) bool {
		v.report.add("state", f.Where, "%v", f.Cause)
		return !v.report.full()
	}}
	for _, id := range table.All() {
		n, err := check.Table(rows, v.head, id)
		if err != nil {
			v.problem("state", "state", err)
		}
		v.report.Rows += n
	}
	if err := check.Strangers(rows); err != nil {
		v.problem("state", "state", err)
	}
}

// checkBooks checks the invariants of all rules.
func (v *verifier) checkBooks(step string, b table.Backend, head *pb.Head) {
	snap := b.Snapshot()
	defer snap.Close()
	err := machine.CheckBooks(snap, head, func(b *catalogue.Breach) bool {
		v.report.add(step, b.Where, "%s (it should hold that %s)", b.What, b.Invariant)
		return !v.report.full()
	})
	if err != nil {
		v.problem(step, "books", err)
	}
}

// count says how many records of a kind there are. The digests have been
// recomputed, so the head's counts are the rows'.
func (v *verifier) count() {
	rows := map[table.ID]uint64{}
	for _, d := range v.head.Digests {
		rows[table.ID(d.Table)] = d.Rows
	}
	v.report.Orders, v.report.Refunds = rows[table.Orders], rows[table.Refunds]
	v.report.Notices = rows[table.Owed] + rows[table.Ended]
}
