package report

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyAnswer gives a report its answer; whose it is, is the command's actor. The same
// answer again changes nothing. One that comes late is an answer all the same.
//
// Refuses, in this order: SealedInvalid, ReportNotFound, ReportClosed, ReportAnswered
// (with other words).
func ApplyAnswer(d *deed.Deed, c *pb.ReportAnswer) (code.Code, *pb.ProblemReport) {
	if !person.ValidSealed(c.Words) {
		return code.SealedInvalid, nil
	}
	p, ok := Get(d.Tx, c.Id)
	switch {
	case !ok:
		return code.ReportNotFound, nil
	case p.Answer != nil && bytes.Equal(p.Answer.Hash, c.Words.Hash):
		return code.OK, p
	case p.State == pb.ReportState_REPORT_STATE_CLOSED:
		return code.ReportClosed, p
	case p.Answer != nil:
		return code.ReportAnswered, p
	}
	// From here the command succeeds.
	rest(d, p)
	p.Answer, p.AnsweredBy, p.AnsweredAt, p.AnswerSeq = c.Words, d.Actor, d.At, d.Seq()
	Moves.Enter(&p.State, pb.ReportState_REPORT_STATE_ANSWERED)
	put(d, p)
	return code.OK, p
}

// ApplyClose ends a report as its person wants: they are content with the answer, or
// need none any more. Closing it again changes nothing.
//
// Refuses, in this order: ReportNotFound (another's, too); what wallet.CheckHeard
// refuses.
func ApplyClose(d *deed.Deed, c *pb.ReportClose) (code.Code, *pb.ProblemReport) {
	p, ok := Get(d.Tx, c.Id)
	switch {
	case !ok || p.Uid != c.Uid:
		return code.ReportNotFound, nil
	case p.State == pb.ReportState_REPORT_STATE_CLOSED:
		return code.OK, p
	}
	leave, out := wallet.CheckHeard(d, c.Uid, c.Consent)
	if out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	rest(d, p)
	p.ClosedAt = d.At
	Moves.Enter(&p.State, pb.ReportState_REPORT_STATE_CLOSED)
	leave.Use(d)
	put(d, p)
	d.Consent(c.Consent)
	return code.OK, p
}

// rest takes a report from those that wait.
func rest(d *deed.Deed, p *pb.ProblemReport) {
	if p.State == pb.ReportState_REPORT_STATE_OPEN {
		due.Done(d.Tx, due.Item{At: p.PromisedAt, Kind: pb.DueKind_DUE_KIND_REPORT_LATE, ID: p.Id})
	}
	if waits(p) {
		d.Tx.Delete(openKey(p.Uid, p.Id))
	}
}

// LateDue marks a report whose promised time has come without an answer.
func LateDue(d *deed.Deed, id uint64) {
	p := reports.Need(d.Tx, key(id))
	if p.State != pb.ReportState_REPORT_STATE_OPEN {
		return
	}
	Moves.Enter(&p.State, pb.ReportState_REPORT_STATE_LATE)
	put(d, p)
}
