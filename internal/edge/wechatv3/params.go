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

// decode reads the body by a schema. A merchant that is not strict may send
// parameters the API does not know.
func decode[T any](q *request, schema *strictjson.Object[T], to *T) *refusal {
	mode := strictjson.Lenient
	if q.merchant.Settings.GetStrict() {
		mode = strictjson.Strict
	}
	if issue := schema.Decode(q.body, to, mode); issue != nil {
		return badBody(issue)
	}
	return nil
}

// badBody words an issue. An extra parameter is INVALID_REQUEST, everything
// else PARAM_ERROR (wire reference, 2.3).
func badBody(i *strictjson.Issue) *refusal {
	r := &refusal{
		status: http.StatusBadRequest, code: "PARAM_ERROR", digits: digitsParam,
		zh: "参数错误：" + strings.TrimSpace(i.Pointer+" "+i.ZH), en: "Parameter error: " + strings.TrimSpace(i.Pointer+" "+i.EN),
		detail: &detail{field: i.Pointer, value: i.Value, issue: i.EN, location: "body"},
	}
	switch i.Kind {
	case strictjson.Unknown:
		r.code, r.digits, r.zh = "INVALID_REQUEST", digitsExtra, i.ZH+"："+i.Pointer
		r.en = "The request has a parameter that is not documented: " + i.Pointer
	case strictjson.Range:
		r.digits = digitsRange
	}
	return r
}

// badField is a PARAM_ERROR for a parameter that decoded but is not acceptable.
func badField(location, field, value string, why *strictjson.Why) *refusal {
	return &refusal{
		status: http.StatusBadRequest, code: "PARAM_ERROR", digits: digitsParam,
		zh: "参数错误：" + field + " " + why.ZH, en: "Parameter error: " + field + " " + why.EN,
		detail: &detail{field: field, value: value, issue: why.EN, location: location},
	}
}

// sameMchid refuses a request whose mchid is not the one that signed it.
func (q *request) sameMchid(location, field, mchid string) *refusal {
	if mchid == q.mchid() {
		return nil
	}
	return &refusal{
		status: http.StatusBadRequest, code: "PARAM_ERROR", digits: digitsParam,
		zh:     "http header中的mchid与post payload中的mchid不匹配",
		en:     "The mchid of the Authorization header differs from the request's mchid",
		detail: &detail{field: field, value: mchid, issue: "must be " + q.mchid() + ", which signed the request", location: location},
	}
}

// queryMchid checks the mchid that queries carry.
func (q *request) queryMchid() *refusal {
	mchid, ok := q.query("mchid")
	if !ok || mchid == "" {
		return badField("query", "mchid", "", &strictjson.Why{ZH: "缺少必填参数", EN: "the parameter is required: ?mchid=" + q.mchid()})
	}
	return q.sameMchid("query", "mchid", mchid)
}

// Shapes of single values; nil means fine.
var (
	whyAppid     = &strictjson.Why{ZH: "应为 wx 加 16 位小写十六进制字符", EN: "must be wx and 16 lower-case hex digits"}
	whyMchid     = &strictjson.Why{ZH: "应为 8 到 10 位数字", EN: "must be 8 to 10 digits"}
	whyTradeNo   = &strictjson.Why{ZH: "应为 6 到 32 个字符，可含数字、字母和 _-|*", EN: "must be 6 to 32 characters of 0-9 A-Z a-z _ - | *"}
	whyRefundNo  = &strictjson.Why{ZH: "应为 1 到 64 个字符，可含数字、字母和 _-|*@", EN: "must be 1 to 64 characters of 0-9 A-Z a-z _ - | * @"}
	whyCurrency  = &strictjson.Why{ZH: "目前只支持 CNY", EN: "Currency code is invalid; only CNY is accepted"}
	whyTime      = &strictjson.Why{ZH: "应为 RFC 3339 时间，如 2018-06-08T10:34:56+08:00", EN: "must be an RFC 3339 time such as 2018-06-08T10:34:56+08:00"}
	whyIP        = &strictjson.Why{ZH: "应为 IPv4 或 IPv6 地址", EN: "must be an IPv4 or IPv6 address"}
	whyLimitPay  = &strictjson.Why{ZH: "应为 no_balance、no_credit、no_debit 或 balance_only", EN: "must be no_balance, no_credit, no_debit or balance_only"}
	whyH5Type    = &strictjson.Why{ZH: "应为 iOS、Android 或 Wap", EN: "must be iOS, Android or Wap"}
	whyFunds     = &strictjson.Why{ZH: "应为 AVAILABLE 或 UNSETTLED", EN: "must be AVAILABLE or UNSETTLED"}
	whyFundsFrom = &strictjson.Why{ZH: "应为 AVAILABLE 或 UNAVAILABLE", EN: "must be AVAILABLE or UNAVAILABLE"}
)

func appid(s string) *strictjson.Why      { return when(!ident.ValidAppid(s), whyAppid) }
func mchid(s string) *strictjson.Why      { return when(!ident.ValidMchid(s), whyMchid) }
func outTradeNo(s string) *strictjson.Why { return when(!ident.ValidOutTradeNo(s), whyTradeNo) }
func refundNo(s string) *strictjson.Why   { return when(!ident.ValidOutRefundNo(s), whyRefundNo) }
func currency(s string) *strictjson.Why   { return when(s != money.CurrencyCode(money.CNY), whyCurrency) }

func ipAddress(s string) *strictjson.Why {
	_, err := netip.ParseAddr(s)
	return when(err != nil, whyIP)
}

func oneOf(why *strictjson.Why, words ...string) func(string) *strictjson.Why {
	return func(s string) *strictjson.Why { return when(!slices.Contains(words, s), why) }
}

func when(bad bool, why *strictjson.Why) *strictjson.Why {
	if bad {
		return why
	}
	return nil
}

// rfc3339 is the shape of a time; milliseconds reads it.
func rfc3339(s string) *strictjson.Why {
	_, err := time.Parse(time.RFC3339, s)
	return when(err != nil, whyTime)
}

// milliseconds reads a time that rfc3339 accepted; "" is 0, which no given time
// is: one that lies in the past is raised by the order anyhow.
func milliseconds(s string) int64 {
	if s == "" {
		return 0
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0
	}
	return max(t.UnixMilli(), 1)
}

// shorten keeps a path or query value that is not acceptable short enough to show.
func shorten(s string) string {
	const most = 64
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "")
	}
	return s
}
