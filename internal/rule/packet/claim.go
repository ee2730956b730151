package packet

import (
	"bytes"
	"crypto/sha256"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// retryAfter is when the rest is sent back again whose payer's account took none.
const retryAfter = stamp.Hour

// ApplyClaim gives a person one share. (packet, person) is the identity: whoever has
// a share gets it told again, whatever else the command says.
//
// The consent is kept with the entry, and apply does not ask the wallet about it: a
// claim takes nothing from the person, and to repeat it changes nothing, so that a
// counter used twice does no harm and the wallet's row need not be written.
//
// Refuses, in this order: ConsentNeeded; PacketNotFound (none, one for another person, or another
// link); PersonNotFound, PersonBlocked (or erased); PacketTaken, PacketExpired; NonceInvalid,
// LotInvalid; and what ledger.Book.Post refuses.
func ApplyClaim(d *deed.Deed, c *pb.PacketClaim) (code.Code, *pb.PacketShare) {
	if !wallet.Complete(c.Consent) {
		return code.ConsentNeeded, nil
	}
	p, ok := Get(d.Tx, c.Packet)
	if !ok {
		return code.PacketNotFound, nil
	}
	if s, ok := ShareOf(d.Tx, p.Id, c.Uid); ok {
		return code.OK, s
	}
	if out := claimable(d, p, c); out != code.OK {
		return out, nil
	}
	s := &pb.PacketShare{Packet: p.Id, Uid: c.Uid, Number: p.Taken + 1, Amount: next(p, c.Lot), At: d.At, Seq: d.Seq()}
	if p.Lucky {
		s.Nonce = c.Nonce
	}
	escrow := ledger.EscrowPacket(p.Id)
	book := ledger.Begin(d.Tx, p.Currency)
	if out := book.Post(pb.PostingCode_POSTING_CODE_PACKET, escrow, ledger.UserBalance(c.Uid), s.Amount); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	take(p, s)
	if p.Taken == p.Count {
		book.Closes(escrow)
		due.Done(d.Tx, due.Item{At: OpenUntil(p), Kind: pb.DueKind_DUE_KIND_PACKET_EXPIRE, ID: p.Id})
		end(d, p, pb.PacketState_PACKET_STATE_TAKEN)
	}
	check(p)
	put(d.Tx, p)
	shares.Insert(d.Tx, shareKey(p.Id, s.Uid), s)
	record(d, p, book.Commit(), p.Chain)
	d.Consent(c.Consent)
	return code.OK, s
}

// claimable says whether the person may take a share now.
func claimable(d *deed.Deed, p *pb.Packet, c *pb.PacketClaim) code.Code {
	if p.To != 0 && p.To != c.Uid || !bytes.Equal(p.Link, c.Link) {
		return code.PacketNotFound
	}
	who, ok := person.Peek(d.Tx, c.Uid)
	switch {
	case !ok:
		return code.PersonNotFound
	case !person.TakesMoney(who):
		return code.PersonBlocked
	case p.State == pb.PacketState_PACKET_STATE_TAKEN:
		return code.PacketTaken
	case p.State != pb.PacketState_PACKET_STATE_OPEN || d.At >= OpenUntil(p):
		return code.PacketExpired
	case p.Lucky && len(c.Nonce) != NonceSize:
		return code.NonceInvalid
	case p.Lucky && len(c.Lot) != sha256.Size:
		return code.LotInvalid
	}
	return code.OK
}

// check asserts that a packet gives what it holds.
func check(p *pb.Packet) {
	rest, left := p.Total-p.Paid, int64(p.Count)-int64(p.Taken)
	if left < 0 || rest < left || left == 0 && rest != 0 {
		must.Never("packet %d has %d fen for %d shares", p.Id, rest, left)
	}
}

func end(d *deed.Deed, p *pb.Packet, so pb.PacketState) {
	Moves.Enter(&p.State, so)
	p.EndedAt, p.EndSeq = d.At, d.Seq()
}

// ExpireDue gives the payer what nobody took. Where the payer's account takes no
// money it is tried again every hour.
func ExpireDue(d *deed.Deed, id uint64) {
	p := packets.Need(d.Tx, key(id))
	if p.State != pb.PacketState_PACKET_STATE_OPEN {
		return
	}
	escrow := ledger.EscrowPacket(p.Id)
	book := ledger.Begin(d.Tx, p.Currency)
	if out := book.Post(pb.PostingCode_POSTING_CODE_PACKET_BACK, escrow, ledger.UserBalance(p.Payer), p.Total-p.Paid); out != code.OK {
		due.Put(d.Tx, d.At+retryAfter, pb.DueKind_DUE_KIND_PACKET_EXPIRE, p.Id)
		return
	}
	book.Closes(escrow)
	end(d, p, pb.PacketState_PACKET_STATE_EXPIRED)
	put(d.Tx, p)
	record(d, p, book.Commit(), p.Chain)
}
