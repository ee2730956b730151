package code

import "github.com/holdfast-pay/holdfast/internal/pb"

// Refusal is why a shop was refused, as the person is told.
type Refusal = Told[pb.ShopRefusal]

// Refusals are all of them, in the order of their numbers.
var Refusals = []Refusal{
	{pb.ShopRefusal_SHOP_REFUSAL_PICTURE_UNCLEAR, "picture_unclear", "照片看不清，请重新拍摄后再申请。", "The picture can't be made out; take another and apply again."},
	{pb.ShopRefusal_SHOP_REFUSAL_PICTURE_OTHER, "picture_other", "照片与店铺不符，请拍摄店面后再申请。", "The picture does not show the shop; take one that does and apply again."},
	{pb.ShopRefusal_SHOP_REFUSAL_NAME_MISLEADS, "name_misleads", "店名可能被误认为他人，请换一个名称再申请。", "The name could be taken for somebody else's; apply again with another."},
	{pb.ShopRefusal_SHOP_REFUSAL_NOT_FOUND, "not_found", "未能找到该店铺，请联系客服。", "The shop could not be found where it should be; ask support."},
	{pb.ShopRefusal_SHOP_REFUSAL_GOODS, "goods", "所经营的商品或服务不能在此收款。", "What is sold there can't be paid for here."},
	{pb.ShopRefusal_SHOP_REFUSAL_DOUBLE, "double", "该店铺已经开通，无需再次申请。", "The shop is open already."},
	{pb.ShopRefusal_SHOP_REFUSAL_OTHER, "other", "申请未通过，请联系客服。", "The shop was refused; ask support why."},
}

// Refused is a reason as the person is told; an unknown one is like the last.
func Refused(why pb.ShopRefusal) Refusal {
	if r, ok := toldOf(Refusals, why); ok {
		return r
	}
	return Refusals[len(Refusals)-1]
}

// RefusedFor finds a reason by its name.
func RefusedFor(name string) (Refusal, bool) { return toldBy(Refusals, name) }
