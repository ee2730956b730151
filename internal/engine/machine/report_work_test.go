package machine_test

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// reports has somebody report a payment of theirs three times: one report is answered
// and closed, the others become late as time goes on.
func (w *workload) reports() {
	ming := w.enrol(31)
	o := w.ok(catalogue.OrderCreate, &pb.OrderCreate{
		Mchid: workMchid, Appid: workAppid, OutTradeNo: "REPORTED-1", Product: pb.Product_PRODUCT_NATIVE, Currency: money.CNY,
		Total: 3_00, Description: "茶", NotifyUrl: "https://shop.example/n",
	}).(*pb.Order)
	w.ok(catalogue.WalletPay, &pb.WalletPay{PrepayId: o.PrepayId, Uid: ming.uid, Attempt: []byte("a"), Consent: ming.consent(0)})
	troubles := []pb.Trouble{pb.Trouble_TROUBLE_NOT_RECEIVED, pb.Trouble_TROUBLE_NOT_ME, pb.Trouble_TROUBLE_OTHER}
	for i, trouble := range troubles {
		p := w.ok(catalogue.ReportCreate, &pb.ReportCreate{
			Uid: ming.uid, ClientId: fmt.Sprint("r", i), Subject: &pb.Subject{Kind: pb.Kind_KIND_ORDER, Id: o.Id}, Trouble: trouble, Consent: ming.consent(0),
			Words: &pb.Sealed{KeyId: fmt.Sprintf("%032x", 900+i), Box: filled(40, byte(i)), Hash: filled(16, byte(i))},
		}).(*pb.ProblemReport)
		if i == 0 {
			w.ok(catalogue.ReportAnswer, &pb.ReportAnswer{Id: p.Id, Words: &pb.Sealed{KeyId: fmt.Sprintf("%032x", 950), Box: filled(40, 9), Hash: filled(16, 9)}})
			w.ok(catalogue.ReportClose, &pb.ReportClose{Id: p.Id, Uid: ming.uid, Consent: ming.consent(0)})
		}
	}
}
