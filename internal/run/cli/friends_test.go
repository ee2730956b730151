package cli

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// friends lets two people send each other money: a transfer at once, one that is
// accepted, one that is declined, and a red packet of which one share is taken.
func (s *script) friends() {
	d := s.site
	fill := func(size int, with byte) []byte { return bytes.Repeat([]byte{with}, size) }
	counter := uint64(0)
	var uids []uint64
	consent := func(n int) *pb.Consent {
		counter++
		key := append([]byte{4}, fill(64, byte(n))...)
		return &pb.Consent{Device: wallet.DeviceID(key), Counter: counter, Signed: fill(32, 1), Signature: fill(64, 1)}
	}
	for n := range 2 {
		tag := fill(wallet.TagSize, byte(n))
		d.Must(catalogue.CodeSend, &pb.CodeSend{PhoneTag: tag, AddressTag: tag, Proof: tag, Key: tag[:wallet.KeySize]})
		e := d.Must(catalogue.DeviceEnrol, &pb.DeviceEnrol{
			PhoneTag: tag, Proof: tag, PublicKey: append([]byte{4}, fill(64, byte(n))...), Label: "phone",
			Details: &pb.Sealed{KeyId: fmt.Sprintf("%032x", n), Box: fill(40, 1), Hash: fill(16, 1)},
		}).(*pb.Enrolment)
		uids = append(uids, e.Uid)
		d.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: e.Uid, Amount: 100_00, Currency: 156, Ref: fmt.Sprint("open-", n), Line: "demo"})
	}
	send := func(name string, amount int64, waits bool) uint64 {
		return d.Must(catalogue.TransferCreate, &pb.TransferCreate{
			Payer: uids[0], Payee: uids[1], Amount: amount, Currency: 156, ClientId: name, Accept: waits, Consent: consent(0),
		}).(*pb.PersonTransfer).Id
	}
	send("lunch", 12_50, false)
	d.Must(catalogue.TransferAccept, &pb.TransferAccept{Id: send("rent", 30_00, true), Uid: uids[1], Consent: consent(1)})
	d.Must(catalogue.TransferDecline, &pb.TransferDecline{Id: send("debt", 5_00, true), Uid: uids[1], Consent: consent(1)})
	link := sha256.Sum256([]byte("family"))
	p := d.Must(catalogue.PacketCreate, &pb.PacketCreate{
		Payer: uids[0], ClientId: "festival", Count: 3, Total: 9_00, Currency: 156, Link: link[:], Consent: consent(0),
	}).(*pb.Packet)
	d.Must(catalogue.PacketClaim, &pb.PacketClaim{Packet: p.Id, Uid: uids[1], Link: link[:], Nonce: fill(packet.NonceSize, 1), Consent: consent(1)})
	d.Sleep(packet.Life)
	d.Must(catalogue.Tick, &pb.Tick{})
}
