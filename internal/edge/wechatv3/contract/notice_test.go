package contract

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// callback makes the request a courier sends for an owed notice.
func (s *shop) callback(id uint64, signer *keystore.Signer) *http.Request {
	s.t.Helper()
	var n *pb.Notice
	var rec wechatjson.Records
	s.see(func(r table.Reader) {
		n, _ = notice.Get(r, id)
		kind, id := notice.Subject(n)
		rec = wechatjson.Read(r, kind, id)
	})
	plaintext, err := wechatjson.Plaintext(n, rec, stamp.Business)
	if err != nil {
		s.t.Fatal(err)
	}
	event, _ := wechatjson.Describe(n.Event, n.Format)
	nonce := seal.DeriveNonce([]byte(apiv3), n.Id, plaintext)
	sealed, err := seal.Seal([]byte(apiv3), nonce, event.AssociatedData, plaintext)
	if err != nil {
		s.t.Fatal(err)
	}
	body := wechatjson.Envelope{ID: ident.EventID("contract.example", n.Id), CreateTime: stamp.RFC3339(n.CreatedAt, stamp.Business),
		Event: event, Nonce: nonce, Ciphertext: sealed}.Body()
	at, salt := strconv.FormatInt(time.Now().Unix(), 10), "abcdefghijklmnopqrstuvwxyz012345"
	signature, err := signer.Sign(seal.AnswerMessage(at, salt, body))
	if err != nil {
		s.t.Fatal(err)
	}
	q := httptest.NewRequest("POST", n.Url, bytes.NewReader(body))
	q.Header.Set("Wechatpay-Serial", signer.ID())
	q.Header.Set("Wechatpay-Timestamp", at)
	q.Header.Set("Wechatpay-Nonce", salt)
	q.Header.Set("Wechatpay-Signature", signature)
	q.Header.Set("Wechatpay-Signature-Type", seal.Scheme)
	return q
}

// refundNotice is what a merchant decodes a refund notice into.
type refundNotice struct {
	Mchid         string `json:"mchid"`
	TransactionID string `json:"transaction_id"`
	OutTradeNo    string `json:"out_trade_no"`
	RefundID      string `json:"refund_id"`
	OutRefundNo   string `json:"out_refund_no"`
	RefundStatus  string `json:"refund_status"`
	SuccessTime   time.Time
	Amount        struct {
		Total, Refund int64
		PayerTotal    int64 `json:"payer_total"`
		PayerRefund   int64 `json:"payer_refund"`
	}
}

// Notices of a payment and of its refund, signed with a certificate and with the
// public key, go through the SDK's handler.
func TestNotices(t *testing.T) {
	t.Parallel()
	s := newShop(t, pb.KeyMode_KEY_MODE_BOTH)
	s.sdk() // registers the downloader of certificates
	payer := s.payer()
	o := s.core.Must(catalogue.OrderCreate, &pb.OrderCreate{Mchid: s.mchid, Appid: appid, OutTradeNo: "T-SDK-notice", Product: pb.Product_PRODUCT_NATIVE,
		Total: 100, Currency: money.CNY, Description: "tea", Attach: "桌 \"7\"", NotifyUrl: "https://shop.example/notify"}).(*pb.Order)
	paid := s.pay(o.PrepayId, payer)
	f := s.core.Must(catalogue.RefundCreate, &pb.RefundCreate{Mchid: s.mchid, OutTradeNo: "T-SDK-notice", OutRefundNo: "R-SDK-notice",
		Refund: 40, Total: 100, Currency: money.CNY, NotifyUrl: "https://shop.example/refund"}).(*pb.Refund)
	s.core.Must(catalogue.Tick, &pb.Tick{})
	s.see(func(r table.Reader) { f, _ = refund.Get(r, f.Id) })

	public := s.keys.PublicKey()
	certificate := s.keys.SigningCert(time.Now().UnixMilli())
	visitor := downloader.MgrInstance().GetCertificateVisitor(s.mchid)
	for name, c := range map[string]struct {
		signer   *keystore.Signer
		verifier auth.Verifier
	}{
		"certificate":      {certificate, verifiers.NewSHA256WithRSAVerifier(visitor)},
		"public key":       {public, verifiers.NewSHA256WithRSAPubkeyVerifier(public.ID(), *public.PublicKey())},
		"both, public key": {public, verifiers.NewSHA256WithRSACombinedVerifier(visitor, public.ID(), *public.PublicKey())},
		"both, cert":       {certificate, verifiers.NewSHA256WithRSACombinedVerifier(visitor, public.ID(), *public.PublicKey())},
	} {
		handler, err := notify.NewRSANotifyHandler(apiv3, c.verifier)
		if err != nil {
			t.Fatal(err)
		}
		var transaction payments.Transaction
		request, err := handler.ParseNotifyRequest(t.Context(), s.callback(paid.NoticeId, c.signer), &transaction)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkPaid(t, &transaction, "NATIVE", paid)
		if request.EventType != "TRANSACTION.SUCCESS" || request.Resource.OriginalType != "transaction" || request.Summary != "支付成功" ||
			request.ResourceType != "encrypt-resource" || len(request.ID) != 36 || *transaction.Attach != "桌 \"7\"" || *transaction.Mchid != s.mchid {
			t.Errorf("%s: %+v %v", name, request, &transaction)
		}
		var returned refundNotice
		request, err = handler.ParseNotifyRequest(t.Context(), s.callback(f.NoticeId, c.signer), &returned)
		if err != nil || request.EventType != "REFUND.SUCCESS" || returned.RefundStatus != "SUCCESS" || returned.Amount.Refund != 40 ||
			returned.OutRefundNo != "R-SDK-notice" || returned.TransactionID != *transaction.TransactionId || len(returned.RefundID) != 29 || returned.Mchid != s.mchid {
			t.Errorf("%s: refund %+v, %v", name, returned, err)
		}
		forged := s.callback(paid.NoticeId, c.signer)
		forged.Header.Set("Wechatpay-Nonce", strings.Repeat("x", 32))
		if _, err := handler.ParseNotifyRequest(t.Context(), forged, &transaction); err == nil {
			t.Errorf("%s: an altered notice was accepted", name)
		}
	}
}
