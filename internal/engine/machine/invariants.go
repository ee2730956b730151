package machine

import (
	"errors"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// Audit checks a whole state: that every invariant of every rule holds, and that
// the head says of journal and tables what they are. It returns the first
// breach, a *catalogue.Breach, or the *table.Damage of a row that cannot be read.
func Audit(r table.Reader) error {
	return table.Read(r, func(r table.Reader) error {
		head, ok := Head(r)
		if !ok {
			return errors.New("there is no head")
		}
		var first error
		for _, rule := range set.Rules {
			if !rule.Check(r, head, func(b *catalogue.Breach) bool { first = b; return false }) {
				return first
			}
		}
		return nil
	})
}

// CheckBooks checks the invariants of the rules alone, and hands out each breach
// until found returns false. Who looks more closely at the journal and the
// digests than the log's own invariants do asks for these.
func CheckBooks(r table.Reader, head *pb.Head, found func(*catalogue.Breach) bool) error {
	return table.Read(r, func(r table.Reader) error {
		for _, rule := range set.Rules {
			if rule != &logRule && !rule.Check(r, head, found) {
				return nil
			}
		}
		return nil
	})
}

// logInvariants tie the head to the journal and the tables.
var logInvariants = []catalogue.Invariant{
	{Name: "journal and accounts say the same", Check: journalled},
	{Name: "digests are those of the rows", Check: digested},
}

// historyRule ties rows to the journal, which no rule reads.
var historyRule = catalogue.Rule{Name: "history", Invariants: []catalogue.Invariant{
	{Name: "a payment stands in the journal as its order tells it", Check: paidOnce},
	{Name: "a transfer stands in the journal as its row tells it", Check: sentOnce},
	{Name: "a packet and its shares stand in the journal as their rows tell it", Check: sharedOnce},
	{Name: "cash stands in the journal as its rows tell it", Check: cashOnce},
}}

func journalled(r table.Reader, head *pb.Head, report catalogue.Report) {
	second := journal.NewBalances()
	if err := journal.Check(r, head.JournalSize, head.JournalRoot, second.Add); err != nil {
		report("journal", "%v", err)
		return
	}
	differ, err := second.Compare(r)
	if err != nil {
		report("accounts", "%v", err)
		return
	}
	for _, d := range differ {
		if !report(d.Account, "%s", d) {
			return
		}
	}
}

func digested(r table.Reader, head *pb.Head, report catalogue.Report) {
	for _, d := range head.Digests {
		sum, hasher := table.Digest{}, table.Hasher{}
		from, to := table.Range(table.ID(d.Table))
		r.Scan(from, to, func(key, value []byte) bool {
			sum.Add(&hasher, key, table.Seal(nil, key, value))
			return true
		})
		if sum.Hi == d.Hi && sum.Lo == d.Lo && sum.Rows == d.Rows {
			continue
		}
		if !report("table "+table.ID(d.Table).String(), "has %d rows, which have another digest than the head says", sum.Rows) {
			return
		}
	}
}

func paidOnce(r table.Reader, _ *pb.Head, report catalogue.Report) {
	order.Scan(r, func(o *pb.Order) bool {
		if !order.Paid(o) {
			return true
		}
		var e pb.Entry
		value, ok := journal.Entry(r, o.PaySeq)
		switch {
		case !ok || e.UnmarshalVT(value) != nil:
			return report(order.Entity(o.Id), "its payment's journal entry %d is not there", o.PaySeq)
		case e.Entity != order.Entity(o.Id) || len(e.Postings) != 1 || e.Postings[0].Amount != o.Total ||
			e.Postings[0].Debit != ledger.UserBalance(o.PayerUid) || e.Postings[0].Credit != ledger.MerchantPending(o.Mchid):
			return report(order.Entity(o.Id), "its payment's journal entry %d tells another story", o.PaySeq)
		}
		return true
	})
}
