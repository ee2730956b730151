package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// Friends are people with wallets, F1 to F3, who send each other money and throw red
// packets. They are there where a run begins at transfer.Level or above.
const friends = 3

// friendUid is the uid of F1, F2 or F3.
func friendUid(name string) uint64 { return people + script.Number(name[1:]) }

func friendName(uid uint64) string { return fmt.Sprint("F", uid-people) }

func fill(size int, with byte) []byte { return bytes.Repeat([]byte{with}, size) }

func friendKey(n byte) []byte { return append([]byte{4}, fill(64, n)...) }

// friendCommands give each friend a wallet and plenty.
func friendCommands(level uint32) (list []*pb.Command) {
	if level < transfer.Level {
		return nil
	}
	list = append(list, catalogue.NewCommand(catalogue.LimitsSet, "sim", "", &pb.LimitsSet{
		Limits: &pb.Limits{Grade: 1, PerAct: 1 << 40, PerDay: 1 << 50, PerYear: 1 << 60, PerMinute: 1 << 30},
	}))
	for n := byte(1); n <= friends; n++ {
		tag := fill(wallet.TagSize, n)
		list = append(list,
			catalogue.NewCommand(catalogue.CodeSend, "sim", "", &pb.CodeSend{PhoneTag: tag, AddressTag: tag, Proof: tag, Key: tag[:wallet.KeySize]}),
			catalogue.NewCommand(catalogue.DeviceEnrol, "sim", "", &pb.DeviceEnrol{
				PhoneTag: tag, Proof: tag, PublicKey: friendKey(n), Label: "phone",
				Details: &pb.Sealed{KeyId: hex.EncodeToString(friendKeys()[n-1].Id), Box: fill(40, n), Hash: fill(16, n)},
			}),
			catalogue.NewCommand(catalogue.PersonTopup, "sim", "", &pb.PersonTopup{
				Uid: people + uint64(n), Amount: openFen, Currency: money.CNY, Ref: fmt.Sprint("open-F", n), Line: "demo",
			}))
	}
	return list
}

// between is what friends were told of the money between them: the checker's own
// books, kept from answers alone.
type between struct {
	counters [friends + 1]uint64 // of each friend's device
	asked    map[string]bool
	payers   map[string]uint64   // by transfer
	sent     map[string]sending  // by transfer: as it is first asked for
	thrown   map[string]throwing // by packet
	ids      map[string]uint64   // of transfers and packets, once an answer told
	over     map[string]bool     // asking for it has come to an end, with or without an answer that told
	done     map[string]string   // by transfer: what it became, of what was acknowledged
	shares   map[string]map[uint64]int64
}

type sending struct {
	from, to uint64
	amount   int64
	waits    bool
}

type throwing struct {
	from         uint64
	count, total int64
	lucky        bool
	seed         []byte
}

func newBetween() between {
	return between{
		asked: map[string]bool{}, payers: map[string]uint64{}, sent: map[string]sending{}, thrown: map[string]throwing{}, ids: map[string]uint64{}, over: map[string]bool{},
		done: map[string]string{}, shares: map[string]map[uint64]int64{},
	}
}

// consent is what a friend's device signs for one act: the same for all tries.
func (b *between) consent(uid uint64) *pb.Consent {
	b.counters[uid-people]++
	return consentOf(uid, b.counters[uid-people]+consentsBefore)
}

// consentsBefore is how many of each friend's were used when the run began.
const consentsBefore = 2 + shopsBefore

// consentOf is a consent with a counter.
func consentOf(uid, counter uint64) *pb.Consent {
	n := byte(uid - people)
	return &pb.Consent{Device: wallet.DeviceID(friendKey(n)), Counter: counter, Signed: fill(32, n), Signature: fill(64, n)}
}

var simLink = sha256.Sum256([]byte("friends"))

// again is the identity of a try: always the same, but for a driver that loses it.
func (c *clients) again(name string) string {
	if c.w.broken.losesIdentity {
		return fmt.Sprintf("%s-%d", name, c.w.chance.Uint32())
	}
	return name
}

