package machine

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// told says whether a journal entry is there, is of the entity, and moves the amount
// between the accounts and nothing else.
func told(r table.Reader, seq uint64, entity, debit, credit string, amount int64) bool {
	var e pb.Entry
	value, ok := journal.Entry(r, seq)
	return ok && e.UnmarshalVT(value) == nil && e.Entity == entity && len(e.Postings) == 1 &&
		e.Postings[0].Amount == amount && e.Postings[0].Debit == debit && e.Postings[0].Credit == credit
}

// sentOnce compares transfers with the entries that they name: the one that made
// them, and the one that ended them.
func sentOnce(r table.Reader, _ *pb.Head, report catalogue.Report) {
	transfer.Scan(r, func(t *pb.PersonTransfer) bool {
		entity, escrow := transfer.Entity(t.Id), ledger.EscrowTransfer(t.Id)
		payer, payee := ledger.UserBalance(t.Payer), ledger.UserBalance(t.Payee)
		first := escrow
		if t.EndSeq == t.CreateSeq {
			first = payee
		}
		if !told(r, t.CreateSeq, entity, payer, first, t.Amount) {
			return report(entity, "its first journal entry %d tells another story", t.CreateSeq)
		}
		if t.EndSeq == t.CreateSeq || t.State == pb.TransferState_TRANSFER_STATE_WAITING {
			return true
		}
		last := payer
		if t.State == pb.TransferState_TRANSFER_STATE_DONE {
			last = payee
		}
		if !told(r, t.EndSeq, entity, escrow, last, t.Amount) {
			return report(entity, "its last journal entry %d tells another story", t.EndSeq)
		}
		return true
	})
}

// sharedOnce compares packets and their shares with the entries that they name.
func sharedOnce(r table.Reader, _ *pb.Head, report catalogue.Report) {
	packet.Scan(r, func(p *pb.Packet) bool {
		entity, escrow := packet.Entity(p.Id), ledger.EscrowPacket(p.Id)
		if !told(r, p.CreateSeq, entity, ledger.UserBalance(p.Payer), escrow, p.Total) {
			return report(entity, "its first journal entry %d tells another story", p.CreateSeq)
		}
		for _, s := range packet.Shares(r, p.Id) {
			if !told(r, s.Seq, entity, escrow, ledger.UserBalance(s.Uid), s.Amount) {
				return report(entity, "the journal entry %d of share %d tells another story", s.Seq, s.Number)
			}
		}
		if p.State == pb.PacketState_PACKET_STATE_EXPIRED && !told(r, p.EndSeq, entity, escrow, ledger.UserBalance(p.Payer), p.Total-p.Paid) {
			return report(entity, "its last journal entry %d tells another story", p.EndSeq)
		}
		return true
	})
}

// cashOnce compares what was done in cash with the entries that it names.
func cashOnce(r table.Reader, _ *pb.Head, report catalogue.Report) {
	till.ScanCash(r, func(m *pb.CashMove) bool {
		entity, drawer, person := till.CashEntity(m), ledger.TillCash(m.Till), ledger.UserBalance(m.Uid)
		debit, credit := drawer, person
		if m.Kind == pb.CashKind_CASH_KIND_OUT {
			debit, credit = person, drawer
		}
		waited := m.State == pb.CashState_CASH_STATE_WAITING || m.State == pb.CashState_CASH_STATE_CALLED_OFF
		if !waited && !told(r, m.Seq, entity, debit, credit, m.Amount) {
			return report(entity, "its journal entry %d tells another story", m.Seq)
		}
		if m.UndoneAt != 0 && !told(r, m.UndoSeq, entity, credit, debit, m.Amount) {
			return report(entity, "the journal entry %d of its undoing tells another story", m.UndoSeq)
		}
		return true
	})
}
