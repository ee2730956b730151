// Package packetfile is a red packet as a file that anyone can check: what `holdfast
// packet verify` reads, and what an API hands to those who took part. It is JSON:
//
//	{"format": "holdfast-packet/1", "packet": 12, "kind": "lucky", "count": 3, "total": 1000,
//	 "commitment": HEX, "seed": HEX, "chain": HEX, "taken": 3, "paid": 1000, "best": 537, "luckiest": 4,
//	 "shares": [{"number": 1, "person": 2, "amount": 85, "nonce": HEX}, ...]}
//
// Amounts are in fen. seed is missing until the packet has ended and its seed was
// shown; commitment, seed, chain, best, luckiest and nonces are those of lucky
// packets. Neither payer nor words are in it.
package packetfile

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
)

// Format is what the first field says.
const Format = "holdfast-packet/1"

// MaxSize is more than a file of the largest packet has, in bytes.
const MaxSize = 1 << 20

const (
	lucky = "lucky"
	equal = "equal"
)

// hexBytes are bytes that stand in JSON as lower-case hexadecimal digits.
type hexBytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(b)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

type file struct {
	Format     string   `json:"format"`
	Packet     uint64   `json:"packet"`
	Kind       string   `json:"kind"`
	Count      uint32   `json:"count"`
	Total      int64    `json:"total"`
	Commitment hexBytes `json:"commitment,omitempty"`
	Seed       hexBytes `json:"seed,omitempty"`
	Chain      hexBytes `json:"chain,omitempty"`
	Taken      uint32   `json:"taken"`
	Paid       int64    `json:"paid"`
	Best       int64    `json:"best,omitempty"`
	Luckiest   uint64   `json:"luckiest,omitempty"`
	Shares     []share  `json:"shares"`
}

type share struct {
	Number uint32   `json:"number"`
	Person uint64   `json:"person"`
	Amount int64    `json:"amount"`
	Nonce  hexBytes `json:"nonce,omitempty"`
}

// Encode writes a packet and its shares.
func Encode(p *pb.Packet, taken []*pb.PacketShare) ([]byte, error) {
	f := file{
		Format: Format, Packet: p.Id, Kind: equal, Count: p.Count, Total: p.Total, Commitment: p.Commitment, Seed: p.Seed, Chain: p.Chain,
		Taken: p.Taken, Paid: p.Paid, Best: p.Best, Luckiest: p.BestUid, Shares: []share{},
	}
	if p.Lucky {
		f.Kind = lucky
	}
	for _, s := range taken {
		f.Shares = append(f.Shares, share{s.Number, s.Uid, s.Amount, s.Nonce})
	}
	text, err := json.MarshalIndent(f, "", "  ")
	return append(text, '\n'), err
}

// Decode reads what Encode wrote. It refuses what it does not know: a field that is
// passed over could change what a reader takes the file to say.
func Decode(text []byte) (*pb.Packet, []*pb.PacketShare, error) {
	var f file
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, nil, fmt.Errorf("read a packet: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("read a packet: there is more after its end")
	}
	switch {
	case f.Format != Format:
		return nil, nil, fmt.Errorf("read a packet: its format is %q, this version reads %q", f.Format, Format)
	case f.Kind != lucky && f.Kind != equal:
		return nil, nil, fmt.Errorf("read a packet: its kind is %q, it must be lucky or equal", f.Kind)
	case len(f.Shares) > packet.MaxShares:
		return nil, nil, fmt.Errorf("read a packet: it has %d shares, at most %d are possible", len(f.Shares), packet.MaxShares)
	}
	p := &pb.Packet{
		Id: f.Packet, Lucky: f.Kind == lucky, Count: f.Count, Total: f.Total, Commitment: f.Commitment, Seed: f.Seed, Chain: f.Chain,
		Taken: f.Taken, Paid: f.Paid, Best: f.Best, BestUid: f.Luckiest,
	}
	var taken []*pb.PacketShare
	for _, s := range f.Shares {
		taken = append(taken, &pb.PacketShare{Packet: f.Packet, Uid: s.Person, Number: s.Number, Amount: s.Amount, Nonce: s.Nonce})
	}
	return p, taken, nil
}
