package machine_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// sending is a flow whose people have wallets and send each other money.
type sending struct {
	*flow
	model   *sent
	holders []*holder
}

func newSending(t *rapid.T) *sending {
	f := &sending{flow: newFlow(t)}
	f.model = &sent{second: f.flow.model}
	f.model.now = f.now
	f.want(code.OK, catalogue.LimitsSet, &pb.LimitsSet{Limits: &pb.Limits{Grade: 1, PerAct: 1 << 40, PerDay: 1 << 50, PerYear: 1 << 60, PerMinute: 1 << 30}})
	for n := byte(1); n <= 4; n++ {
		f.enrol(n)
	}
	return f
}

func (f *sending) enrol(n byte) {
	phone := filled(wallet.TagSize, n)
	f.want(code.OK, catalogue.CodeSend, &pb.CodeSend{PhoneTag: phone, AddressTag: phone, Proof: phone, Key: filled(wallet.KeySize, n)})
	e := f.want(code.OK, catalogue.DeviceEnrol, &pb.DeviceEnrol{
		PhoneTag: phone, Proof: phone, PublicKey: append([]byte{4}, filled(64, n)...), Label: "phone",
		Details: &pb.Sealed{KeyId: fmt.Sprintf("%032x", n), Box: filled(40, n), Hash: filled(16, n)},
	}).Body.(*pb.Enrolment)
	f.holders = append(f.holders, &holder{uid: e.Uid, device: e.Device})
	f.model.accounts[user(e.Uid)] = &secondAccount{strict: true}
	c := &pb.PersonTopup{Uid: e.Uid, Amount: 10_000, Currency: money.CNY, Ref: fmt.Sprint("open", e.Uid), Line: "demo"}
	f.want(f.model.topup(c), catalogue.PersonTopup, c)
}

func (f *sending) wait() {
	f.now += rapid.SampledFrom([]int64{1, sec, hour, hour, day - 1, day - 1, day}).Draw(f.t, "wait")
	f.model.now = f.now
}

func (f *sending) holder(label string) *holder { return rapid.SampledFrom(f.holders).Draw(f.t, label) }

func (f *sending) limit() {
	c := &pb.AccountLimit{
		Account: user(f.holder("whose").uid), Currency: money.CNY, Frozen: rapid.IntRange(0, 3).Draw(f.t, "frozen") == 0,
		Cap: rapid.SampledFrom([]int64{0, 0, 0, 20_000, 50_000}).Draw(f.t, "cap"),
	}
	f.want(f.model.limit(c), catalogue.AccountLimit, c)
}

func (f *sending) send() {
	from, to := f.holder("from"), f.holder("to")
	c := &pb.TransferCreate{
		Payer: from.uid, Payee: to.uid, Amount: rapid.SampledFrom([]int64{0, 1, 50, 333, 4_000, 20_000}).Draw(f.t, "amount"), Currency: money.CNY,
		ClientId: rapid.StringMatching("[a-d][0-9]").Draw(f.t, "name"), Accept: rapid.Bool().Draw(f.t, "waits"), Consent: from.consent(0),
	}
	f.want(f.model.send(c), catalogue.TransferCreate, c)
}

// transfer picks one, one that waits if there is any, mostly.
func (f *sending) transfer() *secondTransfer {
	var waiting []*secondTransfer
	for _, t := range f.model.transfers {
		if t.state == "WAITING" {
			waiting = append(waiting, t)
		}
	}
	if len(waiting) == 0 || rapid.IntRange(0, 5).Draw(f.t, "any") == 0 {
		waiting = f.model.transfers
	}
	if len(waiting) == 0 {
		return nil
	}
	return rapid.SampledFrom(waiting).Draw(f.t, "transfer")
}

func (f *sending) answer() {
	t := f.transfer()
	if t == nil {
		return
	}
	by := f.holder("by")
	if rapid.IntRange(0, 5).Draw(f.t, "the payee") != 0 {
		for _, h := range f.holders {
			if h.uid == t.payee {
				by = h
			}
		}
	}
	if rapid.Bool().Draw(f.t, "accept") {
		f.want(f.model.answer(t, by.uid, "DONE"), catalogue.TransferAccept, &pb.TransferAccept{Id: uint64(t.id), Uid: by.uid, Consent: by.consent(0)})
		return
	}
	f.want(f.model.answer(t, by.uid, "DECLINED"), catalogue.TransferDecline, &pb.TransferDecline{Id: uint64(t.id), Uid: by.uid, Consent: by.consent(0)})
}

func (f *sending) throw() {
	from := f.holder("from")
	c := &pb.PacketCreate{
		Payer: from.uid, ClientId: rapid.StringMatching("[a-d][0-9]").Draw(f.t, "name"), Count: rapid.SampledFrom([]uint32{1, 2, 3, 4, 7}).Draw(f.t, "shares"),
		Total: rapid.SampledFrom([]int64{1, 3, 4, 100, 777, 20_000}).Draw(f.t, "total"), Currency: money.CNY,
		Lucky: rapid.Bool().Draw(f.t, "lucky"), Consent: from.consent(0),
	}
	if rapid.IntRange(0, 3).Draw(f.t, "to one") == 0 {
		c.To = f.holder("to").uid
	} else {
		link := sha256.Sum256([]byte{byte(rapid.IntRange(1, 2).Draw(f.t, "link"))})
		c.Link = link[:]
	}
	seed := filled(32, byte(len(f.model.packets)))
	if c.Lucky {
		c.Commitment, c.KeyId = sha(seed), "packets-1"
	}
	f.want(f.model.throw(c, seed), catalogue.PacketCreate, c)
}

