package admin_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	mchid = edgetest.Mchid
	appid = edgetest.Appid
	key32 = "0123456789abcdefABCDEF0123456789"
)

// refusedWith fails unless err is the refusal with this outcome.
func refusedWith(t *testing.T, err error, want code.Code) {
	t.Helper()
	if c, ok := rpc.CodeOf(err); !ok || c != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func ask[Q, A any](t *testing.T, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) *A {
	t.Helper()
	a, err := f(t.Context(), connect.NewRequest(q))
	if err != nil {
		t.Fatal(err)
	}
	return a.Msg
}

func try[Q, A any](t *testing.T, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) error {
	t.Helper()
	_, err := f(t.Context(), connect.NewRequest(q))
	return err
}

var rsaKeys = sync.OnceValue(func() [3]*rsa.PrivateKey {
	var keys [3]*rsa.PrivateKey
	for i, bits := range []int{2048, 2048, 1024} {
		keys[i], _ = rsa.GenerateKey(rand.Reader, bits)
	}
	return keys
})

// cert makes a merchant's certificate valid for a year from the test's clock.
func cert(t *testing.T, key *rsa.PrivateKey, serial int64, from time.Time) string {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: mchid}, NotBefore: from, NotAfter: from.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

var start = time.UnixMilli(edgetest.Start)

func TestMerchant(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	keys := rsaKeys()
	add := &pb.AdminMerchantAddRequest{Mchid: mchid, Name: "示例茶铺", Appids: []string{appid}, CertPem: cert(t, keys[0], 0x1f2e, start), Apiv3Key: key32}
	a := ask(t, d.Client.MerchantAdd, add)
	if a.Merchant.Settings.RefundIntervalS != 60 || len(a.Certs) != 1 || a.Certs[0].Serial != "1F2E" || len(a.Merchant.Keys) != 1 || len(a.Accounts) != 1 {
		t.Errorf("added %+v", a)
	}
	kept, ok := d.Keys.APIv3Key(a.Merchant.Keys[0].KeyId)
	if !ok || string(kept) != key32 {
		t.Error("the keystore lacks the APIv3 key")
	}
	if again := ask(t, d.Client.MerchantAdd, add); len(again.Merchant.Keys) != 1 || len(again.Certs) != 1 {
		t.Errorf("the same call again made %d keys and %d certificates", len(again.Merchant.Keys), len(again.Certs))
	}
	refusedWith(t, try(t, d.Client.MerchantAdd, &pb.AdminMerchantAddRequest{Mchid: mchid, Name: "Another", Appids: []string{appid}}), code.MerchantExists)

	second := &pb.AdminMerchantKeyRequest{Mchid: mchid, CertPem: cert(t, keys[1], 0x2f, start), RevokeSerial: "1f2e", Apiv3Key: strings.Repeat("z", 32), AddAppid: "wxfedcba9876543210"}
	b := ask(t, d.Client.MerchantKey, second)
	if len(b.Certs) != 2 || len(b.Merchant.Keys) != 2 || len(b.Merchant.Appids) != 2 {
		t.Errorf("after the change: %+v", b)
	}
	for _, c := range b.Certs {
		if revoked := c.RevokedAt != 0; revoked != (c.Serial == "1F2E") {
			t.Errorf("certificate %s revoked: %v", c.Serial, revoked)
		}
	}
	set := ask(t, d.Client.MerchantCallback, &pb.AdminMerchantCallbackRequest{Mchid: mchid, Status: pb.MerchantStatus_MERCHANT_STATUS_PAUSED,
		Settings: &pb.MerchantSettings{KeyMode: pb.KeyMode_KEY_MODE_PUBLIC_KEY, CallbackHosts: []string{"shop.example"}}})
	if set.Merchant.Status != pb.MerchantStatus_MERCHANT_STATUS_PAUSED || set.Merchant.Settings.CallbackHosts[0] != "shop.example" {
		t.Errorf("settings are %+v", set.Merchant)
	}
	if strings.Contains(d.Log.String(), key32) || strings.Contains(d.Log.String(), strings.Repeat("z", 32)) {
		t.Error("an APIv3 key is in the log")
	}
}

func TestMerchantInputIsRefusedWhole(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	keys := rsaKeys()
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(keys[0])}))
	good := cert(t, keys[0], 7, start)
	elliptic, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(9), NotBefore: start, NotAfter: start.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &elliptic.PublicKey, elliptic)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		q    *pb.AdminMerchantAddRequest
		want string
	}{
		{"not PEM", &pb.AdminMerchantAddRequest{CertPem: "hello"}, "not PEM"},
		{"a private key", &pb.AdminMerchantAddRequest{CertPem: private}, "private key"},
		{"certificate and key", &pb.AdminMerchantAddRequest{CertPem: good + private}, "one certificate and nothing else"},
		{"garbage inside", &pb.AdminMerchantAddRequest{CertPem: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))}, "cannot be read"},
		{"1024 bits", &pb.AdminMerchantAddRequest{CertPem: cert(t, keys[2], 8, start)}, "1024 bits"},
		{"elliptic", &pb.AdminMerchantAddRequest{CertPem: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}, "ECDSA"},
		{"expired", &pb.AdminMerchantAddRequest{CertPem: cert(t, keys[0], 7, start.AddDate(-2, 0, 0))}, "expired on 2025-03-01"},
		{"short key", &pb.AdminMerchantAddRequest{Apiv3Key: "abc"}, "32 letters and digits"},
		{"host with port path", &pb.AdminMerchantAddRequest{Settings: &pb.MerchantSettings{CallbackHosts: []string{"shop.example/x"}}}, "callback host"},
		{"refund interval", &pb.AdminMerchantAddRequest{Settings: &pb.MerchantSettings{RefundIntervalS: -1}}, "refund_interval_s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.q.Mchid, c.q.Name, c.q.Appids = mchid, "Shop", []string{appid}
			err := try(t, d.Client.MerchantAdd, c.q)
			if connect.CodeOf(err) != connect.CodeInvalidArgument || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	refusedWith(t, try(t, d.Client.MerchantShow, &pb.AdminMerchantShowRequest{Mchid: mchid}), code.MerchantNotFound)
	refusedWith(t, try(t, d.Client.MerchantKey, &pb.AdminMerchantKeyRequest{Mchid: mchid, Apiv3Key: key32}), code.MerchantNotFound)
}

