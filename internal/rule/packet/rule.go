package packet

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The commands.
var (
	Create = catalogue.Returning(catalogue.PacketCreate, "packet_create", ApplyCreate).From(Level)
	Claim  = catalogue.Returning(catalogue.PacketClaim, "packet_claim", ApplyClaim).From(Level)
	Reveal = catalogue.Returning(catalogue.PacketReveal, "packet_reveal", ApplyReveal).From(Level)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "packet",
	Commands: []*catalogue.Spec{Create.Spec, Claim.Spec, Reveal.Spec},
	Tables:   []table.ID{table.Packets, table.PacketNos, table.PacketShares},
	Counters: []deed.Counter{ids},
	Kinds:    []catalogue.Kind{{Number: pb.Kind_KIND_PACKET, Name: "packet", Listed: []catalogue.Number{catalogue.PacketCreate}, Tells: tells}},
	Due:      []catalogue.Due{{Kind: pb.DueKind_DUE_KIND_PACKET_EXPIRE, Of: pb.Kind_KIND_PACKET, Do: ExpireDue}},

	Invariants: invariants,
}
