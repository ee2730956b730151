package wechatjson

import (
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Transaction answers an order query. offset is the business offset from UTC
// in seconds. An unpaid order shows what was ordered and nothing of a payment:
// no transaction_id, trade_type, bank_type, attach, success_time; payer is
// empty and amount has no payer_total.
func Transaction(o *pb.Order, offset int32) []byte {
	w := Writer{Buf: make([]byte, 0, 640)}
	state, desc := TradeState(o.State)
	paid := o.PaidAt != 0
	w.Open("")
	w.Str("appid", o.Appid)
	w.Str("mchid", o.Mchid)
	w.Str("out_trade_no", o.OutTradeNo)
	if paid {
		w.Str("transaction_id", ident.TransactionID(o.Id, o.PaidAt, offset))
		w.Str("trade_type", TradeType(o.Product))
	}
	w.Str("trade_state", state)
	w.Str("trade_state_desc", desc)
	if paid {
		w.Str("bank_type", bankTypeBalance)
		w.Opt("attach", o.Attach)
		w.Str("success_time", stamp.RFC3339(o.PaidAt, offset))
	}
	w.Open("payer")
	if paid {
		w.Opt("openid", o.Openid)
	}
	w.Close()
	w.Open("amount")
	w.Int("total", o.Total)
	if paid {
		w.Int("payer_total", o.Total)
	}
	w.Str("currency", money.CurrencyCode(o.Currency))
	w.Str("payer_currency", money.CurrencyCode(o.Currency))
	w.Close()
	if o.DeviceId != "" {
		w.Open("scene_info")
		w.Str("device_id", o.DeviceId)
		w.Close()
	}
	w.Close()
	return w.Buf
}