func TestMerchantListPages(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	for _, id := range []string{"1900000003", "1900000001", "1900000002"} {
		ask(t, d.Client.MerchantAdd, &pb.AdminMerchantAddRequest{Mchid: id, Name: "Shop", Appids: []string{appid}})
	}
	one := ask(t, d.Client.MerchantList, &pb.AdminMerchantListRequest{Limit: 2})
	two := ask(t, d.Client.MerchantList, &pb.AdminMerchantListRequest{Limit: 2, After: one.Next})
	if len(one.Merchants) != 2 || one.Next != "1900000002" || len(two.Merchants) != 1 || two.Next != "" || two.Merchants[0].Mchid != "1900000003" {
		t.Errorf("pages are %v and %v", one, two)
	}
}

func TestPerson(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	add := &pb.AdminPersonAddRequest{Ref: "alice", Name: "Alice", Appids: []string{appid}, Topup: 10_000}
	for range 2 { // the opening balance is credited once
		if a := ask(t, d.Client.PersonAdd, add); a.Accounts[0].CreditsPosted != 10_000 || len(a.Person.Openids) != 1 {
			t.Errorf("added %+v", a)
		}
	}
	for range 2 {
		a := ask(t, d.Client.PersonTopup, &pb.AdminPersonTopupRequest{PersonRef: "alice", Amount: 55, Ref: "bank-1"})
		if a.Accounts[0].CreditsPosted != 10_055 {
			t.Errorf("topped up to %d", a.Accounts[0].CreditsPosted)
		}
	}
	if a := ask(t, d.Client.PersonShow, &pb.AdminPersonShowRequest{Uid: 1}); a.Person.Ref != "alice" {
		t.Errorf("person 1 is %v", a.Person)
	}
	refusedWith(t, try(t, d.Client.PersonTopup, &pb.AdminPersonTopupRequest{PersonRef: "alice", Amount: 56, Ref: "bank-1"}), code.TopupExists)
	refusedWith(t, try(t, d.Client.PersonTopup, &pb.AdminPersonTopupRequest{PersonRef: "alice", Amount: -1}), code.AmountMustBePositive)
	refusedWith(t, try(t, d.Client.PersonTopup, &pb.AdminPersonTopupRequest{PersonRef: "bob", Amount: 1}), code.PersonNotFound)
	block := &pb.AdminPersonBlockRequest{PersonRef: "alice", Blocked: true, Reason: "lost phone"}
	for range 2 {
		if a := ask(t, d.Client.PersonBlock, block); !a.Person.Blocked || a.Person.BlockReason != "lost phone" || a.Person.Name != "Alice" {
			t.Errorf("blocked is %v", a.Person)
		}
	}
	refusedWith(t, try(t, d.Client.PersonBlock, &pb.AdminPersonBlockRequest{PersonRef: "alice", Blocked: true}), code.ReasonNeeded)
	refusedWith(t, try(t, d.Client.PersonBlock, &pb.AdminPersonBlockRequest{PersonRef: "bob", Blocked: true, Reason: "x"}), code.PersonNotFound)
	if a := ask(t, d.Client.PersonBlock, &pb.AdminPersonBlockRequest{PersonRef: "alice"}); a.Person.Blocked || a.Person.BlockReason != "" {
		t.Errorf("let go on, the person is %v", a.Person)
	}
	refusedWith(t, try(t, d.Client.PersonAdd, &pb.AdminPersonAddRequest{Ref: "carol", Name: "Carol", Topup: -5}), code.AmountMustBePositive)
	refusedWith(t, try(t, d.Client.PersonShow, &pb.AdminPersonShowRequest{Ref: "carol"}), code.PersonNotFound)
}

