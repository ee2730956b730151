package report

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyCreate takes a report. (uid, client id) is the identity; a repeat returns the
// report as it is now, whatever its consent.
//
// Refuses, in this order: ClientIDInvalid, ReportTroubleInvalid, SealedInvalid;
// ReportExists; what wallet.CheckHeard refuses: who is blocked has payments that went wrong
// too; ReportSubjectUnknown (nothing that is there, or nothing of the person's);
// ReportsTooMany.
func ApplyCreate(d *deed.Deed, c *pb.ReportCreate) (code.Code, *pb.ProblemReport) {
	if out := shape(c); out != code.OK {
		return out, nil
	}
	content := contentHash(d, c)
	if old, ok := ByClientID(d.Tx, c.Uid, c.ClientId); ok {
		if !bytes.Equal(old.ContentHash, content) {
			return code.ReportExists, nil
		}
		return code.OK, old
	}
	leave, out := wallet.CheckHeard(d, c.Uid, c.Consent)
	if out != code.OK {
		return out, nil
	}
	about, ok := concerning(d.Tx, c.Uid, c.Subject)
	switch {
	case !ok:
		return code.ReportSubjectUnknown, nil
	case waitingOf(d.Tx, c.Uid) >= MaxOpen:
		return code.ReportsTooMany, nil
	}
	// From here the command succeeds.
	p := &pb.ProblemReport{
		Id: d.Next(ids), Uid: c.Uid, ClientId: c.ClientId, ContentHash: content, Subject: c.Subject, Trouble: c.Trouble, Words: c.Words,
		Mchid: about.mchid, Evidence: about.entries, CreatedAt: d.At, CreateSeq: d.Seq(), PromisedAt: d.At + Promise[c.Trouble],
	}
	Moves.Enter(&p.State, pb.ReportState_REPORT_STATE_OPEN)
	reports.Insert(d.Tx, key(p.Id), p)
	refs.Insert(d.Tx, numberKey(p.Uid, p.ClientId), &pb.OrderRef{Id: p.Id})
	d.Tx.Set(openKey(p.Uid, p.Id), nil)
	due.Put(d.Tx, p.PromisedAt, pb.DueKind_DUE_KIND_REPORT_LATE, p.Id)
	leave.Use(d)
	record(d, p)
	d.Consent(c.Consent)
	return code.OK, p
}

func shape(c *pb.ReportCreate) code.Code {
	switch {
	case !ident.ValidClientID(c.ClientId):
		return code.ClientIDInvalid
	case Promise[c.Trouble] == 0:
		return code.ReportTroubleInvalid
	case c.Words != nil && !person.ValidSealed(c.Words):
		return code.SealedInvalid
	}
	return code.OK
}

// contentHash covers what a repeat must match. Of the words it has the keyed hash:
// sealing them again gives another box.
func contentHash(d *deed.Deed, c *pb.ReportCreate) []byte {
	same := pb.ReportCreate{Uid: c.Uid, Subject: c.Subject, Trouble: c.Trouble}
	if c.Words != nil {
		same.Words = &pb.Sealed{Hash: c.Words.Hash}
	}
	return ledger.ContentHash(d.Mem, &same)
}
