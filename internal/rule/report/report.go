// Package report keeps what people say went wrong with a payment of theirs: a record
// that is tied to the payment from the first moment, with a time by which somebody
// answers. What belongs to it (the order and its notices, refunds, receipt, the steps in
// the journal) is found by its subject when it is looked at; the entries that are
// evidence are named by number. The states are described at pb.ReportState.
package report

import (
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Level is the feature level from which on there are reports.
const Level = 5

// MaxOpen is how many reports of a person may wait for an answer.
const MaxOpen = 10

// ids counts reports.
const ids deed.Counter = 6

// Promise is how long a report of each kind of trouble waits for its answer at most,
// milliseconds. It is a promise to people, and part of the state that all nodes agree on:
// what changes it is gated by a feature level.
var Promise = map[pb.Trouble]int64{
	pb.Trouble_TROUBLE_NOT_ME:         4 * stamp.Hour,
	pb.Trouble_TROUBLE_CHARGED_TWICE:  24 * stamp.Hour,
	pb.Trouble_TROUBLE_WRONG_AMOUNT:   24 * stamp.Hour,
	pb.Trouble_TROUBLE_NOT_RECEIVED:   24 * stamp.Hour,
	pb.Trouble_TROUBLE_REFUND_MISSING: 24 * stamp.Hour,
	pb.Trouble_TROUBLE_OTHER:          48 * stamp.Hour,
}

var (
	reports = table.Of[pb.ProblemReport, *pb.ProblemReport]{ID: table.Reports}
	refs    = table.Of[pb.OrderRef, *pb.OrderRef]{ID: table.ReportNos}
)

func key(id uint64) table.Key { return table.K(table.Reports).U64(id) }
func numberKey(uid uint64, clientID string) table.Key {
	return table.K(table.ReportNos).U64(uid).Str(clientID)
}
func openKey(uid, id uint64) table.Key { return table.K(table.OpenReports).U64(uid).U64(id) }

// Get reads a report by its id.
func Get(r table.Reader, id uint64) (*pb.ProblemReport, bool) { return reports.Get(r, key(id)) }

// ByClientID reads a report by the person's own name for it.
func ByClientID(r table.Reader, uid uint64, clientID string) (*pb.ProblemReport, bool) {
	ref, ok := refs.Get(r, numberKey(uid, clientID))
	if !ok {
		return nil, false
	}
	return reports.Need(r, key(ref.Id)), true
}

// Scan visits all reports in the order of their ids, beginning after the given one.
func Scan(r table.Reader, after uint64, visit func(*pb.ProblemReport) bool) {
	_, to := table.Range(table.Reports)
	reports.Scan(r, key(after+1), to, func(_ []byte, p *pb.ProblemReport) bool { return visit(p) })
}

// Of lists the ids of a person's reports, in no order.
func Of(r table.Reader, uid uint64) (list []uint64) {
	from, to := table.Prefix(table.K(table.ReportNos).U64(uid))
	refs.Scan(r, from, to, func(_ []byte, ref *pb.OrderRef) bool {
		list = append(list, ref.Id)
		return true
	})
	return list
}

// Waiting visits the ids of the reports that wait for an answer, person by person.
func Waiting(r table.Reader, visit func(uid, id uint64) bool) {
	from, to := table.Range(table.OpenReports)
	r.Scan(from, to, func(k, _ []byte) bool {
		f := table.F(k)
		return visit(f.U64(), f.U64())
	})
}

// waitingOf counts the reports of a person that wait, MaxOpen at most.
func waitingOf(r table.Reader, uid uint64) (n int) {
	from, to := table.Prefix(table.K(table.OpenReports).U64(uid))
	r.Scan(from, to, func(_, _ []byte) bool {
		n++
		return n < MaxOpen
	})
	return n
}

// waits says whether the report waits for an answer.
func waits(p *pb.ProblemReport) bool {
	return p.State == pb.ReportState_REPORT_STATE_OPEN || p.State == pb.ReportState_REPORT_STATE_LATE
}

// Entity is the report's name in the journal.
func Entity(id uint64) string { return "report/" + strconv.FormatUint(id, 10) }

// put writes a report and journals what was done.
func put(d *deed.Deed, p *pb.ProblemReport) {
	reports.Put(d.Tx, key(p.Id), p)
	record(d, p)
}

func record(d *deed.Deed, p *pb.ProblemReport) {
	d.Record(Entity(p.Id), strconv.FormatUint(p.Uid, 10)+"/"+p.ClientId, nil)
}
