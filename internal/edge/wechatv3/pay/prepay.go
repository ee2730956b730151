package pay

import (
	"math"
	"net/http"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/goods"
	sj "github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// prepay is the body of the four prepay APIs; each has its own schema.
type prepay struct {
	appid, mchid, description, outTradeNo string
	timeExpire, attach, notifyURL         string
	goodsTag                              string
	limitPay                              []string
	supportFapiao                         bool
	amount                                amount
	payer                                 payer
	detailRaw                             []byte
	detail                                goods.Detail
	scene                                 scene
	settle                                settle
	subsidy                               []byte
}

type amount struct {
	total    int64
	currency string
}

type payer struct {
	openid   string
	identity []byte
}

type settle struct{ profitSharing bool }

// prepayFields are the members that all four products share.
func prepayFields(more ...sj.Field[prepay]) *sj.Object[prepay] {
	return sj.Of(append([]sj.Field[prepay]{
		sj.String("appid", func(p *prepay) *string { return &p.appid }, sj.Text{Min: 1, Max: 32, Check: wechatv3.Appid}).Required(),
		sj.String("mchid", func(p *prepay) *string { return &p.mchid }, sj.Text{Min: 1, Max: 32, Check: wechatv3.Mchid}).Required(),
		sj.String("description", func(p *prepay) *string { return &p.description }, sj.Text{Min: 1, Max: 127}).Required(),
		sj.String("out_trade_no", func(p *prepay) *string { return &p.outTradeNo }, sj.Text{Min: 6, Max: 32, Check: wechatv3.OutTradeNo}).Required(),
		sj.String("time_expire", func(p *prepay) *string { return &p.timeExpire }, sj.Text{Min: 1, Max: 64, Check: wechatv3.RFC3339}),
		sj.String("attach", func(p *prepay) *string { return &p.attach }, sj.Text{Max: 128}),
		sj.String("notify_url", func(p *prepay) *string { return &p.notifyURL }, sj.Text{Min: 1, Max: 255, Check: wechatv3.NotifyURL}).Required(),
		sj.String("goods_tag", func(p *prepay) *string { return &p.goodsTag }, sj.Text{Max: 32}),
		sj.Strings("limit_pay", func(p *prepay) *[]string { return &p.limitPay }, 4, sj.Text{Min: 1, Max: 32, Check: limitPay}),
		sj.Bool("support_fapiao", func(p *prepay) *bool { return &p.supportFapiao }),
		sj.Nested("amount", func(p *prepay) *amount { return &p.amount }, amountSchema).Required(),
		sj.Keep(sj.Nested("detail", func(p *prepay) *goods.Detail { return &p.detail }, goods.Schema), func(p *prepay) *[]byte { return &p.detailRaw }),
		sj.Nested("settle_info", func(p *prepay) *settle { return &p.settle }, settleSchema),
	}, more...)...)
}

var (
	whyLimitPay  = &sj.Why{ZH: "应为 no_balance、no_credit、no_debit 或 balance_only", EN: "must be no_balance, no_credit, no_debit or balance_only"}
	limitPay     = wechatv3.OneOf(whyLimitPay, "no_balance", "no_credit", "no_debit", "balance_only")
	amountSchema = sj.Of(
		sj.Int("total", func(a *amount) *int64 { return &a.total }, sj.Number{Min: 1, Max: math.MaxInt64}).Required(),
		sj.String("currency", func(a *amount) *string { return &a.currency }, sj.Text{Max: 16, Check: wechatv3.Currency}),
	)
	settleSchema = sj.Of(sj.Bool("profit_sharing", func(s *settle) *bool { return &s.profitSharing }))
)

// createOrder runs a decoded prepay and returns the order.
func createOrder(q *wechatv3.Request, p *prepay, product pb.Product) (*pb.Order, *wechatv3.Refusal) {
	if refused := q.SameMchid("body", "/mchid", p.mchid); refused != nil {
		return nil, refused
	}
	if refused := q.CheckCallback(p.notifyURL); refused != nil {
		return nil, refused
	}
	if p.payer.identity != nil {
		return nil, notOpened("/payer/identity", "实名支付", "real-name payment")
	}
	if p.subsidy != nil {
		return nil, notOpened("/subsidy_info", "分期补贴", "instalment subsidy")
	}
	return wechatv3.Do(q, order.Create, &pb.OrderCreate{
		Mchid: q.Mchid(), Appid: p.appid, OutTradeNo: p.outTradeNo, Product: product,
		Total: p.amount.total, Currency: money.CNY, Description: p.description, Attach: p.attach,
		NotifyUrl: p.notifyURL, TimeExpire: wechatv3.Milliseconds(p.timeExpire), Openid: p.payer.openid,
		GoodsTag: p.goodsTag, ProfitSharing: p.settle.profitSharing, DeviceId: p.scene.deviceID,
		PayerClientIp: p.scene.clientIP, LimitPay: strings.Join(p.limitPay, ","), Detail: p.detailRaw,
	})
}

// notOpened refuses a documented parameter of a product the merchant cannot
// have: taking the order without it would charge other than was asked.
func notOpened(field, zh, en string) *wechatv3.Refusal {
	return &wechatv3.Refusal{
		Status: http.StatusForbidden, Code: "NO_AUTH", Digits: wechatv3.DigitsRestricted,
		ZH: "商户未开通" + zh + "权限，请去掉参数 " + field, EN: "The merchant has no permission for " + en + "; leave out " + field,
		Detail: &wechatv3.Detail{Field: field, Issue: en + " is not available", Location: "body"},
	}
}

// oneString is the body of an answer with a single member.
func oneString(name, value string) []byte {
	w := wechatjson.Writer{Buf: make([]byte, 0, 32+len(value))}
	w.Open("")
	w.Str(name, value)
	w.Close()
	return w.Buf
}