// bought is a site on which alice has paid one order.
func bought(t *testing.T) (*admintest.Site, *pb.Order) {
	t.Helper()
	d := admintest.Open(t, true)
	d.Merchant()
	alice := d.Payer("alice", "Alice", 500)
	o := d.Order("T2026-0001", nil)
	d.Sleep(1500)
	paid := d.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: alice.Uid, Attempt: []byte("attempt-00000001")}).(*pb.Order)
	return d, paid
}

func TestInspectOrder(t *testing.T) {
	t.Parallel()
	d, o := bought(t)
	names := []struct{ id, mchid string }{
		{"order/1", ""}, {ident.TransactionID(o.Id, o.PaidAt, stamp.Business), ""}, {o.PrepayId, ""}, {mchid + "/T2026-0001", ""}, {"T2026-0001", mchid},
	}
	for _, n := range names {
		a := ask(t, d.Client.InspectOrder, &pb.InspectRequest{Id: n.id, Mchid: n.mchid})
		if a.Order.OutTradeNo != "T2026-0001" || a.TransactionId != names[1].id {
			t.Errorf("%s is %v", n.id, a.Order)
		}
		if len(a.Steps) != 2 || a.Steps[0].What != "ordered" || a.Steps[1].What != "paid" || a.Steps[1].At-a.Steps[0].At != 1500 ||
			len(a.Steps[1].Postings) != 1 || a.Steps[1].Postings[0].Amount != 100 || a.Steps[1].Actor != "test" {
			t.Errorf("steps are %v", a.Steps)
		}
		if len(a.Notices) != 1 || a.Notices[0].State != pb.NoticeState_NOTICE_STATE_OWED {
			t.Errorf("notices are %v", a.Notices)
		}
		verified(t, d, a.Receipt, "order/1")
	}
	for _, id := range []string{"order/2", "order/x", "", "nothing", mchid + "/none", "4200000000000000000000000000", "wx201603011200001234567890abcdef1234"} {
		refusedWith(t, try(t, d.Client.InspectOrder, &pb.InspectRequest{Id: id}), code.OrderNotFound)
	}
}

