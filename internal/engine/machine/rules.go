package machine

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
	"github.com/holdfast-pay/holdfast/internal/rule/report"
	"github.com/holdfast-pay/holdfast/internal/rule/shop"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
	"github.com/holdfast-pay/holdfast/internal/rule/standing"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// MaxLevel is the highest feature level this binary knows. Level 2 indexes
// refunds by order; level 3 knows members of a cluster and leases of couriers;
// level 4 keeps new counters in a table, tells who made up a prepay_id nothing
// of the order, and compares all that an add of a merchant or person says;
// level 5 seals personal details, knows people's wallets, packs the journal entries
// of a frame into rows, has people send each other money and red packets, and pay by
// the codes they show, and knows staff, merchants' tills and people's shops.
const MaxLevel = 5

// rules lists the rules. A Tick sweeps in this order, so that it is part of what
// the log means: a new rule goes to the end.
var rules = []*catalogue.Rule{
	&logRule,
	&ledger.Rule,
	&merchant.Rule,
	&person.Rule,
	&order.Rule,
	&refund.Rule,
	&notice.Rule,
	&lane.Rule,
	&due.Rule,
	&historyRule,
	&wallet.Rule,
	&transfer.Rule,
	&packet.Rule,
	&staff.Rule,
	&paycode.Rule,
	&till.Rule,
	&standing.Rule,
	&report.Rule,
	&shop.Rule,
}

// logRule is what the machine itself brings: the log's own commands.
var logRule = catalogue.Rule{
	Name:     "log",
	Commands: []*catalogue.Spec{Genesis.Spec, Tick.Spec, SetLevel.Spec, Backfill.Spec, AdvanceClock.Spec, MemberChange.Spec},
	Tables:   []table.ID{table.Head, table.Counters, table.Journal, table.Tiles},

	Invariants: logInvariants,
}

// The log's own commands. Backfill returns the next step, nil when it is done.
var (
	Genesis      = catalogue.Plain(catalogue.Genesis, "genesis", applyGenesis).From(0)
	Tick         = catalogue.Plain(catalogue.Tick, "tick", applyTick)
	SetLevel     = catalogue.Plain(catalogue.SetLevel, "set_level", applySetLevel)
	Backfill     = catalogue.Returning(catalogue.Backfill, "backfill", applyBackfill)
	AdvanceClock = catalogue.Plain(catalogue.AdvanceClock, "advance_clock", applyAdvanceClock).SandboxOnly()
	MemberChange = catalogue.Plain(catalogue.MemberChange, "member_change", applyMemberChange).From(3)
)

// set is the rules put together. The log's own handlers work through it, so it
// is made once their descriptors are.
var set *catalogue.Set

func init() {
	var err error
	if set, err = catalogue.NewSet(rules...); err != nil {
		panic(err)
	}
}

// Rules is the set of all rules.
func Rules() *catalogue.Set { return set }

// Known says whether this binary has a handler for the number.
func Known(n catalogue.Number) bool { return set.Command(n) != nil }
