package notice

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The commands.
var (
	Report    = catalogue.Plain(catalogue.NoticeReport, "notice_report", ApplyReport)
	Redeliver = catalogue.Returning(catalogue.NoticeRedeliver, "notice_redeliver", ApplyRedeliver)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "notice",
	Commands: []*catalogue.Spec{Report.Spec, Redeliver.Spec},
	Tables:   []table.ID{table.Owed, table.Ended, table.Parked},
	Due:      []catalogue.Due{{Kind: pb.DueKind_DUE_KIND_NOTICE_PRUNE, Do: PruneDue}},
	Sweeps:   []catalogue.Sweep{{Name: "notices to prune", Do: Prune, Next: NextPrune}},

	Invariants: invariants,
}
