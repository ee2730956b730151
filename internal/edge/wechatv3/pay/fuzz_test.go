package pay

import (
	"encoding/json"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
)

// seed is a prepay request with more members.
func seed(more string) string {
	return `{"appid":"wx0123456789abcdef","mchid":"1900000001","description":"乌龙茶 Oolong","out_trade_no":"T-FUZZ-1","notify_url":"https://shop.example/notify",` +
		more + `"amount":{"total":100,"currency":"CNY"}}`
}

// The schemas read a body as encoding/json would.
func FuzzPrepayBody(f *testing.F) {
	f.Add([]byte(seed("")))
	f.Add([]byte(seed(`"attach":"\u003c","time_expire":"2026-03-02T00:00:00Z",`)))
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
		if wechatv3.NotifyURL(got.notifyURL) != nil || wechatv3.OutTradeNo(got.outTradeNo) != nil || wechatv3.Milliseconds(got.timeExpire) < 0 {
			t.Fatalf("%q passed with a bad value: %+v", body, got)
		}
	})
}
