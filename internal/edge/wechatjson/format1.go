package wechatjson

import (
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Format 1. Nothing in this file may ever change what it writes: see the
// package comment. It shares no shape with the answers on purpose, and writes
// its words out, so that an answer or a word can grow without touching it.

// payFormat1 tells of a payment. It says SUCCESS also when the order has been
// refunded since: it tells of the deed, and a refund has a notice of its own.
func payFormat1(o *pb.Order, offset int32) []byte {
	w := Writer{Buf: make([]byte, 0, 640)}
	w.Open("")
	w.Str("mchid", o.Mchid)
	w.Str("appid", o.Appid)
	w.Str("out_trade_no", o.OutTradeNo)
	w.Str("transaction_id", ident.TransactionID(o.Id, o.PaidAt, offset))
	w.Str("trade_type", tradeTypeFormat1(o.Product))
	w.Str("trade_state", "SUCCESS")
	w.Str("trade_state_desc", "支付成功")
	w.Str("bank_type", "OTHERS")
	w.Opt("attach", o.Attach)
	w.Str("success_time", stamp.RFC3339(o.PaidAt, offset))
	w.Open("payer")
	w.Opt("openid", o.Openid)
	w.Close()
	w.Open("amount")
	w.Int("total", o.Total)
	w.Int("payer_total", o.Total)
	w.Str("currency", "CNY")
	w.Str("payer_currency", "CNY")
	w.Close()
	if o.DeviceId != "" {
		w.Open("scene_info")
		w.Str("device_id", o.DeviceId)
		w.Close()
	}
	w.Close()
	return w.Buf
}

func tradeTypeFormat1(p pb.Product) string {
	switch p {
	case pb.Product_PRODUCT_JSAPI:
		return "JSAPI"
	case pb.Product_PRODUCT_APP:
		return "APP"
	case pb.Product_PRODUCT_H5:
		return "MWEB"
	case pb.Product_PRODUCT_MICROPAY:
		return "MICROPAY"
	}
	return "NATIVE"
}

// refundFormat1 tells how a refund ended. The status comes from the event: a
// refund that was ABNORMAL and then SUCCESS owes two notices.
func refundFormat1(status string, o *pb.Order, r *pb.Refund, offset int32) []byte {
	w := Writer{Buf: make([]byte, 0, 512)}
	w.Open("")
	w.Str("mchid", r.Mchid)
	w.Str("out_trade_no", o.OutTradeNo)
	w.Str("transaction_id", ident.TransactionID(o.Id, o.PaidAt, offset))
	w.Str("out_refund_no", r.OutRefundNo)
	w.Str("refund_id", ident.RefundID(r.Id, r.CreatedAt, offset))
	w.Str("refund_status", status)
	if status == "SUCCESS" {
		w.Str("success_time", stamp.RFC3339(r.SuccessAt, offset))
	}
	w.Str("user_received_account", "支付用户零钱")
	w.Open("amount")
	w.Int("total", r.Total)
	w.Int("refund", r.Refund)
	w.Int("payer_total", r.Total)
	w.Int("payer_refund", r.Refund)
	w.Close()
	w.Close()
	return w.Buf
}
