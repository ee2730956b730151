package wechatv3_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Whatever a verified merchant sends as a body, a route answers a refusal that
// is JSON, or takes a command whose strings are what the body said.
func FuzzBodies(f *testing.F) {
	p := apitest.New(f)
	routes := p.API.Routes()
	for _, body := range []string{
		apitest.PrepayBody("T-FUZZ-1"), apitest.PrepayBody("T-FUZZ-2", `"amount"`, apitest.H5Scene+`"amount"`), apitest.RefundBody("T-FUZZ-1", "R-FUZZ", 1, 100),
		`{"mchid":"` + apitest.Mchid + `"}`, `{}`, "", `{"amount":{"total":1e5}}`, "\xff", `[[[[[`, `{"a":"\ud83d"}`,
	} {
		for i := range routes {
			f.Add(uint8(i), []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		i := int(which) % len(routes)
		name := routes[i].Name
		q := wechatv3.RequestOf(httptest.NewRequest("POST", "/?mchid="+apitest.Mchid, nil), wechatv3.Request{Began: time.UnixMilli(edgetest.Start),
			Merchant: &pb.Merchant{Mchid: apitest.Mchid, Settings: &pb.MerchantSettings{Strict: which >= 128}}, Offset: 8 * 3600}, body)
		answer, refused := p.API.Handled(i, q)
		if refused == nil {
			if answer != nil && !json.Valid(answer) {
				t.Fatalf("%s: %q is answered with %q", name, body, answer)
			}
			return
		}
		if refused.Status == 500 && refused.Code == "SYSTEM_ERROR" {
			t.Fatalf("%s: %q is an inner error", name, body)
		}
		for _, text := range refused.Texts() {
			if !json.Valid(text) || !utf8.Valid(text) || len(text) > 4096 {
				t.Fatalf("%s: %q is refused with %q", name, body, text)
			}
		}
	})
}
