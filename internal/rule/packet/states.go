package packet

import (
	"github.com/holdfast-pay/holdfast/internal/base/moves"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Moves is the life of a red packet. One whose payer's account takes no money stays
// OPEN and is tried again every hour; nobody can take a share any more.
var Moves = moves.Table[pb.PacketState]{
	{To: pb.PacketState_PACKET_STATE_OPEN, By: "packet_create", When: "the payer's money is in escrow"},
	{From: pb.PacketState_PACKET_STATE_OPEN, To: pb.PacketState_PACKET_STATE_TAKEN, By: "packet_claim", When: "the last share is taken"},
	{From: pb.PacketState_PACKET_STATE_OPEN, To: pb.PacketState_PACKET_STATE_EXPIRED, By: "tick", When: "24 hours are over; the payer has the rest again"},
}
