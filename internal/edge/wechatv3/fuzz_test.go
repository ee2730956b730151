package wechatv3

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Whatever a verified merchant sends as a body, a route answers a refusal that
// is JSON, or takes a command whose strings are what the body said.
func FuzzBodies(f *testing.F) {
	p := newSite(f)
	for _, body := range []string{
		prepayBody("T-FUZZ-1"), prepayBody("T-FUZZ-2", `"amount"`, h5Scene+`"amount"`), refundBodyOf("T-FUZZ-1", "R-FUZZ", 1, 100),
		`{"mchid":"` + mch + `"}`, `{}`, "", `{"amount":{"total":1e5}}`, "\xff", `[[[[[`, `{"a":"\ud83d"}`,
	} {
		for i := range routes {
			f.Add(uint8(i), []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		r := &routes[int(which)%len(routes)]
		q := &request{http: httptest.NewRequest("POST", "/?mchid="+mch, nil), id: "fuzz", began: p.api.now(), route: r, body: body,
			merchant: &pb.Merchant{Mchid: mch, Settings: &pb.MerchantSettings{Strict: which >= 128}}, offset: 8 * 3600}
		for _, part := range r.path {
			if strings.HasPrefix(part, "{") {
				q.params = append(q.params, "T-FUZZ-1")
			}
		}
		answer, refused := r.handle(p.api, q)
		if refused == nil {
			if answer != nil && !json.Valid(answer) {
				t.Fatalf("%s: %q is answered with %q", r.name, body, answer)
			}
			return
		}
		if refused.status == 500 && refused.code == "SYSTEM_ERROR" {
			t.Fatalf("%s: %q is an inner error", r.name, body)
		}
		for _, lang := range []language{chinese, english} {
			text := refused.json(lang)
			if !json.Valid(text) || !utf8.Valid(text) || len(text) > 4096 {
				t.Fatalf("%s: %q is refused with %q", r.name, body, text)
			}
		}
	})
}

// The schemas read a body as encoding/json would.
func FuzzPrepayBody(f *testing.F) {
	f.Add([]byte(prepayBody("T-FUZZ-1")))
	f.Add([]byte(prepayBody("T-FUZZ-2", `"amount"`, `"attach":"\u003c","time_expire":"2026-03-02T00:00:00Z","amount"`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		var got prepay
		if nativeSchema.Decode(body, &got, strictjson.Strict) != nil {
			return
		}
		var want struct {
			Appid, Mchid, Description, Attach string
			OutTradeNo                        string `json:"out_trade_no"`
			NotifyURL                         string `json:"notify_url"`
			Amount                            struct{ Total int64 }
		}
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%q is accepted: %v", body, err)
		}
		if got.appid != want.Appid || got.mchid != want.Mchid || got.description != want.Description || got.attach != want.Attach ||
			got.outTradeNo != want.OutTradeNo || got.notifyURL != want.NotifyURL || got.amount.total != want.Amount.Total {
			t.Fatalf("%q reads as %+v, by encoding/json as %+v", body, got, want)
		}
		if notifyURL(got.notifyURL) != nil || outTradeNo(got.outTradeNo) != nil || milliseconds(got.timeExpire) < 0 {
			t.Fatalf("%q passed with a bad value: %+v", body, got)
		}
	})
}
