package transfer

import (
	"github.com/holdfast-pay/holdfast/internal/base/moves"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Moves is the life of a transfer. One whose payer's account takes no money stays
// WAITING and is tried again every hour; nobody can accept it any more.
var Moves = moves.Table[pb.TransferState]{
	{To: pb.TransferState_TRANSFER_STATE_DONE, By: "transfer_create", When: "it needs nobody's yes: the payee has the money"},
	{To: pb.TransferState_TRANSFER_STATE_WAITING, By: "transfer_create", When: "the payee has to accept it: the money is in escrow"},
	{From: pb.TransferState_TRANSFER_STATE_WAITING, To: pb.TransferState_TRANSFER_STATE_DONE, By: "transfer_accept", When: "the payee accepts it within 24 hours"},
	{From: pb.TransferState_TRANSFER_STATE_WAITING, To: pb.TransferState_TRANSFER_STATE_DECLINED, By: "transfer_decline", When: "the payee declines it within 24 hours; the payer has the money again"},
	{From: pb.TransferState_TRANSFER_STATE_WAITING, To: pb.TransferState_TRANSFER_STATE_EXPIRED, By: "tick", When: "24 hours are over; the payer has the money again"},
}
