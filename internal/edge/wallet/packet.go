package wallet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/packetfile"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// linkSize is the length of the secret in a packet's link, in bytes.
const linkSize = 16

// ThrowPacket implements WalletService.
func (s *Server) ThrowPacket(ctx context.Context, q *connect.Request[pb.ThrowPacketRequest]) (*connect.Response[pb.PacketView], error) {
	who, m := from(ctx), q.Msg
	c := &pb.PacketCreate{
		Payer: who.uid, ClientId: m.ClientId, Count: m.Count, Total: m.Total, Currency: money.CNY, Lucky: m.Lucky, Consent: who.consent(m.Grant),
	}
	token, err := s.linkToken(ctx, who.uid, m.ClientId)
	if err != nil {
		return nil, err
	}
	if m.Payee == "" {
		c.Link = hashed(token)
	} else if c.To, err = s.payee(ctx, m.Payee, m.Total); err != nil {
		return nil, err
	}
	if m.Lucky {
		seed, id, err := s.seed(ctx, "", who.uid, m.ClientId)
		if err != nil {
			return nil, err
		}
		c.Commitment, c.KeyId = packet.Commitment(seed), id
	}
	if c.Words, err = s.memo(ctx, m.Words, who.uid, c.To); err != nil {
		return nil, err
	}
	p, err := do(ctx, s, packet.Create, c)
	if err != nil {
		return nil, err
	}
	return s.packetView(ctx, s.readOwn, p.Id)
}

// linkToken is the secret in a packet's link. It is made, not stored, so that the
// payer gets it again whenever they ask.
func (s *Server) linkToken(ctx context.Context, payer uint64, clientID string) (string, error) {
	mac, err := s.Personal.Tag(ctx, "packet link", strconv.FormatUint(payer, 10)+" "+clientID)
	if err != nil {
		return "", s.fail(from(ctx), "make a packet's link", err)
	}
	return hex.EncodeToString(mac[:linkSize]), nil
}

// hashed is what a packet's row knows of its link.
func hashed(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// seed is a lucky packet's.
func (s *Server) seed(ctx context.Context, keyID string, payer uint64, clientID string) (seed []byte, named string, err error) {
	key, named, err := s.Personal.PacketKey(ctx, keyID)
	if err != nil {
		return nil, "", s.fail(from(ctx), "seed a packet", err)
	}
	return packet.SeedOf(key, payer, clientID), named, nil
}

// OpenPacket implements WalletService.
func (s *Server) OpenPacket(ctx context.Context, q *connect.Request[pb.OpenPacketRequest]) (*connect.Response[pb.PacketView], error) {
	who := from(ctx)
	p, link, err := s.find(ctx, q.Msg.Link)
	if err != nil {
		return nil, err
	}
	c := &pb.PacketClaim{Packet: p.Id, Uid: who.uid, Link: link, Nonce: q.Msg.Nonce, Consent: who.consent(0)}
	if p.Lucky {
		seed, _, err := s.seed(ctx, p.KeyId, p.Payer, p.ClientId)
		if err != nil {
			return nil, err
		}
		c.Lot = packet.Lot(seed, who.uid)
	}
	if _, err := do(ctx, s, packet.Claim, c); err != nil {
		return nil, err
	}
	return s.packetView(ctx, s.readOwn, p.Id)
}

// ShowPacket implements WalletService.
func (s *Server) ShowPacket(ctx context.Context, q *connect.Request[pb.ShowPacketRequest]) (*connect.Response[pb.PacketView], error) {
	p, _, err := s.find(ctx, q.Msg.Link)
	if err != nil {
		return nil, err
	}
	if packet.Unrevealed(p) { // and the Revealer has not come by yet
		seed, _, err := s.seed(ctx, p.KeyId, p.Payer, p.ClientId)
		if err != nil {
			return nil, err
		}
		if _, err := do(ctx, s, packet.Reveal, &pb.PacketReveal{Packet: p.Id, Seed: seed}); err != nil {
			return nil, err
		}
	}
	return s.packetView(ctx, s.read, p.Id)
}

// find reads a link, PACKET.TOKEN or PACKET, and finds the packet for whoever may
// know of it: the payer, the one it is for, those who hold the link.
func (s *Server) find(ctx context.Context, given string) (p *pb.Packet, link []byte, err error) {
	number, token, linked := strings.Cut(given, ".")
	id, nerr := strconv.ParseUint(number, 10, 64)
	if linked {
		link = hashed(token)
	}
	err = s.read(ctx, "find a packet", func(r table.Reader) error {
		who := from(ctx)
		if _, _, out := own(r, who); out != code.OK {
			return out.Err()
		}
		found, ok := packet.Get(r, id)
		if nerr != nil || !ok || !(who.uid == found.Payer || found.To == who.uid || linked && found.To == 0 && string(link) == string(found.Link)) {
			return &code.Error{Code: code.PacketNotFound}
		}
		p = found
		return nil
	})
	return p, link, err
}

// reading is read, or readOwn.
type reading func(ctx context.Context, doing string, f func(r table.Reader) error) error

// packetView is a packet as the caller sees it. What shows that the shares are right comes
// when it has ended.
func (s *Server) packetView(ctx context.Context, read reading, id uint64) (*connect.Response[pb.PacketView], error) {
	who, v := from(ctx), &pb.PacketView{Packet: id}
	var p *pb.Packet
	if err := read(ctx, "show a packet", func(r table.Reader) (err error) {
		p, _ = packet.Get(r, id)
		shares := packet.Shares(r, id)
		v.Taken = make([]*pb.PacketTaken, 0, len(shares))
		for _, one := range shares {
			v.Taken = append(v.Taken, &pb.PacketTaken{Name: personal.Masked(r, s.Personal, one.Uid), Amount: one.Amount, At: one.At, Luckiest: p.BestUid == one.Uid && ended(p)})
			if one.Uid == who.uid {
				v.Mine = one.Amount
			}
		}
		v.Words = s.words(r, p)
		if ended(p) {
			v.Proof, err = packetfile.Encode(p, shares)
		}
		return err
	}); err != nil {
		return nil, err
	}
	v.State = rpc.Word(p.State)
	v.Count, v.Total, v.Lucky, v.Until = p.Count, p.Total, p.Lucky, packet.OpenUntil(p)
	return s.withLink(ctx, p, v)
}

// words are what the payer wrote, for whoever may see the packet: "" where they can't be
// opened, as after the payer was erased.
func (s *Server) words(r table.Reader, p *pb.Packet) string {
	payer, ok := person.Get(r, p.Payer)
	if !ok || p.Words == nil {
		return ""
	}
	words, _ := s.Personal.OpenMemo(p.Words, payer)
	return words
}

// withLink adds the link for the payer.
func (s *Server) withLink(ctx context.Context, p *pb.Packet, v *pb.PacketView) (*connect.Response[pb.PacketView], error) {
	if p.Payer != from(ctx).uid {
		return answer(v)
	}
	var err error
	if v.Link, err = s.linkOf(ctx, p); err != nil {
		return nil, err
	}
	return answer(v)
}

// linkOf is what the payer shares.
func (s *Server) linkOf(ctx context.Context, p *pb.Packet) (string, error) {
	number := strconv.FormatUint(p.Id, 10)
	if p.To != 0 {
		return number, nil
	}
	token, err := s.linkToken(ctx, p.Payer, p.ClientId)
	return number + "." + token, err
}

func ended(p *pb.Packet) bool { return p.State != pb.PacketState_PACKET_STATE_OPEN }