func (c *clients) send(r *request, step script.Step) {
	who, name := step.All("FRIEND"), step.Arg("TRANSFER")
	s := sending{friendUid(who[0]), friendUid(who[1]), r.in.amount, step.Has("waits")}
	r.in.order, r.in.uid, r.in.key = name, s.from, fmt.Sprint(s.to, s.waits)
	c.friends.asked[name], c.friends.payers[name] = true, s.from
	consent := c.friends.consent(s.from)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.TransferCreate, "wallet", "", &pb.TransferCreate{
			Payer: s.from, Payee: s.to, Amount: s.amount, Currency: money.CNY, ClientId: c.again(name), Accept: s.waits, Consent: consent,
		})
	}
	r.told = func(out output) {
		c.friends.over[name] = true
		if _, known := c.friends.sent[name]; out.code == code.OK && !known {
			c.friends.sent[name] = s
		}
	}
}

func (c *clients) answer(r *request, step script.Step) {
	name := step.Arg("TRANSFER")
	r.in.order, r.in.key = name, step.Words[2]
	r.ready = func() bool { return c.friends.ids[name] != 0 }
	r.hopeless = func() bool { return c.friends.over[name] && c.friends.ids[name] == 0 }
	var consent *pb.Consent
	r.command = func() *pb.Command {
		id, payee := c.friends.ids[name], c.friends.sent[name].to
		if consent == nil {
			consent = c.friends.consent(payee)
		}
		if r.in.key == "accept" {
			return catalogue.NewCommand(catalogue.TransferAccept, "wallet", "", &pb.TransferAccept{Id: id, Uid: payee, Consent: consent})
		}
		return catalogue.NewCommand(catalogue.TransferDecline, "wallet", "", &pb.TransferDecline{Id: id, Uid: payee, Consent: consent})
	}
	r.told = func(out output) {
		if out.code == code.OK && c.friends.sent[name].waits {
			c.friends.done[name] = r.in.key
		}
	}
}

func (c *clients) throw(r *request, step script.Step) {
	name := step.Arg("PACKET")
	t := throwing{friendUid(step.Arg("FRIEND")), int64(script.Number(step.Arg("NUMBER"))), r.in.amount, step.Has("lucky"), packet.SeedOf(fill(32, 7), 0, name)}
	r.in.order, r.in.uid, r.in.key = name, t.from, fmt.Sprint(t.count, t.lucky)
	c.friends.asked[name] = true
	consent := c.friends.consent(t.from)
	r.command = func() *pb.Command {
		p := &pb.PacketCreate{
			Payer: t.from, ClientId: c.again(name), Count: uint32(t.count), Total: t.total, Currency: money.CNY, Lucky: t.lucky, Link: simLink[:], Consent: consent,
		}
		if t.lucky {
			p.Commitment, p.KeyId = packet.Commitment(t.seed), "packets-1"
		}
		return catalogue.NewCommand(catalogue.PacketCreate, "wallet", "", p)
	}
	r.told = func(out output) {
		c.friends.over[name] = true
		if _, known := c.friends.thrown[name]; out.code == code.OK && !known {
			c.friends.thrown[name] = t
		}
	}
}

func (c *clients) grab(r *request, step script.Step) {
	name, uid := step.Arg("PACKET"), friendUid(step.Arg("FRIEND"))
	r.in.order, r.in.uid = name, uid
	r.ready = func() bool { return c.friends.ids[name] != 0 }
	r.hopeless = func() bool { return c.friends.over[name] && c.friends.ids[name] == 0 }
	consent := c.friends.consent(uid)
	r.command = func() *pb.Command {
		lot := packet.Lot(c.friends.thrown[name].seed, uid)
		if c.w.broken.makesUpLots {
			lot = fill(32, byte(c.w.chance.Uint32()))
		}
		return catalogue.NewCommand(catalogue.PacketClaim, "wallet", "", &pb.PacketClaim{
			Packet: c.friends.ids[name], Uid: uid, Link: simLink[:], Nonce: fill(packet.NonceSize, byte(consent.Counter)), Lot: lot, Consent: consent,
		})
	}
	r.told = func(out output) {
		if out.code != code.OK {
			return
		}
		if c.friends.shares[name] == nil {
			c.friends.shares[name] = map[uint64]int64{}
		}
		c.friends.shares[name][uid] = out.amount
	}
}

// learn notes what an answer shows of money between friends.
func (b *between) learn(name string, a answer, out *output) {
	switch rec := a.body.(type) {
	case *pb.PersonTransfer:
		if a.code == code.OK {
			b.ids[name] = rec.GetId()
		}
	case *pb.Packet:
		if a.code == code.OK {
			b.ids[name] = rec.GetId()
		}
	case *pb.PacketShare:
		out.amount = rec.GetAmount()
	}
}

