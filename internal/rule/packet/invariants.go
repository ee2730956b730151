package packet

import (
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

var invariants = []catalogue.Invariant{
	catalogue.Numbered("packets", ids, Entity, Scan),
	{Name: "packets are found by their payers' names for them", Check: found},
	{Name: "a packet's shares are those that it says", Check: shared},
	{Name: "shares are of packets that are there", Check: owned},
	{Name: "escrow of packets holds what is left, and nothing else", Check: escrowed},
	{Name: "a packet that is open is due", Check: isDue},
}

func found(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(p *pb.Packet) bool {
		if ref, ok := refs.Get(r, numberKey(p.Payer, p.ClientId)); !ok || ref.Id != p.Id {
			return report(Entity(p.Id), "is not found by its payer's name for it, %d/%s", p.Payer, p.ClientId)
		}
		return true
	})
}

// shared checks each packet with its shares. Shares that a node made up are no breach
// here: the packet counts them (falseShares), and Verify names them.
func shared(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(p *pb.Packet) bool {
		list := Shares(r, p.Id)
		if p.Seed != nil {
			if n := falseShares(p, list); n != p.FalseShares {
				return report(Entity(p.Id), "has %d shares that its seed does not give, and counts %d", n, p.FalseShares)
			}
		}
		if p.FalseShares > 0 {
			return true
		}
		for _, fault := range Verify(p, list) {
			if !report(Entity(p.Id), "%s", fault) {
				return false
			}
		}
		return true
	})
}

func owned(r table.Reader, _ *pb.Head, report catalogue.Report) {
	from, to := table.Range(table.PacketShares)
	shares.Scan(r, from, to, func(_ []byte, s *pb.PacketShare) bool {
		if p, ok := Get(r, s.Packet); !ok || p.To != 0 && p.To != s.Uid {
			return report(Entity(s.Packet), "is not there, or not for person %d, who took a share of it", s.Uid)
		}
		return true
	})
}

// escrowed compares both ways: open packets with their accounts, and accounts with
// open packets.
func escrowed(r table.Reader, _ *pb.Head, report catalogue.Report) {
	more := true
	Scan(r, func(p *pb.Packet) bool {
		if p.State != pb.PacketState_PACKET_STATE_OPEN {
			return true
		}
		if a, ok := ledger.Get(r, ledger.EscrowPacket(p.Id), p.Currency); !ok || ledger.Balance(a) != p.Total-p.Paid {
			more = report(Entity(p.Id), "has %d left, which is not what its escrow account has", p.Total-p.Paid)
		}
		return more
	})
	prefix := strings.TrimSuffix(ledger.EscrowPacket(0), "0")
	ledger.Scan(r, func(a *pb.Account) bool {
		rest, ours := strings.CutPrefix(a.Name, prefix)
		if !more || !ours || ledger.Balance(a) == 0 {
			return more
		}
		id, _ := strconv.ParseUint(rest, 10, 64)
		if p, ok := Get(r, id); !ok || p.State != pb.PacketState_PACKET_STATE_OPEN {
			more = report(a.Name, "holds %d for no packet that is open", ledger.Balance(a))
		}
		return more
	})
}

func isDue(r table.Reader, _ *pb.Head, report catalogue.Report) {
	waiting := map[uint64]bool{}
	due.Scan(r, func(i due.Item) bool {
		if i.Kind == pb.DueKind_DUE_KIND_PACKET_EXPIRE {
			waiting[i.ID] = true
		}
		return true
	})
	Scan(r, func(p *pb.Packet) bool {
		if p.State == pb.PacketState_PACKET_STATE_OPEN && !waiting[p.Id] {
			return report(Entity(p.Id), "is open and never due")
		}
		return true
	})
}
