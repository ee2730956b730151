package shop

import (
	"github.com/holdfast-pay/holdfast/internal/base/moves"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Moves is the life of a shop.
var Moves = moves.Table[pb.ShopState]{
	{To: pb.ShopState_SHOP_STATE_WAITING, By: "shop_apply", When: "a person applies"},
	{From: pb.ShopState_SHOP_STATE_WAITING, To: pb.ShopState_SHOP_STATE_APPROVED, By: "shop_decide", When: "an operator or a field agent approves it: merchant, owner and till are there"},
	{From: pb.ShopState_SHOP_STATE_WAITING, To: pb.ShopState_SHOP_STATE_REFUSED, By: "shop_decide", When: "an operator or a field agent refuses it, with a reason"},
}
