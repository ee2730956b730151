package machine_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// sent is the second bookkeeper's account of transfers and red packets, written from
// docs/concepts/transfers.md and red-packets.md.
type sent struct {
	*second
	transfers []*secondTransfer // by number, from 1
	packets   []*secondPacket
}

type secondTransfer struct {
	id           int
	name         string // "payer/client id"
	content      string
	payer, payee uint64
	amount       int64
	state        string
	made, due    int64
}

type secondPacket struct {
	id      int
	name    string
	content string
	payer   uint64
	to      uint64
	link    string
	lucky   bool
	count   int64
	total   int64
	seed    []byte
	state   string
	made    int64
	due     int64
	shares  []secondShare
	chain   []byte
	shown   bool
	untrue  int
}

type secondShare struct {
	uid    uint64
	amount int64
}

func escrowOf(kind string, id int) string { return fmt.Sprintf("escrow/%s/%d", kind, id) }

// open moves money into an escrow account that is made for it.
func (s *sent) open(from, escrow string, amount int64) code.Code {
	s.accounts[escrow] = &secondAccount{strict: true}
	out := s.move(from, escrow, amount)
	if out != code.OK {
		delete(s.accounts, escrow)
	}
	return out
}

// give moves money out of escrow; an empty account is gone.
func (s *sent) give(escrow, to string, amount int64, last bool) code.Code {
	out := s.move(escrow, to, amount)
	if out == code.OK && last {
		delete(s.accounts, escrow)
	}
	return out
}

func (s *sent) send(c *pb.TransferCreate) code.Code {
	name, content := fmt.Sprintf("%d/%s", c.Payer, c.ClientId), fmt.Sprint(c.Payee, c.Amount, c.Accept)
	switch {
	case c.Amount <= 0:
		return code.AmountMustBePositive
	case c.Payer == c.Payee:
		return code.TransferToSelf
	}
	for _, t := range s.transfers {
		if t.name == name && t.content == content {
			return code.OK
		} else if t.name == name {
			return code.TransferExists
		}
	}
	t := &secondTransfer{id: len(s.transfers) + 1, name: name, content: content, payer: c.Payer, payee: c.Payee, amount: c.Amount, state: "DONE", made: s.now}
	var out code.Code
	if c.Accept {
		t.state, t.due = "WAITING", s.now+day
		out = s.open(user(c.Payer), escrowOf("transfer", t.id), c.Amount)
	} else {
		out = s.move(user(c.Payer), user(c.Payee), c.Amount)
	}
	if out == code.OK {
		s.transfers = append(s.transfers, t)
	}
	return out
}

// answer accepts ("DONE") or declines ("DECLINED") a transfer, or expires it.
func (s *sent) answer(t *secondTransfer, by uint64, so string) code.Code {
	switch {
	case by != t.payee:
		return code.TransferNotFound
	case t.state == so:
		return code.OK
	case t.state != "WAITING" || s.now >= t.made+day: // also while the way back is tried again
		return code.TransferEnded
	}
	return s.end(t, so)
}

func (s *sent) end(t *secondTransfer, so string) code.Code {
	to := t.payer
	if so == "DONE" {
		to = t.payee
	}
	out := s.give(escrowOf("transfer", t.id), user(to), t.amount, true)
	if out == code.OK {
		t.state = so
	}
	return out
}

func (s *sent) throw(c *pb.PacketCreate, seed []byte) code.Code {
	name, content := fmt.Sprintf("%d/%s", c.Payer, c.ClientId), fmt.Sprint(c.Count, c.Total, c.Lucky, c.To, string(c.Link))
	switch {
	case c.To != 0 && c.Count != 1:
		return code.PacketSharesInvalid
	case c.To == c.Payer:
		return code.TransferToSelf
	case c.Total < int64(c.Count):
		return code.PacketBelowOneFen
	case c.Total > 20_000*int64(c.Count):
		return code.PacketTooLarge
	}
	for _, p := range s.packets {
		if p.name == name && p.content == content {
			return code.OK
		} else if p.name == name {
			return code.PacketExists
		}
	}
	p := &secondPacket{
		id: len(s.packets) + 1, name: name, content: content, payer: c.Payer, to: c.To, link: string(c.Link), lucky: c.Lucky, count: int64(c.Count),
		total: c.Total, seed: seed, state: "OPEN", made: s.now, due: s.now + day, chain: sha(seed),
	}
	out := s.open(user(c.Payer), escrowOf("redpacket", p.id), c.Total)
	if out == code.OK {
		s.packets = append(s.packets, p)
	}
	return out
}

