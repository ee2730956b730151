package report

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
)

var invariants = []catalogue.Invariant{
	catalogue.Numbered("reports", ids, Entity, all),
	{Name: "reports are found by their people's names for them", Check: found},
	{Name: "reports that wait are listed, and no others", Check: listed},
	{Name: "a report that is open is due", Check: isDue},
	{Name: "a report is about something of its person's", Check: founded},
}

func all(r table.Reader, visit func(*pb.ProblemReport) bool) { Scan(r, 0, visit) }

func found(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, 0, func(p *pb.ProblemReport) bool {
		if ref, ok := refs.Get(r, numberKey(p.Uid, p.ClientId)); !ok || ref.Id != p.Id {
			return report(Entity(p.Id), "is not found by its person's name for it, %d/%s", p.Uid, p.ClientId)
		}
		return true
	})
}

func listed(r table.Reader, _ *pb.Head, report catalogue.Report) {
	waiting := map[uint64]uint64{}
	Waiting(r, func(uid, id uint64) bool {
		waiting[id] = uid
		return true
	})
	more := true
	Scan(r, 0, func(p *pb.ProblemReport) bool {
		if uid, is := waiting[p.Id]; is != waits(p) || is && uid != p.Uid {
			more = report(Entity(p.Id), "is listed as waiting: %v, which its state does not say", is)
		}
		delete(waiting, p.Id)
		return more
	})
	if more && len(waiting) > 0 {
		report("reports", "that are not there are listed as waiting: %d", len(waiting))
	}
}

func isDue(r table.Reader, _ *pb.Head, report catalogue.Report) {
	at := map[uint64]int64{}
	due.Scan(r, func(i due.Item) bool {
		if i.Kind == pb.DueKind_DUE_KIND_REPORT_LATE {
			at[i.ID] = i.At
		}
		return true
	})
	Scan(r, 0, func(p *pb.ProblemReport) bool {
		if p.State == pb.ReportState_REPORT_STATE_OPEN && at[p.Id] != p.PromisedAt {
			return report(Entity(p.Id), "is open and never late")
		}
		return true
	})
}

func founded(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, 0, func(p *pb.ProblemReport) bool {
		if a, ok := concerning(r, p.Uid, p.Subject); !ok || a.mchid != p.Mchid {
			return report(Entity(p.Id), "is about %v, which is none of its person's", p.Subject)
		}
		return true
	})
}
