package machine_test

import (
	"bytes"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// holder is a person with a device in the workload.
type holder struct {
	uid     uint64
	device  []byte
	counter uint64
}

// consent is what the holder's device signs next.
func (h *holder) consent(grant uint64) *pb.Consent {
	h.counter++
	return &pb.Consent{
		Device: h.device, Counter: h.counter, Grant: grant,
		Signed: bytes.Repeat([]byte{byte(h.counter)}, 32), Signature: bytes.Repeat([]byte{9}, 64),
	}
}

func filled(size int, with byte) []byte { return bytes.Repeat([]byte{with}, size) }

// enrol gives somebody a wallet and money.
func (w *workload) enrol(n byte) *holder {
	phone, point := filled(wallet.TagSize, n), append([]byte{4}, filled(64, n)...)
	w.ok(catalogue.CodeSend, &pb.CodeSend{PhoneTag: phone, AddressTag: filled(wallet.TagSize, 200), Proof: filled(wallet.TagSize, n+100), Key: filled(wallet.KeySize, n)})
	e := w.ok(catalogue.DeviceEnrol, &pb.DeviceEnrol{
		PhoneTag: phone, Proof: filled(wallet.TagSize, n+100), PublicKey: point, Label: "小明的手机",
		Details: &pb.Sealed{KeyId: fmt.Sprintf("%032x", n), Box: filled(40, n), Hash: filled(16, n)},
	}).(*pb.Enrolment)
	w.ok(catalogue.PersonTopup, &pb.PersonTopup{Uid: e.Uid, Amount: 10_000_00, Currency: money.CNY, Ref: fmt.Sprint("wallet-", n), Line: "demo"})
	return &holder{uid: e.Uid, device: e.Device}
}

// wallets has every command of wallets in it.
func (w *workload) wallets() []*holder {
	w.ok(catalogue.LimitsSet, &pb.LimitsSet{Limits: &pb.Limits{Grade: 2, PerAct: 1_000_00, PerDay: 5_000_00, PerYear: 50_000_00, PerMinute: 100}})
	ming, hua := w.enrol(1), w.enrol(2)
	for _, h := range []*holder{ming, hua} {
		w.ok(catalogue.GradeSet, &pb.GradeSet{Uid: h.uid, Grade: 2})
		w.ok(catalogue.PinSet, &pb.PinSet{Uid: h.uid, Hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", Consent: h.consent(0)})
		w.ok(catalogue.FreeLimitSet, &pb.FreeLimitSet{Uid: h.uid, Limit: 1, Consent: h.consent(0)})
	}
	for i := range 3 {
		try := w.ok(catalogue.PinReserve, &pb.PinReserve{Uid: ming.uid, Device: ming.device, Key: filled(wallet.KeySize, byte(i))}).(*pb.PinTry)
		w.ok(catalogue.PinResult, &pb.PinResult{Uid: ming.uid, Number: try.Number, Right: i != 1})
		if i != 1 {
			w.payByWallet(ming, try.Number, fmt.Sprintf("WALLET-%d", i))
		}
	}
	w.now += 10 * 60 * 1000
	w.ok(catalogue.CodeSend, &pb.CodeSend{PhoneTag: filled(wallet.TagSize, 1), AddressTag: filled(wallet.TagSize, 200), Proof: filled(wallet.TagSize, 77), Key: filled(wallet.KeySize, 77)})
	w.ok(catalogue.PinForget, &pb.PinForget{Uid: ming.uid, Proof: filled(wallet.TagSize, 77), Consent: ming.consent(0)})
	w.now += 10 * 60 * 1000
	w.ok(catalogue.CodeSend, &pb.CodeSend{PhoneTag: filled(wallet.TagSize, 1), AddressTag: filled(wallet.TagSize, 200), Proof: filled(wallet.TagSize, 78), Key: filled(wallet.KeySize, 78)})
	lost := append([]byte{4}, filled(64, 50)...)
	w.ok(catalogue.DeviceEnrol, &pb.DeviceEnrol{PhoneTag: filled(wallet.TagSize, 1), Proof: filled(wallet.TagSize, 78), PublicKey: lost, Label: "old"})
	w.ok(catalogue.DeviceEnd, &pb.DeviceEnd{Uid: ming.uid, Device: wallet.DeviceID(lost), Consent: ming.consent(0)})
	return []*holder{ming, hua}
}

func (w *workload) payByWallet(h *holder, grant uint64, no string) {
	o := w.ok(catalogue.OrderCreate, &pb.OrderCreate{
		Mchid: workMchid, Appid: workAppid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE, Currency: money.CNY,
		Total: 300_00, Description: "茶", NotifyUrl: "https://shop.example/n",
	}).(*pb.Order)
	w.ok(catalogue.WalletPay, &pb.WalletPay{PrepayId: o.PrepayId, Uid: h.uid, Attempt: []byte("a"), Consent: h.consent(grant)})
}
