package wechatv3

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
)

// Decode reads the body by a schema. A merchant that is not strict may send
// parameters the API does not know.
func Decode[T any](q *Request, schema *strictjson.Object[T], to *T) *Refusal {
	mode := strictjson.Lenient
	if q.Merchant.Settings.GetStrict() {
		mode = strictjson.Strict
	}
	if issue := schema.Decode(q.body, to, mode); issue != nil {
		return badBody(issue)
	}
	return nil
}

// badBody words an issue. An extra parameter is INVALID_REQUEST, everything
// else PARAM_ERROR (wire reference, 2.3).
func badBody(i *strictjson.Issue) *Refusal {
	r := &Refusal{
		Status: http.StatusBadRequest, Code: "PARAM_ERROR", Digits: digitsParam,
		ZH: "参数错误：" + strings.TrimSpace(i.Pointer+" "+i.ZH), EN: "Parameter error: " + strings.TrimSpace(i.Pointer+" "+i.EN),
		Detail: &Detail{Field: i.Pointer, Value: i.Value, Issue: i.EN, Location: "body"},
	}
	switch i.Kind {
	case strictjson.Unknown:
		r.Code, r.Digits, r.ZH = "INVALID_REQUEST", digitsExtra, i.ZH+"："+i.Pointer
		r.EN = "The request has a parameter that is not documented: " + i.Pointer
	case strictjson.Range:
		r.Digits = digitsRange
	}
	return r
}

// BadField is a PARAM_ERROR for a parameter that decoded but is not acceptable.
func BadField(location, field, value string, why *strictjson.Why) *Refusal {
	return &Refusal{
		Status: http.StatusBadRequest, Code: "PARAM_ERROR", Digits: digitsParam,
		ZH: "参数错误：" + field + " " + why.ZH, EN: "Parameter error: " + field + " " + why.EN,
		Detail: &Detail{Field: field, Value: value, Issue: why.EN, Location: location},
	}
}

// SameMchid refuses a request whose mchid is not the one that signed it.
func (q *Request) SameMchid(location, field, mchid string) *Refusal {
	if mchid == q.Mchid() {
		return nil
	}
	return &Refusal{
		Status: http.StatusBadRequest, Code: "PARAM_ERROR", Digits: digitsParam,
		ZH:     "http header中的mchid与post payload中的mchid不匹配",
		EN:     "The mchid of the Authorization header differs from the request's mchid",
		Detail: &Detail{Field: field, Value: mchid, Issue: "must be " + q.Mchid() + ", which signed the request", Location: location},
	}
}

// QueryMchid checks the mchid that queries carry.
func (q *Request) QueryMchid() *Refusal {
	mchid, ok := q.Query("mchid")
	if !ok || mchid == "" {
		return BadField("query", "mchid", "", &strictjson.Why{ZH: "缺少必填参数", EN: "the parameter is required: ?mchid=" + q.Mchid()})
	}
	return q.SameMchid("query", "mchid", mchid)
}

// Shapes of single values; nil means fine.
var (
	whyAppid    = &strictjson.Why{ZH: "应为 wx 加 16 位小写十六进制字符", EN: "must be wx and 16 lower-case hex digits"}
	whyMchid    = &strictjson.Why{ZH: "应为 8 到 10 位数字", EN: "must be 8 to 10 digits"}
	whyTradeNo  = &strictjson.Why{ZH: "应为 6 到 32 个字符，可含数字、字母和 _-|*", EN: "must be 6 to 32 characters of 0-9 A-Z a-z _ - | *"}
	whyRefundNo = &strictjson.Why{ZH: "应为 1 到 64 个字符，可含数字、字母和 _-|*@", EN: "must be 1 to 64 characters of 0-9 A-Z a-z _ - | * @"}
	whyCurrency = &strictjson.Why{ZH: "目前只支持 CNY", EN: "Currency code is invalid; only CNY is accepted"}
	whyTime     = &strictjson.Why{ZH: "应为 RFC 3339 时间，如 2018-06-08T10:34:56+08:00", EN: "must be an RFC 3339 time such as 2018-06-08T10:34:56+08:00"}
	whyIP       = &strictjson.Why{ZH: "应为 IPv4 或 IPv6 地址", EN: "must be an IPv4 or IPv6 address"}
)

// Appid is the shape of an appid.
func Appid(s string) *strictjson.Why { return When(!ident.ValidAppid(s), whyAppid) }

// Mchid is the shape of a merchant's number.
func Mchid(s string) *strictjson.Why { return When(!ident.ValidMchid(s), whyMchid) }

// OutTradeNo is the shape of a merchant's order number.
func OutTradeNo(s string) *strictjson.Why { return When(!ident.ValidOutTradeNo(s), whyTradeNo) }

// OutRefundNo is the shape of a merchant's refund number.
func OutRefundNo(s string) *strictjson.Why { return When(!ident.ValidOutRefundNo(s), whyRefundNo) }

// Currency takes the one currency there is.
func Currency(s string) *strictjson.Why { return When(s != money.CurrencyCode(money.CNY), whyCurrency) }

// IPAddress is the shape of an IPv4 or IPv6 address.
func IPAddress(s string) *strictjson.Why {
	_, err := netip.ParseAddr(s)
	return When(err != nil, whyIP)
}

// OneOf takes one of words.
func OneOf(why *strictjson.Why, words ...string) func(string) *strictjson.Why {
	return func(s string) *strictjson.Why { return When(!slices.Contains(words, s), why) }
}

// When is why, if what was given is bad.
func When(bad bool, why *strictjson.Why) *strictjson.Why {
	if bad {
		return why
	}
	return nil
}

// RFC3339 is the shape of a time; Milliseconds reads it.
func RFC3339(s string) *strictjson.Why {
	_, err := time.Parse(time.RFC3339, s)
	return When(err != nil, whyTime)
}

// Milliseconds reads a time that RFC3339 accepted; "" is 0, which no given time
// is: one that lies in the past is raised by the order anyhow.
func Milliseconds(s string) int64 {
	if s == "" {
		return 0
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0
	}
	return max(t.UnixMilli(), 1)
}

// Shorten keeps a path or query value that is not acceptable short enough to show.
func Shorten(s string) string {
	const most = 64
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "")
	}
	return s
}
