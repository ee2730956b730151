package packet

import (
	"bytes"
	"crypto/sha256"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyCreate puts the payer's money into a packet. (payer, client id) is the
// identity; a repeat returns the packet as it is now, whatever its consent and its
// commitment.
//
// Refuses, in this order: AmountMustBePositive, CurrencyUnknown, ClientIDInvalid,
// SealedInvalid, PacketSharesInvalid, PacketToNobody (or to a person and a link),
// TransferToSelf, PacketBelowOneFen, PacketTooLarge, CommitmentInvalid;
// PacketExists; what wallet.Check refuses; PayeeUnavailable; and what
// ledger.Book.Post refuses.
func ApplyCreate(d *deed.Deed, c *pb.PacketCreate) (code.Code, *pb.Packet) {
	if out := shape(c); out != code.OK {
		return out, nil
	}
	content := contentHash(d, c)
	if old, ok := ByClientID(d.Tx, c.Payer, c.ClientId); ok {
		if !bytes.Equal(old.ContentHash, content) {
			return code.PacketExists, nil
		}
		return code.OK, old
	}
	leave, out := wallet.Check(d, c.Payer, c.Consent, c.Total)
	if out != code.OK {
		return out, nil
	}
	if c.To != 0 {
		if p, ok := person.Peek(d.Tx, c.To); !ok || !person.TakesMoney(p) {
			return code.PayeeUnavailable, nil
		}
	}
	escrow := ledger.EscrowPacket(deed.Last(d.Tx, ids) + 1)
	book := ledger.Begin(d.Tx, c.Currency)
	book.OpensOwed(escrow)
	if out := book.Post(pb.PostingCode_POSTING_CODE_PACKET, ledger.UserBalance(c.Payer), escrow, c.Total); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	p := fromCommand(d, c)
	p.ContentHash = content
	packets.Insert(d.Tx, key(p.Id), p)
	refs.Insert(d.Tx, numberKey(p.Payer, p.ClientId), &pb.OrderRef{Id: p.Id})
	due.Put(d.Tx, OpenUntil(p), pb.DueKind_DUE_KIND_PACKET_EXPIRE, p.Id)
	leave.Use(d)
	record(d, p, book.Commit(), p.Commitment)
	d.Consent(c.Consent)
	return code.OK, p
}

func shape(c *pb.PacketCreate) code.Code {
	switch {
	case c.Total <= 0:
		return code.AmountMustBePositive
	case c.Currency != money.CNY:
		return code.CurrencyUnknown
	case !ident.ValidClientID(c.ClientId):
		return code.ClientIDInvalid
	case c.Words != nil && !person.ValidSealed(c.Words):
		return code.SealedInvalid
	case c.Count == 0 || c.Count > MaxShares || c.To != 0 && c.Count != 1:
		return code.PacketSharesInvalid
	case (c.To != 0) == (len(c.Link) != 0) || len(c.Link) != 0 && len(c.Link) != sha256.Size:
		return code.PacketToNobody
	case c.To == c.Payer:
		return code.TransferToSelf
	case c.Total < int64(c.Count):
		return code.PacketBelowOneFen
	case c.Total > MaxAHead*int64(c.Count):
		return code.PacketTooLarge
	case !committed(c):
		return code.CommitmentInvalid
	}
	return code.OK
}

// committed says whether a lucky packet commits to a seed, and an equal one to none.
func committed(c *pb.PacketCreate) bool {
	if c.Lucky {
		return len(c.Commitment) == sha256.Size && c.KeyId != "" && len(c.KeyId) <= 64
	}
	return len(c.Commitment) == 0 && c.KeyId == ""
}

// contentHash covers what a repeat must match. The commitment is not in it: the key
// that seeds come from may have been replaced since.
func contentHash(d *deed.Deed, c *pb.PacketCreate) []byte {
	same := pb.PacketCreate{Payer: c.Payer, Count: c.Count, Total: c.Total, Currency: c.Currency, Lucky: c.Lucky, To: c.To, Link: c.Link}
	if c.Words != nil {
		same.Words = &pb.Sealed{Hash: c.Words.Hash}
	}
	return ledger.ContentHash(d.Mem, &same)
}

// fromCommand takes the packet's number and makes its record.
func fromCommand(d *deed.Deed, c *pb.PacketCreate) *pb.Packet {
	p := &pb.Packet{
		Id: d.Next(ids), Payer: c.Payer, ClientId: c.ClientId, Lucky: c.Lucky, Count: c.Count, Total: c.Total, Currency: c.Currency,
		To: c.To, Link: c.Link, Commitment: c.Commitment, KeyId: c.KeyId, Words: c.Words, Chain: c.Commitment,
		CreatedAt: d.At, CreateSeq: d.Seq(),
	}
	Moves.Enter(&p.State, pb.PacketState_PACKET_STATE_OPEN)
	return p
}
