package wechatv3

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
)

// The numbers behind the last dash of Request-ID (wire reference, 2.4).
const (
	digitsSuccess     = "0"
	digitsParam       = "268435461" // illegal parameter
	digitsRange       = "268435464" // parameter out of range
	digitsExtra       = "270924358" // illegal extra parameter
	digitsSignature   = "268443699"
	digitsNoOrder     = "268512771"
	digitsPaid        = "268449538"
	digitsReentry     = "268498688"
	digitsInvalid     = "268447914" // order no longer valid
	digitsMerchant    = "268443715" // merchant disabled or cancelled
	digitsRestricted  = "268448010" // the merchant's receiving is restricted
	digitsNoOpenid    = "268501013"
	digitsAppid       = "268445527" // appid and mchid do not match
	digitsRateLimited = "268447840"
	// digitsOther stands where no number is documented: the range's base.
	digitsOther = "268435456"
)

// word is how the API says an outcome.
type word struct {
	status int
	name   string
	digits string
	// field points at the parameter to blame; empty when it is no single one.
	field string
	// zh and en replace the code's own sentence where the API has its own.
	zh, en string
	// retryAfter is in seconds.
	retryAfter int
}

// classWords is how the API says a class of outcomes.
var classWords = map[code.Class]word{
	code.Invalid:  {status: 400, name: "PARAM_ERROR", digits: digitsParam},
	code.Missing:  {status: 404, name: "RESOURCE_NOT_EXISTS", digits: digitsNoOrder},
	code.Conflict: {status: 400, name: "INVALID_REQUEST", digits: digitsReentry},
	code.Busy:     {status: 503, name: "SERVICE_UNAVAILABLE", digits: digitsOther, retryAfter: 1},
	code.InDoubt:  {status: 500, name: "SYSTEM_ERROR", digits: digitsOther, retryAfter: 1},
	code.Fault:    {status: 500, name: "SYSTEM_ERROR", digits: digitsOther},
}