// verified checks a receipt with the public key alone.
func verified(t *testing.T, d *admintest.Site, r *pb.Receipt, entity string) {
	t.Helper()
	v, err := journal.ParseVerifier(d.Keys.CheckpointVerifier())
	if err != nil {
		t.Fatal(err)
	}
	if e, _, err := journal.VerifyReceipt(r, v); err != nil || e.Entity != entity {
		t.Errorf("the receipt proves %v, %v; want %s", e, err, entity)
	}
}

func TestInspectRefundAndReceipts(t *testing.T) {
	t.Parallel()
	d, _ := bought(t)
	d.Must(catalogue.RefundCreate, &pb.RefundCreate{Mchid: mchid, OutRefundNo: "R1", NotifyUrl: "https://shop.example/refunds", OutTradeNo: "T2026-0001", Refund: 40, Total: 100, Currency: 156})
	d.Sleep(1000)
	d.Must(catalogue.Tick, &pb.Tick{})
	for _, n := range []struct{ id, mchid string }{{"refund/1", ""}, {mchid + "/R1", ""}, {"R1", mchid}} {
		a := ask(t, d.Client.InspectRefund, &pb.InspectRequest{Id: n.id, Mchid: n.mchid})
		if a.Refund.Refund != 40 || a.Refund.Status != pb.RefundStatus_REFUND_STATUS_SUCCESS || len(a.Steps) != 2 || a.Steps[1].What != "refund settled" {
			t.Errorf("%s is %v", n.id, a)
		}
		verified(t, d, a.Receipt, "refund/1")
		if byID := ask(t, d.Client.InspectRefund, &pb.InspectRequest{Id: a.RefundId}); byID.Refund.Id != 1 {
			t.Errorf("%s is %v", a.RefundId, byID.Refund)
		}
		verified(t, d, ask(t, d.Client.ShowReceipt, &pb.InspectRequest{Id: a.RefundId}), "refund/1")
	}
	verified(t, d, ask(t, d.Client.ShowReceipt, &pb.InspectRequest{Id: "order/1"}), "order/1")
	if a := ask(t, d.Client.InspectOrder, &pb.InspectRequest{Id: "order/1"}); len(a.Refunds) != 1 || len(a.Notices) != 2 {
		t.Errorf("the order shows %d refunds and %d notices", len(a.Refunds), len(a.Notices))
	}
	d.Order("T2026-0002", nil)
	refusedWith(t, try(t, d.Client.ShowReceipt, &pb.InspectRequest{Id: "order/2"}), code.RefundOrderNotPaid)
	refusedWith(t, try(t, d.Client.InspectRefund, &pb.InspectRequest{Id: "refund/9"}), code.RefundNotFound)
}

func TestInspectAccount(t *testing.T) {
	t.Parallel()
	d, _ := bought(t)
	a := ask(t, d.Client.InspectAccount, &pb.InspectRequest{Id: "user/1/balance"})
	if a.Account.CreditsPosted != 500 || a.Account.DebitsPosted != 100 || len(a.History) != 2 || a.History[0].Amount != -100 || a.ViewLag != 0 {
		t.Errorf("account is %v", a)
	}
	refusedWith(t, try(t, d.Client.InspectAccount, &pb.InspectRequest{Id: "user/2/balance"}), code.AccountNotFound)
}

