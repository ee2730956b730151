package storytest

import (
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// sealedText reads memo=.. or words=..; "broken" is text without its hash.
func sealedText(l *line, option string) *pb.Sealed {
	text, ok := l.options[option]
	if !ok {
		return nil
	}
	s := &pb.Sealed{KeyId: keyName("K9"), Box: []byte("box of " + text + strconv.Itoa(l.number)), Hash: digest("text", text)[:16]}
	if text == "broken" {
		s.Hash = nil
	}
	return s
}

func transferCreate(s *player, l *line) (table.Record, error) {
	payer, err := s.uid(l.arg(0))
	payee, err2 := s.uid(l.arg(1))
	fen, err3 := amount(l.arg(2))
	by, err4 := consent(l)
	return &pb.TransferCreate{
		Payer: payer, Payee: payee, Amount: fen, Currency: currency(l), ClientId: l.arg(3), Memo: sealedText(l, "memo"), Accept: l.has("waits"), Consent: by,
	}, errors.Join(err, err2, err3, err4)
}

func transferAccept(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(1))
	t, err2 := s.transfer(l.arg(0))
	by, err3 := consent(l)
	return &pb.TransferAccept{Id: t.GetId(), Uid: uid, Consent: by}, errors.Join(err, err2, err3)
}

func transferDecline(s *player, l *line) (table.Record, error) {
	body, err := transferAccept(s, l)
	a := body.(*pb.TransferAccept)
	return &pb.TransferDecline{Id: a.Id, Uid: a.Uid, Consent: a.Consent}, err
}

func payeeLookup(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	return &pb.PayeeLookup{Uid: uid, Device: deviceID(l.option("device", l.arg(0)[:1]+"1")), PhoneTag: tag(l.arg(1))}, err
}

func payeeHide(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	by, err2 := consent(l)
	return &pb.PayeeHide{Uid: uid, Hidden: !l.has("off"), Consent: by}, errors.Join(err, err2)
}

// transfer finds a transfer by PAYER/CLIENTID; nil when it is not there.
func (s *player) transfer(name string) (t *pb.PersonTransfer, err error) {
	payer, clientID, err := s.owned(name)
	return t, errors.Join(err, s.p.Read(func(r table.Reader) error {
		t, _ = transfer.ByClientID(r, payer, clientID)
		return nil
	}))
}

// owned splits PAYER/CLIENTID.
func (s *player) owned(name string) (payer uint64, clientID string, err error) {
	who, clientID, _ := strings.Cut(name, "/")
	payer, err = s.uid(who)
	return payer, clientID, err
}

// storyKey is where the seeds of the stories' packets come from.
var storyKey = digest("packets", "key")

// groupLink is SHA-256 of the token in a group's link.
func groupLink(name string) []byte {
	sum := sha256.Sum256([]byte("token " + name))
	return sum[:]
}

func packetCreate(s *player, l *line) (table.Record, error) {
	payer, err := s.uid(l.arg(0))
	fen, err2 := amount(l.arg(1))
	count, err3 := strconv.ParseUint(l.option("shares", "1"), 10, 32)
	by, err4 := consent(l)
	c := &pb.PacketCreate{
		Payer: payer, ClientId: l.arg(2), Total: fen, Count: uint32(count), Currency: currency(l), Lucky: l.has("lucky"), Words: sealedText(l, "words"), Consent: by,
	}
	if c.Lucky && !l.has("careless") {
		c.Commitment, c.KeyId = packet.Commitment(packet.SeedOf(storyKey, payer, c.ClientId)), "packets-1"
	}
	if name, ok := l.options["link"]; ok {
		c.Link = groupLink(name)
	}
	var err5 error
	if who, ok := l.options["to"]; ok {
		c.To, err5 = s.uid(who)
	}
	return c, errors.Join(err, err2, err3, err4, err5)
}

func packetClaim(s *player, l *line) (table.Record, error) {
	payer, clientID, err := s.owned(l.arg(0))
	uid, err2 := s.uid(l.arg(1))
	by, err3 := consent(l)
	p, err4 := s.packet(l.arg(0))
	c := &pb.PacketClaim{Packet: p.GetId(), Uid: uid, Consent: by, Nonce: digest("nonce", l.arg(1))[:packet.NonceSize]}
	if p.GetLucky() {
		c.Lot = packet.Lot(packet.SeedOf(storyKey, payer, clientID), uid)
	}
	if name, ok := l.options["link"]; ok {
		c.Link = groupLink(name)
	}
	switch l.option("without", "") {
	case "nonce":
		c.Nonce = nil
	case "lot":
		c.Lot = nil
	case "truth": // a node makes a lot up
		c.Lot = digest("lot", l.text)
	}
	return c, errors.Join(err, err2, err3, err4)
}

func packetReveal(s *player, l *line) (table.Record, error) {
	payer, clientID, err := s.owned(l.arg(0))
	p, err2 := s.packet(l.arg(0))
	c := &pb.PacketReveal{Packet: p.GetId(), Seed: packet.SeedOf(storyKey, payer, clientID)}
	if l.has("wrong") {
		c.Seed = digest("another", "seed")
	}
	return c, errors.Join(err, err2)
}

// packet finds a packet by PAYER/CLIENTID; nil when it is not there.
func (s *player) packet(name string) (p *pb.Packet, err error) {
	payer, clientID, err := s.owned(name)
	return p, errors.Join(err, s.p.Read(func(r table.Reader) error {
		p, _ = packet.ByClientID(r, payer, clientID)
		return nil
	}))
}

// findSent looks up what a see line names among transfers, packets and shares; nil
// when it is not there.
func (s *player) findSent(r table.Reader, l *line) any {
	if l.arg(0) == "transfer" {
		if t, err := s.transfer(l.arg(1)); err == nil && t != nil {
			return t
		}
		return nil
	}
	p, err := s.packet(l.arg(1))
	if err != nil || p == nil {
		return nil
	}
	if l.arg(0) == "packet" {
		return p
	}
	uid, err := s.uid(l.arg(2))
	if share, ok := packet.ShareOf(r, p.Id, uid); ok && err == nil {
		return share
	}
	return nil
}

func (s *player) describePacket(p *pb.Packet) map[string]string {
	return map[string]string{
		"id": num(p.Id), "state": word(p.State, "PACKET_STATE_"), "total": money.Format(p.Total), "taken": num(p.Taken), "paid": money.Format(p.Paid),
		"best": money.Format(p.Best), "luckiest": num(p.BestUid), "revealed": strconv.FormatBool(len(p.Seed) > 0), "false": num(p.FalseShares), "until": s.when(packet.OpenUntil(p)),
	}
}
