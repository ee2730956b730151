package machine_test

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

const (
	workAlias     = 123_000_000
	workTillAlias = 124_000_000
)

// shown is an order for which a device shows the code of a step and a tap.
func shown(no string, total int64, alias uint32, step uint64, tap uint32) *pb.CodePay {
	return &pb.CodePay{
		Order: &pb.OrderCreate{
			Mchid: workMchid, Appid: workAppid, OutTradeNo: no, Product: pb.Product_PRODUCT_MICROPAY, Currency: money.CNY, Total: total, Description: "茶",
		},
		Code: shownCode(alias, step, tap),
	}
}

func shownCode(alias uint32, step uint64, tap uint32) *pb.ShownCode {
	return &pb.ShownCode{Alias: alias, Step: step, Tap: tap, Digits: uint32(step*16) + tap, Judge: 1}
}

// shownCodes has every command of codes in it, and leaves an order that waits for its
// payer.
func (w *workload) shownCodes(h *holder) {
	w.ok(catalogue.FreeLimitSet, &pb.FreeLimitSet{Uid: h.uid, Limit: 0, Consent: h.consent(0)})
	w.ok(catalogue.FreeLimitSet, &pb.FreeLimitSet{Uid: h.uid, Limit: 100_00, Consent: h.consent(w.grant(h, 10))})
	w.ok(catalogue.ReceiveCodeSet, &pb.ReceiveCodeSet{Uid: h.uid, Code: filled(16, 1), Consent: h.consent(0)})
	w.ok(catalogue.PayCodeWrong, &pb.PayCodeWrong{Mchid: workMchid, Till: 7})
	for n := range uint32(3) {
		w.ok(catalogue.PayCodeRenew, &pb.PayCodeRenew{Uid: h.uid, Alias: workAlias + n, Consent: h.consent(0)})
		w.ok(catalogue.CodePay, shown(fmt.Sprint("SHOWN-", n), 1_00, workAlias+n, 1000, n))
	}
	for n := range uint32(3) {
		o := w.ok(catalogue.CodePay, shown(fmt.Sprint("ASKED-", n), 100_01, workAlias+2, 1001, n)).(*pb.Order)
		if n < 2 {
			grant := uint64(0)
			if n == 0 {
				grant = w.grant(h, 11)
			}
			w.ok(catalogue.AskAnswer, &pb.AskAnswer{Order: o.Id, Uid: h.uid, Pay: n == 0, Consent: h.consent(grant)})
		}
	}
}

// grant is of a right PIN.
func (w *workload) grant(h *holder, key byte) uint64 {
	try := w.ok(catalogue.PinReserve, &pb.PinReserve{Uid: h.uid, Device: h.device, Key: filled(wallet.KeySize, key)}).(*pb.PinTry)
	w.ok(catalogue.PinResult, &pb.PinResult{Uid: h.uid, Number: try.Number, Right: true})
	return try.Number
}
