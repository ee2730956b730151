package standing

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyFile files a person's word against being blocked. (person, client id) is the
// identity while no later appeal has taken the row. The words replace those of an
// appeal before.
//
// Refuses, in this order: ClientIDInvalid, SealedInvalid; AppealExists; what
// wallet.CheckHeard refuses; NotBlocked, AppealWaits, AppealsTooMany.
func ApplyFile(d *deed.Deed, c *pb.AppealFile) (code.Code, *pb.Appeal) {
	switch {
	case !ident.ValidClientID(c.ClientId):
		return code.ClientIDInvalid, nil
	case !person.ValidSealed(c.Words):
		return code.SealedInvalid, nil
	}
	a, had := Of(d.Tx, c.Uid)
	if had && a.ClientId == c.ClientId {
		if !bytes.Equal(a.Words.GetHash(), c.Words.Hash) {
			return code.AppealExists, nil
		}
		return code.OK, a
	}
	leave, out := wallet.CheckHeard(d, c.Uid, c.Consent)
	if out != code.OK {
		return out, nil
	}
	p, ok := person.Peek(d.Tx, c.Uid)
	if !ok || !p.Blocked {
		return code.NotBlocked, nil
	}
	n := &pb.Appeal{Uid: c.Uid, Number: a.GetNumber() + 1, ClientId: c.ClientId, Words: c.Words, FiledAt: d.At, BlockedAt: p.BlockedAt, InBlock: 1}
	switch {
	case waits(a):
		return code.AppealWaits, nil
	case had && about(a, p):
		if a.InBlock >= MaxAppeals {
			return code.AppealsTooMany, nil
		}
		n.InBlock = a.InBlock + 1
	}
	// From here the command succeeds.
	Moves.Enter(&n.State, pb.AppealState_APPEAL_STATE_OPEN)
	leave.Use(d)
	put(d.Tx, n)
	d.Tx.Set(openKey(n), nil)
	d.Record(entity(n.Uid), n.ClientId, nil)
	d.Consent(c.Consent)
	return code.OK, n
}

// ApplyDecide decides an appeal that waits: the block stays, or the person may go on.
// (person, number) is the identity.
//
// Refuses, in this order: SealedInvalid (an answer that is malformed), AppealNotFound
// (or one that was decided otherwise).
func ApplyDecide(d *deed.Deed, c *pb.AppealDecide) (code.Code, *pb.Appeal) {
	if c.Answer != nil && !person.ValidSealed(c.Answer) {
		return code.SealedInvalid, nil
	}
	to := pb.AppealState_APPEAL_STATE_UPHELD
	if c.Grant {
		to = pb.AppealState_APPEAL_STATE_GRANTED
	}
	a, ok := Of(d.Tx, c.Uid)
	switch {
	case !ok || a.Number != c.Number || !waits(a) && a.State != to:
		return code.AppealNotFound, nil
	case a.State == to:
		return code.OK, a
	}
	p, ok := person.Get(d.Tx, c.Uid)
	if !ok {
		return code.AppealNotFound, nil
	}
	// From here the command succeeds.
	decide(d, a, to, c.Answer)
	if c.Grant {
		person.SetFree(d, p)
	}
	return code.OK, a
}

// decide writes what became of an appeal that waited.
func decide(d *deed.Deed, a *pb.Appeal, to pb.AppealState, answer *pb.Sealed) {
	d.Tx.Delete(openKey(a))
	Moves.Enter(&a.State, to)
	a.DecidedAt, a.Answer = d.At, answer
	put(d.Tx, a)
	d.Record(entity(a.Uid), a.ClientId, nil)
}