// friendly are the verbs about money between friends.
var friendly = map[string]bool{"send": true, "answer": true, "throw": true, "grab": true}

// pact is a transfer or a packet as the checker's own bookkeeper has it.
type pact struct {
	content string // "" when it is not there
	// became is what a transfer became: "", "accept" or "decline".
	became string
	// takers are "4=35 6=?" in the order in which they took, ? while no answer told.
	takers string
	count  int
}

func (p pact) step(in input, out output, unknown bool) (bool, book) {
	want, next := p.expect(in, out.amount)
	return unknown || out.code == want, next
}

// expect is what a request about money between friends gets, and what the pact is
// after it. seen is what the answer says, 0 when there is none.
func (p pact) expect(in input, seen int64) (code.Code, pact) {
	next := p
	switch in.verb {
	case "send", "throw":
		content := fmt.Sprint(in.uid, in.amount, " ", in.key)
		switch {
		case p.content == content:
			return code.OK, p
		case p.content != "" && in.verb == "send":
			return code.TransferExists, p
		case p.content != "":
			return code.PacketExists, p
		}
		next.content = content
		first, second, _ := strings.Cut(in.key, " ")
		if in.verb == "throw" {
			next.count, _ = strconv.Atoi(first)
		} else if second == "false" {
			next.became = "accept"
		}
		return code.OK, next
	case "answer":
		switch {
		case p.content == "":
			return code.TransferNotFound, p
		case p.became == in.key:
			return code.OK, p
		case p.became != "":
			return code.TransferEnded, p
		}
		next.became = in.key
		return code.OK, next
	}
	return p.grab(in, seen)
}

func (p pact) grab(in input, seen int64) (code.Code, pact) {
	takers := strings.Fields(p.takers)
	who := fmt.Sprint(in.uid, "=")
	told := who + "?"
	if seen > 0 {
		told = fmt.Sprint(who, seen)
	}
	i := slices.IndexFunc(takers, func(t string) bool { return strings.HasPrefix(t, who) })
	switch {
	case i < 0 && len(takers) == p.count:
		return code.PacketTaken, p
	case i < 0:
		takers = append(takers, told)
	case takers[i] == who+"?":
		takers[i] = told
	case seen > 0 && takers[i] != told:
		return code.Internal, p // told another share than before
	}
	p.takers = strings.Join(takers, " ")
	return code.OK, p
}

// checkFriends: each friend has what the answers add up to, and every share of a
// lucky packet is the one that was drawn.
func (w *World) checkFriends(n *node, r table.Reader) {
	b := &w.clients.friends
	if w.began < transfer.Level {
		return
	}
	var want [friends + 1]int64
	for name, s := range b.sent { // order does not matter: a sum
		want[s.from-people] -= s.amount
		switch {
		case !s.waits, b.done[name] == "accept":
			want[s.to-people] += s.amount
		case b.done[name] == "decline":
			want[s.from-people] += s.amount
		}
	}
	for name, t := range b.thrown { // order does not matter: a sum
		want[t.from-people] -= t.total
		for uid, amount := range b.shares[name] { // order does not matter: a sum
			want[uid-people] += amount
		}
		w.checkPacket(n, r, name, t)
	}
	w.clients.tills.moved(&want)
	w.clients.shops.moved(&want)
	w.clients.codes.moved(&want)
	for i := uint64(1); i <= friends; i++ {
		a, _ := ledger.Get(r, ledger.UserBalance(people+i), money.CNY)
		if got := ledger.Balance(a) - openFen; got != want[i] {
			w.fail("money", "%s has %d fen more than at first for F%d, what was answered adds up to %d", n.name, got, i, want[i])
			return
		}
	}
}

func (w *World) checkPacket(n *node, r table.Reader, name string, t throwing) {
	p, ok := packet.Get(r, w.clients.friends.ids[name])
	if !ok || p.Total != t.total {
		w.fail("acknowledged", "%s does not have packet %s, which was acknowledged", n.name, name)
		return
	}
	if t.lucky {
		p.Seed = t.seed
	}
	if faults := packet.Verify(p, packet.Shares(r, p.Id)); len(faults) > 0 {
		w.fail("packets", "packet %s on %s: %s", name, n.name, faults[0])
	}
}
