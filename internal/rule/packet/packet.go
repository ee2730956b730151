// Package packet keeps red packets: money that one person puts in and others take
// their shares of, one share a person, for 24 hours. Who may take one is one person,
// or whoever holds the link that went to a group. The states are described at
// pb.PacketState.
//
// Shares are equal, or lucky: those are drawn as they are taken (share.go), from a
// seed that was committed to when the packet was made and from the nonces of those
// who took before. The seed is in no row and no command until the packet has ended;
// then it is revealed, and whoever has the packet and its shares checks every one
// (Verify).
package packet

import (
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Level is the feature level from which on there are red packets.
const Level = 5

const (
	// Life is how long shares can be taken, in milliseconds.
	Life = stamp.DayMs
	// MaxShares is how many shares a packet may have.
	MaxShares = 500
	// MaxAHead bounds a packet's total by the number of its shares, in fen a head.
	MaxAHead = 200_00
	// NonceSize is the length of a claimer's nonce in bytes.
	NonceSize = 16
)

// ids counts packets.
const ids deed.Counter = 2

var (
	packets = table.Of[pb.Packet, *pb.Packet]{ID: table.Packets}
	refs    = table.Of[pb.OrderRef, *pb.OrderRef]{ID: table.PacketNos}
	shares  = table.Of[pb.PacketShare, *pb.PacketShare]{ID: table.PacketShares}
)

func key(id uint64) table.Key           { return table.K(table.Packets).U64(id) }
func shareKey(id, uid uint64) table.Key { return table.K(table.PacketShares).U64(id).U64(uid) }
func numberKey(payer uint64, clientID string) table.Key {
	return table.K(table.PacketNos).U64(payer).Str(clientID)
}

// Get reads a packet by its id.
func Get(r table.Reader, id uint64) (*pb.Packet, bool) { return packets.Get(r, key(id)) }

// ByClientID reads a packet by the payer's own name for it.
func ByClientID(r table.Reader, payer uint64, clientID string) (*pb.Packet, bool) {
	ref, ok := refs.Get(r, numberKey(payer, clientID))
	if !ok {
		return nil, false
	}
	return packets.Need(r, key(ref.Id)), true
}

// ShareOf reads what a person took of a packet.
func ShareOf(r table.Reader, id, uid uint64) (*pb.PacketShare, bool) {
	return shares.Get(r, shareKey(id, uid))
}

// Shares lists what was taken of a packet, in the order in which it was.
func Shares(r table.Reader, id uint64) []*pb.PacketShare {
	var list []*pb.PacketShare
	from, to := table.Prefix(table.K(table.PacketShares).U64(id))
	shares.Scan(r, from, to, func(_ []byte, s *pb.PacketShare) bool {
		list = append(list, s)
		return true
	})
	inOrder(list)
	return list
}

// Scan visits all packets in the order of their ids.
func Scan(r table.Reader, visit func(*pb.Packet) bool) {
	from, to := table.Range(table.Packets)
	packets.Scan(r, from, to, func(_ []byte, p *pb.Packet) bool { return visit(p) })
}

// OpenUntil is when no more shares can be taken, Unix milliseconds.
func OpenUntil(p *pb.Packet) int64 { return p.CreatedAt + Life }

// Entity is the packet's name in the journal.
func Entity(id uint64) string {
	var room [32]byte
	return string(appendEntity(room[:0], id))
}

func appendEntity(b []byte, id uint64) []byte {
	return strconv.AppendUint(append(b, "packet/"...), id, 10)
}

func put(tx table.Txn, p *pb.Packet) { packets.Put(tx, key(p.Id), p) }

// record journals what was done to a packet. commitment is what the entry proves of
// a lucky packet: at first the commitment to its seed, then its chain of nonces.
func record(d *deed.Deed, p *pb.Packet, postings []*pb.Posting, commitment []byte) {
	var room, payer [32]byte
	entity := d.Mem.Text(appendEntity(room[:0], p.Id))
	name := d.Mem.Join(string(strconv.AppendUint(payer[:0], p.Payer, 10)), "/", p.ClientId)
	if len(commitment) == 0 {
		d.Record(entity, name, postings)
		return
	}
	d.Record(entity, name, postings, commitment)
}
