package wallet_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	rule "github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// face is a picture as a phone sends it.
func face(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Somebody applies for a shop, is approved, gets its sheet, is paid by it, and moves
// what it took into their wallet.
func TestOpenAShop(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, hua := b.enrolled("+8613800000001", 0), b.enrolled("+8613800000002", 100_00)
	apply := &pb.ApplyShopRequest{Name: "面馆", Kind: "stall", Category: "小吃", Picture: face(t, 40), ClientId: "s1"}
	for range 2 {
		if v := must(t, ming.ApplyShop, apply); v.Shop != 1 || v.State != "waiting" || v.Kind != "stall" {
			t.Errorf("applied: %v", v)
		}
	}
	if got := refused(t, ming.ShowShopSheet, &pb.ShowShopSheetRequest{Shop: 1}); got != code.ShopNotOpen {
		t.Errorf("a sheet before it is approved: %s", got)
	}
	b.core.Must(catalogue.ShopDecide, &pb.ShopDecide{Id: 1, Approve: true, TillToken: bytes.Repeat([]byte{7}, rule.TokenSize)})
	v := must(t, ming.ShowShop, &pb.ShowShopRequest{Shop: 1})
	if _, err := jpeg.Decode(bytes.NewReader(v.Picture)); err != nil || v.State != "approved" || v.Mchid != "2100000001" || v.Takings != 0 || !strings.HasPrefix(v.Link, "https://pay.example.com/c/") {
		t.Errorf("approved: %v, the picture %v", v, err)
	}
	for format, begins := range map[string]string{"": "%PDF", "svg": "<svg", "png": "\x89PNG"} {
		if a := must(t, ming.ShowShopSheet, &pb.ShowShopSheetRequest{Shop: 1, Format: format, Paper: "a4"}); !bytes.Contains(a.Data[:min(200, len(a.Data))], []byte(begins)) {
			t.Errorf("as %q it is a %s that begins with %q", format, a.MediaType, a.Data[:20])
		}
	}
	must(t, hua.Pay, &pb.PayRequest{Code: v.Link, Amount: 12_00, ClientId: "p1"})
	for range 2 {
		if v := must(t, ming.TakeTakings, &pb.TakeTakingsRequest{Shop: 1, Amount: 10_00, ClientId: "t1"}); v.Takings != 2_00 {
			t.Errorf("takings left are %d", v.Takings)
		}
	}
	if w := must(t, ming.ShowWallet, &pb.ShowWalletRequest{}); w.Balance != 10_00 {
		t.Errorf("the owner has %d", w.Balance)
	}
	for _, f := range []func() code.Code{
		func() code.Code { return refused(t, hua.ShowShop, &pb.ShowShopRequest{Shop: 1}) },
		func() code.Code { return refused(t, hua.ShowShopSheet, &pb.ShowShopSheetRequest{Shop: 1}) },
		func() code.Code {
			return refused(t, hua.TakeTakings, &pb.TakeTakingsRequest{Shop: 1, Amount: 1, ClientId: "t1"})
		},
	} {
		if got := f(); got != code.ShopNotFound {
			t.Errorf("another's shop: %s", got)
		}
	}
	if l := must(t, hua.ListShops, &pb.ListShopsRequest{}); len(l.Shops) != 0 {
		t.Errorf("another's shops are %v", l)
	}
}

// What is refused when somebody applies, and by whom.
func TestApplicationsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, hua := b.enrolled("+8613800000001", 0), b.enrolled("+8613800000002", 0)
	good := face(t, 40)
	for _, c := range []struct {
		q    *pb.ApplyShopRequest
		want code.Code
	}{
		{&pb.ApplyShopRequest{Name: "面馆", Kind: "stall", Picture: []byte("hello"), ClientId: "s1"}, code.PictureInvalid},
		{&pb.ApplyShopRequest{Name: "面馆", Kind: "stall", Picture: face(t, 1025), ClientId: "s1"}, code.PictureInvalid},
		{&pb.ApplyShopRequest{Name: "面馆", Kind: "stall", Picture: append(good, make([]byte, 41<<10)...), ClientId: "s1"}, code.PictureInvalid},
		{&pb.ApplyShopRequest{Name: "面馆", Kind: "palace", Picture: good, ClientId: "s1"}, code.ShopKindInvalid},
		{&pb.ApplyShopRequest{Name: "a\u202eb", Kind: "stall", Picture: good, ClientId: "s1"}, code.TextInvalid},
		{&pb.ApplyShopRequest{Name: "a\x00b", Kind: "stall", Picture: good, ClientId: "s1"}, code.TextInvalid},
		{&pb.ApplyShopRequest{Name: "面馆", Kind: "stall", Picture: good, ClientId: "s1"}, 0},
		{&pb.ApplyShopRequest{Name: "茶馆", Kind: "stall", Picture: good, ClientId: "s1"}, code.ShopExists},
		{&pb.ApplyShopRequest{Name: "面馆", Kind: "stall", Picture: face(t, 41), ClientId: "s1"}, code.ShopExists},
		{&pb.ApplyShopRequest{Name: "面馆", Kind: "stall", Picture: good, ClientId: "s2"}, code.ShopWaiting},
	} {
		if c.want == 0 {
			must(t, ming.ApplyShop, c.q)
		} else if got := refused(t, ming.ApplyShop, c.q); got != c.want {
			t.Errorf("%.40s: got %s, want %s", c.q, got, c.want)
		}
	}
	b.core.Must(catalogue.PersonBlock, &pb.PersonBlock{Uid: b.uid(hua), Blocked: true, Reason: "test"})
	if got := refused(t, hua.ApplyShop, &pb.ApplyShopRequest{Name: "面馆", Kind: "stall", Picture: good, ClientId: "s1"}); got != code.PersonBlocked {
		t.Errorf("somebody who is blocked: %s", got)
	}
	b.core.Must(catalogue.ShopDecide, &pb.ShopDecide{Id: 1, Refusal: pb.ShopRefusal_SHOP_REFUSAL_PICTURE_UNCLEAR})
	for lang, want := range map[string]string{"en": "made out", "zh-CN": "看不清"} {
		c := walletclient.Service(http.DefaultClient, b.url, lang, ming.device)
		if v := must(t, c.ListShops, &pb.ListShopsRequest{}).Shops[0]; v.Refusal != "picture_unclear" || !strings.Contains(v.Sentence, want) {
			t.Errorf("in %s: %s", lang, v.Sentence)
		}
	}
}

