package report

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The commands.
var (
	Create = catalogue.Returning(catalogue.ReportCreate, "report_create", ApplyCreate).From(Level)
	Answer = catalogue.Returning(catalogue.ReportAnswer, "report_answer", ApplyAnswer).From(Level)
	Close  = catalogue.Returning(catalogue.ReportClose, "report_close", ApplyClose).From(Level)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "report",
	Commands: []*catalogue.Spec{Create.Spec, Answer.Spec, Close.Spec},
	Tables:   []table.ID{table.Reports, table.ReportNos, table.OpenReports},
	Counters: []deed.Counter{ids},
	Kinds:    []catalogue.Kind{{Number: pb.Kind_KIND_REPORT, Name: "report"}},
	Due:      []catalogue.Due{{Kind: pb.DueKind_DUE_KIND_REPORT_LATE, Of: pb.Kind_KIND_REPORT, Do: LateDue}},

	Invariants: invariants,
}
