package wechatjson

import (
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Refund answers a refund request or query. o is the refunded order. Money
// goes back to where it came from: channel is ORIGINAL and the payer's balance
// receives it.
func Refund(r *pb.Refund, o *pb.Order, offset int32) []byte {
	w := Writer{Buf: make([]byte, 0, 768)}
	w.Open("")
	w.Str("refund_id", ident.RefundID(r.Id, r.CreatedAt, offset))
	w.Str("out_refund_no", r.OutRefundNo)
	w.Str("transaction_id", ident.TransactionID(o.Id, o.PaidAt, offset))
	w.Str("out_trade_no", o.OutTradeNo)
	w.Str("channel", channelOriginal)
	w.Str("user_received_account", receivedByBalance)
	if r.Status == pb.RefundStatus_REFUND_STATUS_SUCCESS {
		w.Str("success_time", stamp.RFC3339(r.SuccessAt, offset))
	}
	w.Str("create_time", stamp.RFC3339(r.CreatedAt, offset))
	w.Str("status", RefundStatus(r.Status))
	if r.FundsAccount != "" {
		w.Str("funds_account", r.FundsAccount)
	} else {
		w.Str("funds_account", fundsAvailable)
	}
	w.Open("amount")
	w.Int("total", r.Total)
	w.Int("refund", r.Refund)
	w.Raw("from", "[]")
	w.Int("payer_total", r.Total)
	w.Int("payer_refund", r.Refund)
	w.Int("settlement_refund", r.Refund)
	w.Int("settlement_total", r.Total)
	w.Int("discount_refund", 0)
	w.Str("currency", money.CurrencyCode(r.Currency))
	w.Int("refund_fee", 0)
	w.Close()
	w.Raw("promotion_detail", "[]")
	w.Close()
	return w.Buf
}
