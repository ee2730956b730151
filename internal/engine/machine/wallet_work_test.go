package machine_test

import (
	"bytes"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
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
	w.ok(catalogue.LimitsSet, &pb.LimitsSet{Limits: &pb.Limits{Grade: 2, PerAct: 1_000_00, PerDay: 5_000_00, PerYear: 50_000_00, PerMinute: 100, Velocity: []*pb.Velocity{{WindowMs: stamp.Hour, Acts: 50, Sum: 20_000_00}}}})
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
	w.passkeys(hua)
	return []*holder{ming, hua}
}

// passkeys has a passkey added, used for a payment and for taking it away again, and
// a device seen the day after.
func (w *workload) passkeys(h *holder) {
	credential := filled(16, 70)
	add := func(of []byte, grant uint64, act []byte) {
		by := h.consent(grant)
		by.Act = act
		w.ok(catalogue.PasskeyAdd, &pb.PasskeyAdd{Uid: h.uid, Passkey: &pb.Passkey{Credential: of, PublicKey: filled(77, 71), Label: "指纹"}, Consent: by})
	}
	try := w.ok(catalogue.PinReserve, &pb.PinReserve{Uid: h.uid, Device: h.device, Key: filled(wallet.KeySize, 70)}).(*pb.PinTry)
	w.ok(catalogue.PinResult, &pb.PinResult{Uid: h.uid, Number: try.Number, Right: true})
	add(credential, try.Number, nil)
	use := func(number uint64, act []byte) uint64 {
		by := h.consent(0)
		by.Assertion = &pb.Assertion{
			Credential: credential, AuthenticatorData: append(append(filled(32, 72), 5), 0, 0, 0, byte(number)), ClientData: []byte("{}"), Signature: filled(70, 73),
			Challenge: &pb.Challenge{Subject: wallet.Subject(h.uid), Device: h.device, Number: number, Until: try.Until, Act: act, Mac: filled(32, 74)},
		}
		return w.ok(catalogue.PasskeyUse, &pb.PasskeyUse{Uid: h.uid, Consent: by}).(*pb.PinTry).Number
	}
	act := filled(16, 75)
	add(filled(16, 76), use(1, act), act)
	grant := use(2, act)
	by := h.consent(grant)
	by.Act = act
	w.ok(catalogue.PasskeyEnd, &pb.PasskeyEnd{Uid: h.uid, Credential: credential, Consent: by})
	w.now += stamp.DayMs
	w.ok(catalogue.DeviceSeen, &pb.DeviceSeen{Uid: h.uid, Device: h.device})
	w.heard(h)
}

// heard has somebody blocked, twice, and heard: one appeal is decided, one waits.
func (w *workload) heard(h *holder) {
	says := func(n byte) *pb.Sealed {
		return &pb.Sealed{KeyId: fmt.Sprintf("%032x", h.uid), Box: filled(40, n), Hash: filled(16, n)}
	}
	w.ok(catalogue.PersonBlock, &pb.PersonBlock{Uid: h.uid, Blocked: true, Reason: "a test", Why: pb.BlockReason_BLOCK_REASON_SUSPECTED})
	w.ok(catalogue.AppealFile, &pb.AppealFile{Uid: h.uid, ClientId: "a1", Words: says(80), Consent: h.consent(0)})
	w.ok(catalogue.AppealDecide, &pb.AppealDecide{Uid: h.uid, Number: 1, Grant: true, Answer: says(81)})

	late := w.enrol(3)
	w.ok(catalogue.PersonBlock, &pb.PersonBlock{Uid: late.uid, Blocked: true, Reason: "another", Why: pb.BlockReason_BLOCK_REASON_ASKED})
	w.ok(catalogue.AppealFile, &pb.AppealFile{Uid: late.uid, ClientId: "a1", Words: says(82), Consent: late.consent(0)})
}

func (w *workload) payByWallet(h *holder, grant uint64, no string) {
	o := w.ok(catalogue.OrderCreate, &pb.OrderCreate{
		Mchid: workMchid, Appid: workAppid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE, Currency: money.CNY,
		Total: 300_00, Description: "茶", NotifyUrl: "https://shop.example/n",
	}).(*pb.Order)
	w.ok(catalogue.WalletPay, &pb.WalletPay{PrepayId: o.PrepayId, Uid: h.uid, Attempt: []byte("a"), Consent: h.consent(grant)})
}
