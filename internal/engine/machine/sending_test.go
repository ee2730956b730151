package machine_test

import (
	"crypto/sha256"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

var (
	workSeedKey = filled(32, 42)
	workLink    = sha256.Sum256([]byte("family"))
)

// sending has every command of transfers and red packets in it, and leaves one of
// each under way.
func (w *workload) sending() {
	ming, hua, li := w.enrol(11), w.enrol(12), w.enrol(13)
	w.ok(catalogue.PayeeLookup, &pb.PayeeLookup{Uid: ming.uid, Device: ming.device, PhoneTag: filled(wallet.TagSize, 12)})
	w.ok(catalogue.PayeeHide, &pb.PayeeHide{Uid: li.uid, Hidden: true, Consent: li.consent(0)})
	w.send(ming, hua, "T-1", false)
	w.ok(catalogue.TransferAccept, &pb.TransferAccept{Id: w.send(ming, hua, "T-2", true), Uid: hua.uid, Consent: hua.consent(0)})
	w.ok(catalogue.TransferDecline, &pb.TransferDecline{Id: w.send(hua, ming, "T-3", true), Uid: ming.uid, Consent: ming.consent(0)})
	w.send(hua, li, "T-4", true)

	taken := w.throw(ming, "P-1", 2, true)
	w.grab(taken, ming)
	w.grab(taken, hua)
	w.ok(catalogue.PacketReveal, &pb.PacketReveal{Packet: taken.Id, Seed: packet.SeedOf(workSeedKey, taken.Payer, taken.ClientId)})
	w.grab(w.throw(hua, "P-2", 3, true), li)
	w.grab(w.throw(li, "P-3", 3, false), ming)
}

func (w *workload) send(from, to *holder, name string, waits bool) uint64 {
	return w.ok(catalogue.TransferCreate, &pb.TransferCreate{
		Payer: from.uid, Payee: to.uid, Amount: 1 + w.draw.Int64N(10_00), Currency: money.CNY, ClientId: name, Accept: waits, Consent: from.consent(0),
		Memo: &pb.Sealed{KeyId: "00112233445566778899aabbccddeeff", Box: filled(40, 5), Hash: filled(16, 5)},
	}).(*pb.PersonTransfer).Id
}

func (w *workload) throw(from *holder, name string, shares uint32, lucky bool) *pb.Packet {
	c := &pb.PacketCreate{
		Payer: from.uid, ClientId: name, Count: shares, Total: 5_00 + w.draw.Int64N(5_00), Currency: money.CNY, Link: workLink[:], Lucky: lucky, Consent: from.consent(0),
	}
	if lucky {
		c.Commitment, c.KeyId = packet.Commitment(packet.SeedOf(workSeedKey, c.Payer, name)), "packets-1"
	}
	return w.ok(catalogue.PacketCreate, c).(*pb.Packet)
}

func (w *workload) grab(p *pb.Packet, by *holder) {
	w.ok(catalogue.PacketClaim, claimOf(p, by, filled(packet.NonceSize, byte(by.uid))))
}

// claimOf is the command by which a holder takes a share.
func claimOf(p *pb.Packet, by *holder, nonce []byte) *pb.PacketClaim {
	c := &pb.PacketClaim{Packet: p.Id, Uid: by.uid, Link: p.Link, Nonce: nonce, Consent: by.consent(0)}
	if p.Lucky {
		c.Lot = packet.Lot(packet.SeedOf(workSeedKey, p.Payer, p.ClientId), by.uid)
	}
	return c
}
