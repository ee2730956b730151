package admin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A field agent sees an application with its picture, and decides.
func TestShopsAreDecided(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, true)
	agent, _ := operator(t, d, "agent", pb.StaffRole_STAFF_ROLE_FIELD)
	finance, _ := operator(t, d, "finance", pb.StaffRole_STAFF_ROLE_FINANCE)
	ming, consent := withWallet(t, d)
	for i := range uint64(2) {
		d.Must(catalogue.ShopApply, &pb.ShopApply{
			Uid: ming.Uid, ClientId: fmt.Sprint("s", i), Name: "面馆", Kind: pb.ShopKind_SHOP_KIND_STALL, Picture: []byte("picture"), Source: make([]byte, 32), Consent: consent(i + 1),
		})
		if l := ask(t, agent.ShopList, &pb.AdminShopListRequest{}); len(l.Shops) != 1 || l.Shops[0].Id != i+1 || l.Shops[0].Picture != nil {
			t.Errorf("waiting are %v", l)
		}
		if a := ask(t, agent.ShopShow, &pb.AdminShopRequest{Id: i + 1}); string(a.Picture) != "picture" || a.PictureHash == "" {
			t.Errorf("shown: %v", a)
		}
		if i == 0 {
			refusedWith(t, try(t, agent.ShopDecide, &pb.AdminShopDecideRequest{Id: 1}), code.ShopRefusalInvalid)
			refusedWith(t, try(t, agent.ShopDecide, &pb.AdminShopDecideRequest{Id: 1, Refusal: "mood"}), code.ShopRefusalInvalid)
			refusedWith(t, try(t, agent.ShopDecide, &pb.AdminShopDecideRequest{Id: 1, Refusal: "goods", Words: "a\u202eb"}), code.TextInvalid)
			refusedWith(t, try(t, agent.ShopDecide, &pb.AdminShopDecideRequest{Id: 9, Refusal: "goods", Words: "no"}), code.ShopNotFound)
			refusedWith(t, try(t, finance.ShopDecide, &pb.AdminShopDecideRequest{Id: 1, Approve: true}), code.StaffRoleMissing)
			a := ask(t, agent.ShopDecide, &pb.AdminShopDecideRequest{Id: 1, Refusal: "picture_unclear", Words: "too dark"})
			if a.Refusal != "picture_unclear" || a.Words != "too dark" || len(a.Picture) != 0 {
				t.Errorf("refused: %v", a)
			}
		}
	}
	for range 2 {
		a := ask(t, agent.ShopDecide, &pb.AdminShopDecideRequest{Id: 2, Approve: true})
		if a.Mchid != "2100000002" || a.Till != 1 || a.DecidedBy != "staff/1" || !strings.HasPrefix(a.Link, "https://") {
			t.Errorf("approved: %v", a)
		}
	}
	refusedWith(t, try(t, agent.ShopShow, &pb.AdminShopRequest{Id: 9}), code.ShopNotFound)
	if l := ask(t, d.Client.ShopList, &pb.AdminShopListRequest{All: true, Limit: 1}); len(l.Shops) != 1 || l.Next != 1 {
		t.Errorf("all are %v", l)
	}
	if a := ask(t, d.Client.MerchantShow, &pb.AdminMerchantShowRequest{Mchid: "2100000002"}); len(a.Accounts) != 1 {
		t.Errorf("the merchant is %v", a)
	}
}