// words are the outcomes that the API words otherwise than their class, or blames
// on one parameter. docs/reference/merchant-api.md prints them with the others
// that a merchant's request can lead to.
var words = map[code.Code]word{
	code.Overloaded:      {status: 503, name: "SERVICE_UNAVAILABLE", digits: digitsRateLimited, retryAfter: 1},
	code.ReadOnly:        {status: 503, name: "SERVICE_UNAVAILABLE", digits: digitsOther, retryAfter: 60},
	code.DiskLow:         {status: 503, name: "SERVICE_UNAVAILABLE", digits: digitsOther, retryAfter: 60},
	code.ClockSkew:       {status: 503, name: "SERVICE_UNAVAILABLE", digits: digitsOther, retryAfter: 5},
	code.Quarantined:     {status: 500, name: "SYSTEM_ERROR", digits: digitsOther},
	code.LevelTooLow:     {status: 503, name: "SERVICE_UNAVAILABLE", digits: digitsOther, retryAfter: 60},
	code.SandboxOnly:     {status: 403, name: "NO_AUTH", digits: digitsOther},
	code.CommandTooLarge: {status: 400, name: "PARAM_ERROR", digits: digitsRange},

	code.AmountMustBePositive: {status: 400, name: "PARAM_ERROR", digits: digitsRange, field: "/amount/total"},
	code.AmountOverflows:      {status: 400, name: "PARAM_ERROR", digits: digitsRange, field: "/amount/total"},
	code.CurrencyUnknown:      {status: 400, name: "PARAM_ERROR", digits: digitsParam, field: "/amount/currency"},
	code.CurrencyMismatch:     {status: 400, name: "PARAM_ERROR", digits: digitsParam, field: "/amount/currency"},
	code.AccountFrozen:        {status: 403, name: "ACCOUNT_ERROR", digits: digitsRestricted},
	code.BalanceTooLow:        {status: 403, name: "NOT_ENOUGH", digits: digitsOther},
	code.AccountCapExceeded:   {status: 403, name: "RULE_LIMIT", digits: digitsOther},

	code.MerchantNotFound:    {status: 400, name: "MCH_NOT_EXISTS", digits: digitsMerchant},
	code.MerchantPaused:      {status: 403, name: "NO_AUTH", digits: digitsRestricted},
	code.AppidNotBound:       {status: 400, name: "APPID_MCHID_NOT_MATCH", digits: digitsAppid, field: "/appid"},
	code.CertNotFound:        {status: 401, name: "SIGN_ERROR", digits: digitsSignature},
	code.KeyMissing:          {status: 401, name: "SIGN_ERROR", digits: digitsSignature, zh: "商户未设置APIv3密钥。"},
	code.CallbackHostRefused: {status: 400, name: "PARAM_ERROR", digits: digitsParam, field: "/notify_url"},
	code.CallbackNeedsHTTPS:  {status: 400, name: "PARAM_ERROR", digits: digitsParam, field: "/notify_url"},

	code.PersonNotFound: {status: 400, name: "PARAM_ERROR", digits: digitsParam},
	code.PersonBlocked:  {status: 403, name: "USER_ACCOUNT_ABNORMAL", digits: digitsOther},
	code.OpenidNotFound: {status: 400, name: "PARAM_ERROR", digits: digitsParam, field: "/payer/openid", zh: "无效的openid"},
	code.OpenidMismatch: {status: 400, name: "PARAM_ERROR", digits: digitsParam, field: "/payer/openid", zh: "appid和openid不匹配"},

	code.OrderNotFound:     {status: 404, name: "ORDER_NOT_EXIST", digits: digitsNoOrder},
	code.OrderNoUsed:       {status: 403, name: "OUT_TRADE_NO_USED", digits: digitsReentry},
	code.OrderPaid:         {status: 400, name: "ORDERPAID", digits: digitsPaid, zh: "该订单已支付"},
	code.OrderClosed:       {status: 400, name: "ORDER_CLOSED", digits: digitsInvalid},
	code.OrderExpired:      {status: 400, name: "ORDER_CLOSED", digits: digitsInvalid},
	code.PrepayExpired:     {status: 400, name: "INVALID_REQUEST", digits: digitsInvalid},
	code.PrepayReplaced:    {status: 400, name: "INVALID_REQUEST", digits: digitsInvalid},
	code.PayerMismatch:     {status: 400, name: "INVALID_REQUEST", digits: digitsOther},
	code.OutTradeNoInvalid: {status: 400, name: "PARAM_ERROR", digits: digitsParam, field: "/out_trade_no"},
	code.TimeExpireInvalid: {status: 400, name: "PARAM_ERROR", digits: digitsRange, field: "/time_expire"},
	code.OpenidNeeded:      {status: 400, name: "PARAM_ERROR", digits: digitsNoOpenid, field: "/payer/openid"},
	code.AttemptNeeded:     {status: 500, name: "SYSTEM_ERROR", digits: digitsOther},
	code.OrderHasAttempt:   {status: 403, name: "TRADE_ERROR", digits: digitsOther},
	code.DescriptionNeeded: {status: 400, name: "PARAM_ERROR", digits: digitsParam, field: "/description"},

	code.RefundOrderNotPaid:  {status: 404, name: "RESOURCE_NOT_EXISTS", digits: digitsNoOrder},
	code.RefundExceedsPaid:   {status: 400, name: "INVALID_REQUEST", digits: digitsRange, field: "/amount/refund"},
	code.RefundTotalMismatch: {status: 400, name: "INVALID_REQUEST", digits: digitsReentry, field: "/amount/total", zh: "您的请求参数与订单信息不一致：amount.total 与原订单金额不同"},
	code.RefundTooMany:       {status: 400, name: "INVALID_REQUEST", digits: digitsRange},
	code.RefundTooLate:       {status: 403, name: "TRADE_OVERDUE", digits: digitsInvalid},
	code.RefundTooSoon:       {status: 429, name: "FREQUENCY_LIMITED", digits: digitsRateLimited, retryAfter: 60},
	code.RefundNotEnough:     {status: 403, name: "NOT_ENOUGH", digits: digitsOther},
	code.RefundOrderMismatch: {status: 400, name: "INVALID_REQUEST", digits: digitsReentry, zh: "您的请求参数与订单信息不一致：transaction_id 与 out_trade_no 不是同一笔订单"},
	code.OutRefundNoInvalid:  {status: 400, name: "PARAM_ERROR", digits: digitsParam, field: "/out_refund_no"},

	code.NoticeNotFound:  {status: 404, name: "RESOURCE_NOT_EXISTS", digits: digitsOther},
	code.NoticeStillOwed: {status: 400, name: "INVALID_REQUEST", digits: digitsOther},

	code.NoGenesis:      {status: 503, name: "SERVICE_UNAVAILABLE", digits: digitsOther, retryAfter: 5},
	code.AdvanceInvalid: {status: 500, name: "SYSTEM_ERROR", digits: digitsOther},
}

// wordOf finds how a product says an outcome; nil is none in particular.
func wordOf(c code.Code, p *Product) word {
	if p != nil {
		if own, ok := p.Words[c]; ok {
			return word{status: own.Status, name: own.Name, digits: own.Digits}
		}
	}
	if w, ok := words[c]; ok {
		return w
	}
	return classWords[c.Class()]
}

// refusalOf turns an outcome into an answer.
func refusalOf(c code.Code, p *Product) *Refusal {
	w := wordOf(c, p)
	info, ok := code.Lookup(c)
	if !ok {
		info, _ = code.Lookup(code.Internal)
	}
	r := &Refusal{Status: w.status, Code: w.name, Digits: w.digits, ZH: w.zh, EN: w.en, RetryAfter: w.retryAfter}
	if r.ZH == "" {
		r.ZH = info.ZH
	}
	if r.EN == "" {
		r.EN = info.EN
	}
	if w.field != "" {
		r.Detail = &Detail{Field: w.field, Issue: info.EN, Location: "body"}
	}
	return r
}
