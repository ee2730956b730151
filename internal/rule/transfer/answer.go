package transfer

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// retryAfter is when money is sent back again whose payer's account took none.
const retryAfter = stamp.Hour

// ApplyAccept gives the payee the money of a transfer that waits. Accepting it again
// changes nothing.
//
// Refuses, in this order: TransferNotFound (another's, too); TransferEnded, with the
// transfer; what wallet.CheckAct refuses; and what ledger.Book.Post refuses.
func ApplyAccept(d *deed.Deed, c *pb.TransferAccept) (code.Code, *pb.PersonTransfer) {
	t, out := answered(d, c.Id, c.Uid, pb.TransferState_TRANSFER_STATE_DONE)
	if out != code.OK || t.State == pb.TransferState_TRANSFER_STATE_DONE {
		return out, t
	}
	return answer(d, t, c.Consent, pb.TransferState_TRANSFER_STATE_DONE)
}

// ApplyDecline sends the money of a transfer that waits back to the payer. Declining
// it again changes nothing.
//
// Refuses, in this order: TransferNotFound (another's, too); TransferEnded, with the
// transfer; what wallet.CheckAct refuses; and what ledger.Book.Post refuses.
func ApplyDecline(d *deed.Deed, c *pb.TransferDecline) (code.Code, *pb.PersonTransfer) {
	t, out := answered(d, c.Id, c.Uid, pb.TransferState_TRANSFER_STATE_DECLINED)
	if out != code.OK || t.State == pb.TransferState_TRANSFER_STATE_DECLINED {
		return out, t
	}
	return answer(d, t, c.Consent, pb.TransferState_TRANSFER_STATE_DECLINED)
}

// answered finds the transfer that a payee answers. It is OK for one that can be
// answered now, and for one that was answered so already.
func answered(d *deed.Deed, id, payee uint64, so pb.TransferState) (*pb.PersonTransfer, code.Code) {
	t, ok := Get(d.Tx, id)
	switch {
	case !ok || t.Payee != payee:
		return nil, code.TransferNotFound
	case t.State == so:
		return t, code.OK
	case t.State != pb.TransferState_TRANSFER_STATE_WAITING || d.At >= WaitsUntil(t):
		return t, code.TransferEnded
	}
	return t, code.OK
}

// answer ends a transfer as its payee consents to.
func answer(d *deed.Deed, t *pb.PersonTransfer, consent *pb.Consent, so pb.TransferState) (code.Code, *pb.PersonTransfer) {
	leave, out := wallet.CheckAct(d, t.Payee, consent, false)
	if out != code.OK {
		return out, t
	}
	book, out := ending(d, t, so)
	if out != code.OK {
		return out, t
	}
	// From here the command succeeds.
	due.Done(d.Tx, due.Item{At: WaitsUntil(t), Kind: pb.DueKind_DUE_KIND_TRANSFER_EXPIRE, ID: t.Id})
	leave.Use(d)
	end(d, t, so, book)
	d.Consent(consent)
	return code.OK, t
}

// ExpireDue sends the money of a transfer that nobody answered back to the payer.
// Where the payer's account takes none it is tried again every hour.
func ExpireDue(d *deed.Deed, id uint64) {
	t := transfers.Need(d.Tx, key(id))
	if t.State != pb.TransferState_TRANSFER_STATE_WAITING {
		return
	}
	book, out := ending(d, t, pb.TransferState_TRANSFER_STATE_EXPIRED)
	if out != code.OK {
		due.Put(d.Tx, d.At+retryAfter, pb.DueKind_DUE_KIND_TRANSFER_EXPIRE, t.Id)
		return
	}
	end(d, t, pb.TransferState_TRANSFER_STATE_EXPIRED, book)
}

// ending plans how the escrow account is emptied and removed.
func ending(d *deed.Deed, t *pb.PersonTransfer, so pb.TransferState) (*ledger.Book, code.Code) {
	escrow := ledger.EscrowTransfer(t.Id)
	to, reason := ledger.UserBalance(t.Payer), pb.PostingCode_POSTING_CODE_SENT_BACK
	if so == pb.TransferState_TRANSFER_STATE_DONE {
		to, reason = ledger.UserBalance(t.Payee), pb.PostingCode_POSTING_CODE_SENT
	}
	book := ledger.Begin(d.Tx, t.Currency)
	if out := book.Post(reason, escrow, to, t.Amount); out != code.OK {
		return nil, out
	}
	book.Closes(escrow)
	return book, code.OK
}

func end(d *deed.Deed, t *pb.PersonTransfer, so pb.TransferState, book *ledger.Book) {
	Moves.Enter(&t.State, so)
	t.EndedAt, t.EndSeq = d.At, d.Seq()
	put(d.Tx, t)
	record(d, t, book.Commit())
}