// packet picks one, one that is open if there is any, mostly.
func (f *sending) packet() *secondPacket {
	var open []*secondPacket
	for _, p := range f.model.packets {
		if p.state == "OPEN" {
			open = append(open, p)
		}
	}
	if len(open) == 0 || rapid.IntRange(0, 4).Draw(f.t, "any") == 0 {
		open = f.model.packets
	}
	if len(open) == 0 {
		return nil
	}
	return rapid.SampledFrom(open).Draw(f.t, "packet")
}

func (f *sending) grab() {
	p := f.packet()
	if p == nil {
		return
	}
	by := f.holder("by")
	c := &pb.PacketClaim{
		Packet: uint64(p.id), Uid: by.uid, Link: []byte(p.link), Lot: p.lot(by.uid), Consent: by.consent(0),
		Nonce: filled(packet.NonceSize, byte(rapid.IntRange(0, 255).Draw(f.t, "nonce"))),
	}
	switch rapid.IntRange(0, 19).Draw(f.t, "honest") {
	case 0:
		c.Lot = filled(32, 7) // a node makes it up
	case 1:
		c.Link = filled(32, 9)
	}
	out := f.model.grab(p, c)
	res := f.want(out, catalogue.PacketClaim, c)
	if s, ok := res.Body.(*pb.PacketShare); ok && out == code.OK && s.Amount != p.share(by.uid) {
		f.t.Fatalf("share %v of packet %d, the second bookkeeper has %d", s, p.id, p.share(by.uid))
	}
}

func (f *sending) reveal() {
	p := f.packet()
	if p == nil {
		return
	}
	seed := p.seed
	if rapid.IntRange(0, 4).Draw(f.t, "right") == 0 {
		seed = filled(32, 99)
	}
	f.want(f.model.reveal(p, seed), catalogue.PacketReveal, &pb.PacketReveal{Packet: uint64(p.id), Seed: seed})
}

func (f *sending) runTick() {
	due := false
	_ = f.p.Read(func(r table.Reader) error {
		head, _ := machine.Head(r)
		due = machine.TickDue(r, head, f.now)
		return nil
	})
	out, expired := f.model.tick(), f.model.expire()
	if due || expired {
		out = code.OK
	}
	f.want(out, catalogue.Tick, &pb.Tick{})
}

// compare looks at all that both bookkeepers keep.
func (f *sending) compare() {
	f.flow.compare()
	_ = f.p.Read(func(r table.Reader) error {
		n := 0
		transfer.Scan(r, func(t *pb.PersonTransfer) bool {
			m := f.model.transfers[n]
			if n++; m.name != fmt.Sprintf("%d/%s", t.Payer, t.ClientId) || m.amount != t.Amount || m.payee != t.Payee || m.state != stateName(t.State.String()) {
				f.t.Fatalf("transfer %v, the second bookkeeper has %+v", t, m)
			}
			return true
		})
		packets := 0
		packet.Scan(r, func(p *pb.Packet) bool {
			packets++
			f.comparePacket(r, p, f.model.packets[packets-1])
			return true
		})
		if n != len(f.model.transfers) || packets != len(f.model.packets) {
			f.t.Fatalf("%d transfers and %d packets, the second bookkeeper has %d and %d", n, packets, len(f.model.transfers), len(f.model.packets))
		}
		return nil
	})
}

func (f *sending) comparePacket(r table.Reader, p *pb.Packet, m *secondPacket) {
	if m.state != stateName(p.State.String()) || int(p.Taken) != len(m.shares) || p.Total-p.Paid != m.rest() || (len(p.Seed) > 0) != m.shown {
		f.t.Fatalf("packet %v, the second bookkeeper has %+v", p, m)
	}
	if m.shown && int(p.FalseShares) != m.untrue {
		f.t.Fatalf("packet %d counts %d shares that a node made up, the second bookkeeper %d", p.Id, p.FalseShares, m.untrue)
	}
	for i, s := range packet.Shares(r, p.Id) {
		if s.Uid != m.shares[i].uid || s.Amount != m.shares[i].amount {
			f.t.Fatalf("packet %d: share %v, the second bookkeeper has %v", p.Id, s, m.shares[i])
		}
	}
}

// TestRandomSending: no money is made or lost between people, and none is left in
// escrow for what has ended, whatever comes in whatever order.
func TestRandomSending(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := newSending(t)
		t.Repeat(map[string]func(*rapid.T){
			"":         func(*rapid.T) { f.compare() },
			"wait":     func(*rapid.T) { f.wait() },
			"limit":    func(*rapid.T) { f.limit() },
			"send":     func(*rapid.T) { f.send() },
			"send 2":   func(*rapid.T) { f.send() },
			"answer 2": func(*rapid.T) { f.answer() },
			"answer":   func(*rapid.T) { f.answer() },
			"throw":    func(*rapid.T) { f.throw() },
			"grab":     func(*rapid.T) { f.grab() },
			"grab 2":   func(*rapid.T) { f.grab() },
			"grab 3":   func(*rapid.T) { f.grab() },
			"reveal":   func(*rapid.T) { f.reveal() },
			"tick":     func(*rapid.T) { f.runTick() },
			"reopen":   func(*rapid.T) { f.reopen() },
		})
		f.regroup()
	})
}
