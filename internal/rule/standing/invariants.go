package standing

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

func listed(r table.Reader, _ *pb.Head, report catalogue.Report) {
	waiting := map[string]bool{}
	from, to := table.Range(table.OpenAppeals)
	r.Scan(from, to, func(k, _ []byte) bool {
		waiting[string(k)] = true
		return true
	})
	whole, n := true, 0
	scan(r, func(a *pb.Appeal) bool {
		if waits(a) {
			n++
		}
		if waits(a) != waiting[string(openKey(a))] {
			whole = report(entity(a.Uid), "is %s, and the list says otherwise", a.State)
		}
		return whole
	})
	if whole && n != len(waiting) {
		report("appeals", "%d wait, %d are listed", n, len(waiting))
	}
}

func blocked(r table.Reader, _ *pb.Head, report catalogue.Report) {
	scan(r, func(a *pb.Appeal) bool {
		if p, ok := person.Peek(r, a.Uid); waits(a) && (!ok || !p.Blocked || !about(a, p)) {
			return report(entity(a.Uid), "waits, and its person is not blocked")
		}
		return true
	})
}

func scan(r table.Reader, visit func(*pb.Appeal) bool) {
	from, to := table.Range(table.Appeals)
	appeals.Scan(r, from, to, func(_ []byte, a *pb.Appeal) bool { return visit(a) })
}
