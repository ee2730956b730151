package admin_test

import (
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

func TestTills(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	refusedWith(t, try(t, d.Client.TillAdd, &pb.AdminTillAddRequest{Mchid: mchid, Name: "counter"}), code.MerchantNotFound)
	ask(t, d.Client.MerchantAdd, &pb.AdminMerchantAddRequest{Mchid: mchid, Name: "Corner shop", Appids: []string{appid}})
	refusedWith(t, try(t, d.Client.TillAdd, &pb.AdminTillAddRequest{Mchid: mchid, Name: "coun\u202eter"}), code.TextInvalid)
	counter := ask(t, d.Client.TillAdd, &pb.AdminTillAddRequest{Mchid: mchid, Name: "counter"})
	stall := ask(t, d.Client.TillAdd, &pb.AdminTillAddRequest{Mchid: mchid, Name: "stall"})
	again := ask(t, d.Client.TillAdd, &pb.AdminTillAddRequest{Mchid: mchid, Name: "counter"})
	if !strings.HasPrefix(counter.Link, "https://pay.example.com/c/") || again.Link != counter.Link || stall.Link == counter.Link || again.Till != counter.Till {
		t.Fatalf("links %q, %q again, and %q of another", counter.Link, again.Link, stall.Link)
	}
	if set := ask(t, d.Client.TillSet, &pb.AdminTillSetRequest{Till: stall.Till, Caps: &pb.TillCaps{Pay: 7}}); set.Caps.Pay != 7 || set.Caps.Cash != till.StandardCash {
		t.Errorf("caps are %v", set.Caps)
	}
	ask(t, d.Client.TillSet, &pb.AdminTillSetRequest{Till: stall.Till, Close: true})
	refusedWith(t, try(t, d.Client.TillAdd, &pb.AdminTillAddRequest{Mchid: mchid, Name: "stall"}), code.TillClosed)
	one := ask(t, d.Client.TillList, &pb.AdminTillListRequest{Mchid: mchid, Limit: 1})
	two := ask(t, d.Client.TillList, &pb.AdminTillListRequest{Mchid: mchid, After: one.Next})
	if one.Next != "counter" || len(two.Tills) != 1 || two.Tills[0].ClosedAt == 0 || two.Next != "" {
		t.Errorf("the list is %v and %v", one, two)
	}
}