func TestNoticeAndRedeliver(t *testing.T) {
	t.Parallel()
	d, o := bought(t)
	a := ask(t, d.Client.InspectNotice, &pb.InspectRequest{Id: "1"})
	if a.EventType != "TRANSACTION.SUCCESS" || !strings.Contains(a.Plaintext, `"out_trade_no":"T2026-0001"`) || len(a.Steps) != 1 {
		t.Errorf("notice is %v", a)
	}
	if b := ask(t, d.Client.InspectNotice, &pb.InspectRequest{Id: strings.ToUpper(a.EventId)}); b.Notice.Id != o.NoticeId {
		t.Errorf("by event id: %v", b.Notice)
	}
	refusedWith(t, try(t, d.Client.InspectNotice, &pb.InspectRequest{Id: "00000000-0000-5000-8000-000000000000"}), code.NoticeNotFound)
	refusedWith(t, try(t, d.Client.Redeliver, &pb.RedeliverRequest{Notice: "1"}), code.NoticeStillOwed)

	deliver(d)
	if r := ask(t, d.Client.Redeliver, &pb.RedeliverRequest{Notice: a.EventId}); len(r.Notices) != 1 || r.Notices[0] != 1 {
		t.Errorf("redelivered %v", r.Notices)
	}
	again := ask(t, d.Client.InspectNotice, &pb.InspectRequest{Id: "notice/1"})
	if s := again.Steps; again.Notice.State != pb.NoticeState_NOTICE_STATE_OWED || len(s) != 2 || s[1].What != "owed again by hand" || s[1].Actor != "admin/root" {
		t.Errorf("after redelivery: %v", again)
	}
	deliverAttempt(d, 2)
	d.Sleep(5000)
	from := edgetest.Start
	for _, c := range []struct {
		from, to int64
		want     int
	}{{from + 2000, 0, 0}, {from, from + 1000, 0}, {from, 0, 1}, {from, 0, 0}} {
		if r := ask(t, d.Client.Redeliver, &pb.RedeliverRequest{Mchid: mchid, From: c.from, To: c.to}); len(r.Notices) != c.want {
			t.Errorf("from %d to %d: redelivered %v, want %d", c.from, c.to, r.Notices, c.want)
		}
	}
	for _, q := range []*pb.RedeliverRequest{{}, {Notice: "1", Mchid: mchid, From: 1}, {Mchid: mchid}, {Mchid: mchid, From: 5, To: 4}} {
		if err := try(t, d.Client.Redeliver, q); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%v: %v", q, err)
		}
	}
}

func deliver(d *admintest.Site) { deliverAttempt(d, 1) }

func deliverAttempt(d *admintest.Site, number uint32) {
	d.Must(catalogue.NoticeReport, &pb.NoticeReport{Attempts: []*pb.Attempt{{
		NoticeId: 1, Number: number, At: d.Now(), Outcome: pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED, HttpStatus: 200}}})
}

func TestStatusAndClock(t *testing.T) {
	t.Parallel()
	d, _ := bought(t)
	d.Sleep(4000)
	a := ask(t, d.Client.Status, &pb.AdminStatusRequest{})
	if a.NoticesOwed != 1 || a.OldestNoticeAgeMs != 4000 || a.JournalSize == 0 || !a.Sandbox || a.ReadOnly || a.Verifier != d.Keys.CheckpointVerifier() || a.Version != "test" {
		t.Errorf("status is %v", a)
	}
	ask(t, d.Client.AdvanceClock, &pb.AdvanceClockRequest{AdvanceMs: stamp.Hour})
	if moved := position(d).ClockOffsetMs; moved != stamp.Hour {
		t.Errorf("the clock moved by %d ms", moved)
	}
	refusedWith(t, try(t, d.Client.AdvanceClock, &pb.AdvanceClockRequest{AdvanceMs: -1}), code.AdvanceInvalid)
	real := admintest.Open(t, false)
	refusedWith(t, try(t, real.Client.AdvanceClock, &pb.AdvanceClockRequest{AdvanceMs: 1}), code.SandboxOnly)
}

func position(d *admintest.Site) (head *pb.Head) {
	_ = d.Read(func(r table.Reader) error { head, _ = machine.Head(r); return nil })
	return head
}

