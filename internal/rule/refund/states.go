package refund

import (
	"github.com/holdfast-pay/holdfast/internal/base/moves"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Moves is the life of a refund. One whose merchant account is frozen stays
// PROCESSING and is tried again every hour.
var Moves = moves.Table[pb.RefundStatus]{
	{To: pb.RefundStatus_REFUND_STATUS_PROCESSING, By: "refund_create", When: "it is accepted and the merchant's money is held"},
	{From: pb.RefundStatus_REFUND_STATUS_PROCESSING, To: pb.RefundStatus_REFUND_STATUS_SUCCESS, By: "tick", When: "the held money goes to the payer"},
	{From: pb.RefundStatus_REFUND_STATUS_PROCESSING, To: pb.RefundStatus_REFUND_STATUS_ABNORMAL, By: "tick", When: "the payer's account takes no money; it stays held"},
}