func sha(parts ...[]byte) []byte {
	sum := sha256.Sum256(bytes.Join(parts, nil))
	return sum[:]
}

func (p *secondPacket) rest() (rest int64) {
	rest = p.total
	for _, s := range p.shares {
		rest -= s.amount
	}
	return rest
}

// lot is what a node makes for a person.
func (p *secondPacket) lot(uid uint64) []byte {
	mac := hmac.New(sha256.New, p.seed)
	mac.Write([]byte("holdfast/packet-lot/1"))
	mac.Write(binary.BigEndian.AppendUint64(nil, uid))
	return mac.Sum(nil)
}

// next is the share that comes next, with the lot that the command says.
func (p *secondPacket) next(lot []byte) int64 {
	left, rest := p.count-int64(len(p.shares)), p.rest()
	switch {
	case left == 1:
		return rest
	case !p.lucky && int64(len(p.shares)) < p.total%p.count:
		return p.total/p.count + 1
	case !p.lucky:
		return p.total / p.count
	}
	draw := new(big.Int).SetBytes(sha([]byte("holdfast/packet-draw/1"), lot, p.chain)[:8])
	draw.Mul(draw, big.NewInt(2*rest/left-1))
	return 1 + draw.Rsh(draw, 64).Int64()
}

func (p *secondPacket) share(uid uint64) (amount int64) {
	for _, s := range p.shares {
		if s.uid == uid {
			amount = s.amount
		}
	}
	return amount
}

func (s *sent) grab(p *secondPacket, c *pb.PacketClaim) code.Code {
	switch {
	case p.share(c.Uid) > 0:
		return code.OK
	case p.to != 0 && p.to != c.Uid, p.link != string(c.Link):
		return code.PacketNotFound
	case p.state == "TAKEN":
		return code.PacketTaken
	case p.state != "OPEN" || s.now >= p.made+day:
		return code.PacketExpired
	}
	amount := p.next(c.Lot)
	out := s.give(escrowOf("redpacket", p.id), user(c.Uid), amount, int64(len(p.shares))+1 == p.count)
	if out != code.OK {
		return out
	}
	if p.lucky && amount != p.next(p.lot(c.Uid)) {
		p.untrue++
	}
	p.shares = append(p.shares, secondShare{c.Uid, amount})
	p.chain = sha([]byte("holdfast/packet-chain/1"), p.chain, c.Nonce)
	if int64(len(p.shares)) == p.count {
		p.state = "TAKEN"
	}
	return code.OK
}

func (s *sent) reveal(p *secondPacket, seed []byte) code.Code {
	switch {
	case !p.lucky:
		return code.NothingToDo
	case p.state == "OPEN":
		return code.PacketOpen
	case !bytes.Equal(seed, p.seed):
		return code.SeedMismatch
	}
	p.shown = true
	return code.OK
}

// expire does what is due, in the order of its time; of the same time transfers come
// first, and then in the order of their numbers.
func (s *sent) expire() (done bool) {
	type item struct {
		at     int64
		kind   int
		id     int
		expire func() code.Code
		later  func(at int64)
	}
	var items []item
	for _, t := range s.transfers {
		if t.state == "WAITING" && t.due <= s.now {
			end := func() code.Code { return s.endLate(t) }
			items = append(items, item{t.due, 13, t.id, end, func(at int64) { t.due = at }})
		}
	}
	for _, p := range s.packets {
		if p.state == "OPEN" && p.due <= s.now {
			items = append(items, item{p.due, 14, p.id, func() code.Code { return s.back(p) }, func(at int64) { p.due = at }})
		}
	}
	slices.SortFunc(items, func(a, b item) int {
		switch {
		case a.at != b.at:
			return int(max(-1, min(1, a.at-b.at)))
		case a.kind != b.kind:
			return a.kind - b.kind
		}
		return a.id - b.id
	})
	for _, i := range items {
		if i.expire() != code.OK {
			i.later(s.now + hour)
		}
	}
	return len(items) > 0
}

func (s *sent) endLate(t *secondTransfer) code.Code { return s.end(t, "EXPIRED") }

func (s *sent) back(p *secondPacket) code.Code {
	out := s.give(escrowOf("redpacket", p.id), user(p.payer), p.rest(), true)
	if out == code.OK {
		p.state = "EXPIRED"
	}
	return out
}
