package machine_test

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// shops has somebody apply for a shop, be refused, apply again, take money by the
// shop's printed code, and move it into their wallet.
func (w *workload) shops() {
	ming, hua := w.enrol(41), w.enrol(42)
	token := filled(till.TokenSize, 77)
	var s *pb.Shop
	for i, refusal := range []pb.ShopRefusal{pb.ShopRefusal_SHOP_REFUSAL_PICTURE_UNCLEAR, 0} {
		s = w.ok(catalogue.ShopApply, &pb.ShopApply{
			Uid: ming.uid, ClientId: string(rune('a' + i)), Name: "面馆", Kind: pb.ShopKind_SHOP_KIND_STALL, Category: "小吃",
			Picture: filled(2000, 7), Source: filled(32, 7), Consent: ming.consent(0),
		}).(*pb.Shop)
		w.ok(catalogue.ShopDecide, &pb.ShopDecide{
			Id: s.Id, Approve: refusal == 0, Refusal: refusal, TillToken: token,
			Words: &pb.Sealed{KeyId: "000000000000000000000000000003b6", Box: filled(40, 9), Hash: filled(16, 9)},
		})
	}
	w.ok(catalogue.TillPay, &pb.TillPay{Token: token, Uid: hua.uid, Amount: 12_00, ClientId: "p1", Consent: hua.consent(0)})
	w.ok(catalogue.ShopTake, &pb.ShopTake{Id: s.Id, Uid: ming.uid, ClientId: "t1", Amount: 10_00, Consent: ming.consent(0)})
}