// A name in characters that the sheet's font lacks still gets a sheet.
func TestSheetOfARareName(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming := b.enrolled("+8613800000001", 0)
	must(t, ming.ApplyShop, &pb.ApplyShopRequest{Name: "🍜𠮷", Kind: "stall", Picture: face(t, 40), ClientId: "s1"})
	b.core.Must(catalogue.ShopDecide, &pb.ShopDecide{Id: 1, Approve: true, TillToken: make([]byte, rule.TokenSize)})
	if a := must(t, ming.ShowShopSheet, &pb.ShowShopSheetRequest{Shop: 1}); a.MediaType != "application/pdf" || len(a.Data) < 1000 {
		t.Errorf("it is a %s of %d bytes", a.MediaType, len(a.Data))
	}
}

// The phone of somebody who applied hears of the decision, also after it was away.
func TestFollowAShop(t *testing.T) {
	b := openLively(t)
	ming := b.person("+8613800000001", 0)
	here := listen(t, ming, 0)
	decide := func(clientID string, c *pb.ShopDecide) {
		v := must(t, ming.ApplyShop, &pb.ApplyShopRequest{Name: "面馆", Kind: "stall", Picture: face(t, 40), ClientId: clientID})
		c.Id = v.Shop
		b.live.Must(catalogue.ShopDecide, c)
	}
	decide("s1", &pb.ShopDecide{Refusal: pb.ShopRefusal_SHOP_REFUSAL_GOODS})
	here.expect("shop_refused", 0, "面馆")
	_ = here.stream.Close()
	decide("s2", &pb.ShopDecide{Approve: true, TillToken: make([]byte, rule.TokenSize)})
	away := listen(t, ming, here.cursor)
	if h := away.expect("shop_approved", 0, "面馆"); h.Subject != "shop/2" {
		t.Errorf("told of %v", h)
	}
	if d := must(t, ming.ShowWallet, &pb.ShowWalletRequest{}).Decided; d.GetShop() != 2 || d.Name != "面馆" || d.State != "approved" || d.DecidedAt == 0 {
		t.Errorf("the newest decision is %v", d)
	}
}

// takes is what happened next to what a shop took.
func (l *listener) takes(came, takings int64) {
	l.t.Helper()
	for l.stream.Receive() {
		n := l.stream.Msg()
		if l.cursor = n.Cursor; len(n.Takings) == 0 {
			continue
		}
		if s := n.Takings[0]; len(n.Takings) != 1 || s.Name != "面馆" || s.Came != came || s.Takings != takings {
			l.t.Fatalf("told of %v, want %d that came and %d in the shop", n.Takings, came, takings)
		}
		return
	}
	l.t.Fatalf("the stream ended with %v", l.stream.Err())
}

// The phone of a shop's owner hears what the shop is paid: a stream from before it opened
// ends then, and the next one tells of it.
func TestFollowTakings(t *testing.T) {
	b := openLively(t)
	ming, hua := b.person("+8613800000001", 100_00), b.person("+8613800000002", 100_00)
	early := listen(t, ming, 0)
	must(t, ming.ApplyShop, &pb.ApplyShopRequest{Name: "面馆", Kind: "stall", Picture: face(t, 40), ClientId: "s1"})
	b.live.Must(catalogue.ShopDecide, &pb.ShopDecide{Id: 1, Approve: true, TillToken: make([]byte, rule.TokenSize)})
	early.expect("shop_approved", 0, "面馆")
	for early.stream.Receive() {
		t.Errorf("a stream from before the shop opened goes on with %v", early.stream.Msg())
	}
	if got, _ := rpc.CodeOf(early.stream.Err()); got != code.StreamCut {
		t.Errorf("it ended with %v", early.stream.Err())
	}

	link := must(t, ming.ShowShop, &pb.ShowShopRequest{Shop: 1}).Link
	must(t, hua.Pay, &pb.PayRequest{Code: link, Amount: 12_00, ClientId: "p1"})
	must(t, ming.Pay, &pb.PayRequest{Code: link, Amount: 2_00, ClientId: "o1"}) // concerns them as payer, too
	here := listen(t, ming, early.cursor)
	here.takes(14_00, 14_00)
	must(t, hua.Pay, &pb.PayRequest{Code: link, Amount: 3_00, ClientId: "p2"})
	here.takes(3_00, 17_00)
	must(t, ming.Pay, &pb.PayRequest{Code: link, Amount: 3_00, ClientId: "o2"})
	here.takes(3_00, 20_00)
	must(t, ming.TakeTakings, &pb.TakeTakingsRequest{Shop: 1, Amount: 20_00, ClientId: "t1"})
	here.takes(0, 0)
	must(t, hua.Pay, &pb.PayRequest{Code: link, Amount: 1_00, ClientId: "p4"})
	here.takes(1_00, 1_00)
}
