package ledger

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var invariants = []catalogue.Invariant{
	{Name: "debits equal credits", Check: balanced},
	{Name: "no account breaks its limits", Check: withinLimits},
}

func balanced(r table.Reader, _ *pb.Head, report catalogue.Report) {
	var debits, credits int64
	Scan(r, func(a *pb.Account) bool {
		debits, credits = debits+a.DebitsPosted, credits+a.CreditsPosted
		return true
	})
	if debits != credits {
		report("accounts", "debits %d differ from credits %d", debits, credits)
	}
}

func withinLimits(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(a *pb.Account) bool {
		switch {
		case a.NoOverdraft && !covers(a.CreditsPosted, a.DebitsPosted, a.DebitsPending):
			return report(a.Name, "is overdrawn by %s", money.Format(-Available(a)))
		case !withinCap(a.CreditsPosted, a.DebitsPosted, a.Cap):
			return report(a.Name, "has %s, its cap is %s", money.Format(Balance(a)), money.Format(a.Cap))
		case a.DebitsPending < 0 || a.CreditsPending < 0:
			return report(a.Name, "holds less than nothing: %d and %d", a.DebitsPending, a.CreditsPending)
		}
		return true
	})
}
