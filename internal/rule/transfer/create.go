package transfer

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyCreate gives the payer's money to the payee, or into escrow when the payee
// has to accept it. (payer, client id) is the identity; a repeat returns the
// transfer as it is now, whatever its consent.
//
// Refuses, in this order: AmountMustBePositive, CurrencyUnknown, ClientIDInvalid,
// SealedInvalid, TransferToSelf; TransferExists; what wallet.Check refuses;
// PayeeUnavailable (nobody, or somebody who is blocked or erased); and what ledger.Book.Post
// refuses.
func ApplyCreate(d *deed.Deed, c *pb.TransferCreate) (code.Code, *pb.PersonTransfer) {
	if out := shape(c); out != code.OK {
		return out, nil
	}
	content := contentHash(d, c)
	if old, ok := ByClientID(d.Tx, c.Payer, c.ClientId); ok {
		if !bytes.Equal(old.ContentHash, content) {
			return code.TransferExists, nil
		}
		return code.OK, old
	}
	leave, out := wallet.Check(d, c.Payer, c.Consent, c.Amount)
	if out != code.OK {
		return out, nil
	}
	if p, ok := person.Peek(d.Tx, c.Payee); !ok || !person.TakesMoney(p) {
		return code.PayeeUnavailable, nil
	}
	id := deed.Last(d.Tx, ids) + 1
	book := ledger.Begin(d.Tx, c.Currency)
	to := ledger.UserBalance(c.Payee)
	if c.Accept {
		to = ledger.EscrowTransfer(id)
		book.OpensOwed(to)
	}
	if out := book.Post(pb.PostingCode_POSTING_CODE_SENT, ledger.UserBalance(c.Payer), to, c.Amount); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	t := fromCommand(d, c)
	t.ContentHash = content
	transfers.Insert(d.Tx, key(id), t)
	refs.Insert(d.Tx, numberKey(t.Payer, t.ClientId), &pb.OrderRef{Id: id})
	if !Knows(d.Tx, t.Payer, t.Payee) {
		d.Tx.Set(payeeKey(t.Payer, t.Payee), nil)
	}
	leave.Use(d)
	record(d, t, book.Commit())
	d.Consent(c.Consent)
	return code.OK, t
}

func shape(c *pb.TransferCreate) code.Code {
	switch {
	case c.Amount <= 0:
		return code.AmountMustBePositive
	case c.Currency != money.CNY:
		return code.CurrencyUnknown
	case !ident.ValidClientID(c.ClientId):
		return code.ClientIDInvalid
	case c.Memo != nil && !person.ValidSealed(c.Memo):
		return code.SealedInvalid
	case c.Payer == c.Payee:
		return code.TransferToSelf
	}
	return code.OK
}

// contentHash covers what a repeat must match. Of the memo it has the keyed hash:
// sealing it again gives another box.
func contentHash(d *deed.Deed, c *pb.TransferCreate) []byte {
	same := pb.TransferCreate{Payer: c.Payer, Payee: c.Payee, Amount: c.Amount, Currency: c.Currency, Accept: c.Accept}
	if c.Memo != nil {
		same.Memo = &pb.Sealed{Hash: c.Memo.Hash}
	}
	return ledger.ContentHash(d.Mem, &same)
}

// fromCommand takes the transfer's number and makes its record, in the state it
// begins with.
func fromCommand(d *deed.Deed, c *pb.TransferCreate) *pb.PersonTransfer {
	t := &pb.PersonTransfer{
		Id: d.Next(ids), Payer: c.Payer, Payee: c.Payee, Amount: c.Amount, Currency: c.Currency,
		ClientId: c.ClientId, Memo: c.Memo, CreatedAt: d.At, CreateSeq: d.Seq(),
	}
	if c.Accept {
		Moves.Enter(&t.State, pb.TransferState_TRANSFER_STATE_WAITING)
		due.Put(d.Tx, WaitsUntil(t), pb.DueKind_DUE_KIND_TRANSFER_EXPIRE, t.Id)
		return t
	}
	Moves.Enter(&t.State, pb.TransferState_TRANSFER_STATE_DONE)
	t.EndedAt, t.EndSeq = t.CreatedAt, t.CreateSeq
	return t
}

func put(tx table.Txn, t *pb.PersonTransfer) { transfers.Put(tx, key(t.Id), t) }