func TestPlatform(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	a := ask(t, d.Client.PlatformShow, &pb.PlatformShowRequest{})
	if len(a.Certs) != 1 || !a.Certs[0].Signing || !strings.HasPrefix(a.PublicKeyId, "PUB_KEY_ID_") {
		t.Errorf("keys are %v", a)
	}
	b := ask(t, d.Client.PlatformRotate, &pb.PlatformRotateRequest{OverlapS: 3600})
	if len(b.Certs) != 2 || b.Certs[0].Signing == b.Certs[1].Signing {
		t.Errorf("while rotating: %v", b.Certs)
	}
	if err := try(t, d.Client.PlatformRotate, &pb.PlatformRotateRequest{OverlapS: 3600}); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("a rotation inside a rotation: %v", err)
	}
	if err := try(t, d.Client.PlatformRotate, &pb.PlatformRotateRequest{OverlapS: -1}); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a negative overlap: %v", err)
	}
}

func TestUnknownOutcomeIsPassedOn(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	d.Break(func(*pb.Command) (bool, error) { return true, code.Unknown.Err() })
	add := &pb.AdminMerchantAddRequest{Mchid: mchid, Name: "Shop", Appids: []string{appid}, Apiv3Key: key32}
	refusedWith(t, try(t, d.Client.MerchantAdd, add), code.Unknown)
	d.Break(nil)
	if a := ask(t, d.Client.MerchantAdd, add); len(a.Merchant.Keys) != 1 { // the same call completes it
		t.Errorf("completed: %v", a.Merchant)
	}
	d.Break(func(*pb.Command) (bool, error) { return false, os.ErrDeadlineExceeded })
	refusedWith(t, try(t, d.Client.MerchantAdd, add), code.Internal)
	if !strings.Contains(d.Log.String(), "i/o timeout") {
		t.Error("an inner error is not in the log")
	}
}

func TestTokensAndProbes(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	root, err := admin.ReadToken(admin.TokenFile(d.Dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, token string
		want        int
	}{
		{"/healthz", "", 200}, {"/readyz", "", 200}, {"/readyz?for=queries", "", 200},
		{"/metrics", "", 401}, {"/metrics", "Bearer wrong", 401}, {"/metrics", "Basic " + root, 401}, {"/metrics", "Bearer " + root, 200},
		{"/metrics", "Bearer " + admintest.AliceToken, 200}, {"/metrics", "Bearer " + root[:len(root)-1], 401}, {"/metrics", "Bearer ", 401},
		{"/debug/pprof/cmdline", "", 401}, {"/debug/pprof/cmdline", "Bearer " + root, 200}, {"/debug/pprof/", "Bearer " + root, 200},
		{"/holdfast.v1.AdminService/Status", "", 401}, {"/nothing", "Bearer " + root, 404},
	} {
		if got := status(t, d, c.path, c.token); got != c.want {
			t.Errorf("%s with %q: %d, want %d", c.path, c.token, got, c.want)
		}
	}
	d.Why = func() string { return "read-only: as the test wants it" }
	if got := status(t, d, "/readyz", ""); got != 503 {
		t.Errorf("/readyz of a read-only node: %d", got)
	}
	if got := status(t, d, "/readyz?for=queries", ""); got != 200 {
		t.Errorf("/readyz?for=queries of a read-only node: %d", got)
	}
}

func status(t *testing.T, d *admintest.Site, path, token string) int {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		q.Header.Set("Authorization", token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	return a.StatusCode
}

// TestActor: the journal says who did it.
func TestActor(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	file := filepath.Join(t.TempDir(), "alice")
	if err := os.WriteFile(file, []byte(admintest.AliceToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	alice, err := admin.Dial(admin.Address{URL: d.URL, TokenFile: file})
	if err != nil {
		t.Fatal(err)
	}
	ask(t, alice.PersonAdd, &pb.AdminPersonAddRequest{Ref: "bob", Name: "Bob"})
	err = d.Read(func(r table.Reader) error {
		head, _ := machine.Head(r)
		if e, _ := journal.Read(r, head.JournalSize-1); e.GetActor() != "admin/alice" {
			t.Errorf("the entry's actor is %q", e.GetActor())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
