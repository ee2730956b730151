package refund

import (
	"math"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/goods"
	sj "github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

type refundBody struct {
	subMchid                               string
	transactionID, outTradeNo, outRefundNo string
	reason, notifyURL, fundsAccount        string
	amount                                 refundAmount
	goodsRaw                               []byte
	items                                  []goods.Item
}

type refundAmount struct {
	refund, total int64
	currency      string
	from          []fundsFrom
}

type fundsFrom struct {
	account string
	amount  int64
}

var (
	whyFunds     = &sj.Why{ZH: "应为 AVAILABLE 或 UNSETTLED", EN: "must be AVAILABLE or UNSETTLED"}
	whyFundsFrom = &sj.Why{ZH: "应为 AVAILABLE 或 UNAVAILABLE", EN: "must be AVAILABLE or UNAVAILABLE"}
)

var positive = sj.Number{Min: 1, Max: math.MaxInt64}

var refundSchema = sj.Of(
	sj.String("sub_mchid", func(b *refundBody) *string { return &b.subMchid }, sj.Text{Max: 32}),
	sj.String("transaction_id", func(b *refundBody) *string { return &b.transactionID }, sj.Text{Max: 32, Check: transactionID}),
	sj.String("out_trade_no", func(b *refundBody) *string { return &b.outTradeNo }, sj.Text{Max: 32, Check: wechatv3.OutTradeNo}),
	sj.String("out_refund_no", func(b *refundBody) *string { return &b.outRefundNo }, sj.Text{Min: 1, Max: 64, Check: wechatv3.OutRefundNo}).Required(),
	sj.String("reason", func(b *refundBody) *string { return &b.reason }, sj.Text{Max: 80}),
	sj.String("notify_url", func(b *refundBody) *string { return &b.notifyURL }, sj.Text{Max: 256, Check: wechatv3.NotifyURL}),
	sj.String("funds_account", func(b *refundBody) *string { return &b.fundsAccount }, sj.Text{Max: 32, Check: wechatv3.OneOf(whyFunds, "AVAILABLE", "UNSETTLED")}),
	sj.Nested("amount", func(b *refundBody) *refundAmount { return &b.amount }, sj.Of(
		sj.Int("refund", func(a *refundAmount) *int64 { return &a.refund }, positive).Required(),
		sj.Int("total", func(a *refundAmount) *int64 { return &a.total }, positive).Required(),
		sj.String("currency", func(a *refundAmount) *string { return &a.currency }, sj.Text{Min: 1, Max: 16, Check: wechatv3.Currency}).Required(),
		sj.Objects("from", func(a *refundAmount) *[]fundsFrom { return &a.from }, 8, sj.Of(
			sj.String("account", func(f *fundsFrom) *string { return &f.account }, sj.Text{Min: 1, Max: 32, Check: wechatv3.OneOf(whyFundsFrom, "AVAILABLE", "UNAVAILABLE")}).Required(),
			sj.Int("amount", func(f *fundsFrom) *int64 { return &f.amount }, positive).Required(),
		)),
	)).Required(),
	sj.Keep(sj.Objects("goods_detail", func(b *refundBody) *[]goods.Item { return &b.items }, goods.Most, goods.Fields(
		sj.Int("refund_amount", func(g *goods.Item) *int64 { return &g.RefundAmount }, goods.AnyAmount).Required(),
		sj.Int("refund_quantity", func(g *goods.Item) *int64 { return &g.RefundQuantity }, positive).Required(),
	)), func(b *refundBody) *[]byte { return &b.goodsRaw }),
)

var whyTransactionID = &sj.Why{ZH: "应为 28 位数字", EN: "must be 28 digits as a paid order's query shows them"}

func transactionID(s string) *sj.Why {
	_, ok := ident.ParseTransactionID(s)
	return wechatv3.When(!ok, whyTransactionID)
}

// create answers POST /v3/refund/domestic/refunds: the refund as it is
// now, PROCESSING at first.
func create(q *wechatv3.Request) ([]byte, *wechatv3.Refusal) {
	var b refundBody
	if refused := wechatv3.Decode(q, refundSchema, &b); refused != nil {
		return nil, refused
	}
	if refused := b.check(); refused != nil {
		return nil, refused
	}
	if refused := q.CheckCallback(b.notifyURL); refused != nil {
		return nil, refused
	}
	f, refused := wechatv3.Do(q, refund.Create, &pb.RefundCreate{
		Mchid: q.Mchid(), OutRefundNo: b.outRefundNo, TransactionId: b.transactionID, OutTradeNo: b.outTradeNo,
		Refund: b.amount.refund, Total: b.amount.total, Currency: money.CNY, Reason: b.reason,
		NotifyUrl: b.notifyURL, FundsAccount: b.fundsAccount, GoodsDetail: b.goodsRaw,
	})
	if refused != nil {
		return nil, refused
	}
	var answer []byte
	refused = q.Read(func(r table.Reader) (err error) {
		answer, err = show(r, q, f)
		return err
	})
	return answer, refused
}

var (
	whyPartner = &sj.Why{ZH: "不支持服务商模式，请去掉该参数", EN: "partner mode is not served; leave the parameter out"}
	whyWhich   = &sj.Why{ZH: "transaction_id 与 out_trade_no 至少填一个", EN: "give transaction_id or out_trade_no"}
	whyFromSum = &sj.Why{ZH: "出资金额之和应等于退款金额", EN: "the amounts must add up to amount.refund"}
)

// check holds the fields against each other.
func (b *refundBody) check() *wechatv3.Refusal {
	switch {
	case b.subMchid != "":
		return wechatv3.BadField("body", "/sub_mchid", b.subMchid, whyPartner)
	case b.transactionID == "" && b.outTradeNo == "":
		return wechatv3.BadField("body", "/out_trade_no", "", whyWhich)
	case len(b.amount.from) > 0 && !b.amount.fromAddsUp():
		return wechatv3.BadField("body", "/amount/from", "", whyFromSum)
	}
	return nil
}

func (a *refundAmount) fromAddsUp() bool {
	sum := int64(0)
	for _, f := range a.from {
		var ok bool
		if sum, ok = money.Add(sum, f.amount); !ok {
			return false
		}
	}
	return sum == a.refund
}
