package courier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/edge/worker"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// serveInner serves the world's inner service over TLS, as a node does.
func (w *world) serveInner(roles ...pki.Role) (addr string) {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(w.svc.Handler())
	srv := &http.Server{Handler: mux, TLSConfig: w.keys.Cluster().NodeTLS(roles...), ErrorLog: discardLog}
	go srv.ServeTLS(l, "", "")
	w.t.Cleanup(func() { srv.Close() })
	return l.Addr().String()
}

func (w *world) client(addr string, role pki.Role) *Client {
	c := NewClient(ClientOptions{Nodes: []string{addr}, Name: "c1", TLS: w.keys.Cluster().ClientTLS(role), Logger: quiet})
	w.t.Cleanup(c.Close)
	return c
}

// Only a certificate of role courier may call, whatever the listener admits.
func TestOnlyCouriersMayCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open, strict := w.serveInner(), w.serveInner(pki.RoleCourier)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, addr := range []string{open, strict} {
		for role, may := range map[pki.Role]bool{pki.RoleCourier: true, pki.RoleAdmin: false, pki.RoleNode: false} {
			if _, err := w.client(addr, role).Fetch(ctx, &pb.FetchRequest{Ids: []uint64{1}}); (err == nil) != may {
				t.Errorf("role %s: %v, want admitted %t", role, err, may)
			}
		}
		nobody := NewClient(ClientOptions{Nodes: []string{addr}, Name: "c1", TLS: &tls.Config{InsecureSkipVerify: true}, Logger: quiet})
		t.Cleanup(nobody.Close)
		if _, err := nobody.Fetch(ctx, &pb.FetchRequest{Ids: []uint64{1}}); err == nil {
			t.Error("a caller without a certificate is admitted")
		}
		other, err := keystore.Create(t.TempDir(), keystore.Options{LogName: "other.example"})
		if err != nil {
			t.Fatal(err)
		}
		stranger := NewClient(ClientOptions{Nodes: []string{addr}, Name: "c1", TLS: other.Cluster().ClientTLS(pki.RoleCourier), Logger: quiet})
		t.Cleanup(stranger.Close)
		if _, err := stranger.Fetch(ctx, &pb.FetchRequest{Ids: []uint64{1}}); err == nil {
			t.Error("a courier of another platform is admitted")
		}
	}
}

// Errors keep their meaning on the way.
func TestClientErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr := w.serveInner(pki.RoleCourier)
	c := w.client(addr, pki.RoleCourier)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := c.Report(ctx, []*pb.Attempt{{NoticeId: 1}}); !errors.Is(err, worker.ErrRefused) {
		t.Errorf("a report that is not valid: %v, want worker.ErrRefused", err)
	}
	w.core.Break(func(*pb.Command) (bool, error) { return false, errDown })
	if _, err := c.Report(ctx, []*pb.Attempt{{NoticeId: 1, Number: 1, Outcome: delivered}}); err == nil || errors.Is(err, worker.ErrRefused) {
		t.Errorf("a report the node can't take now: %v, want an error to repeat it after", err)
	}
	s, err := c.Owed(ctx, &pb.OwedRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := s.Receive(); err != nil || !b.CaughtUp || b.Now == 0 {
		t.Errorf("the stream begins with %v, %v", b, err)
	}
	s.Close()
	eventually(t, "the node notices that the stream is closed", func() bool {
		other := NewClient(ClientOptions{Nodes: []string{addr}, Name: "c2", TLS: w.keys.Cluster().ClientTLS(pki.RoleCourier), Logger: quiet})
		defer other.Close()
		s, err := other.Owed(ctx, &pb.OwedRequest{})
		if err != nil {
			return false
		}
		defer s.Close()
		_, err = s.Receive()
		return err == nil
	})
}

// W5 and the whole way, with nothing simulated but the money: real sockets,
// TLS to node and merchant, and the merchant is the official SDK.
func TestOfficialSDKAcceptsNotices(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]pb.KeyMode{"certificate": pb.KeyMode_KEY_MODE_CERTIFICATE, "public key": pb.KeyMode_KEY_MODE_PUBLIC_KEY, "both": pb.KeyMode_KEY_MODE_BOTH} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			m := newSDKMerchant(t, w.keys, mode != pb.KeyMode_KEY_MODE_CERTIFICATE)
			w.merchantWith("1900000001", "", nil, &pb.MerchantSettings{KeyMode: mode})
			roots := x509.NewCertPool()
			roots.AddCert(m.srv.Certificate())
			cfg := w.config()
			cfg.Node, cfg.Dial, cfg.Allow, cfg.RootCAs = w.client(w.serveInner(pki.RoleCourier), pki.RoleCourier), nil, loopback, roots
			_, stop := w.run(cfg)
			paid := w.pay("1900000001", m.srv.URL+"/pay")
			w.core.Must(catalogue.RefundCreate, &pb.RefundCreate{Mchid: "1900000001", OutRefundNo: "R1", OutTradeNo: "T00000001",
				Refund: 40, Total: 100, Currency: 156, NotifyUrl: m.srv.URL + "/refund"})
			w.core.Must(catalogue.Tick, &pb.Tick{})
			eventually(t, "two verified notices", func() bool { return len(m.got) == 2 })
			if err := stop(); err != nil {
				t.Error(err)
			}
			for range 2 {
				switch g := <-m.got; g.req.EventType {
				case "TRANSACTION.SUCCESS":
					if *g.pay.OutTradeNo != "T00000001" || *g.pay.Amount.Total != 100 || *g.pay.TradeState != "SUCCESS" || g.req.Summary != "支付成功" {
						t.Errorf("payment: %v", g.pay)
					}
				case "REFUND.SUCCESS":
					if g.refund["out_refund_no"] != "R1" || g.refund["refund_status"] != "SUCCESS" {
						t.Errorf("refund: %v", g.refund)
					}
				default:
					t.Errorf("event %s", g.req.EventType)
				}
			}
			if n := w.notice(paid.Id); n.State != pb.NoticeState_NOTICE_STATE_DELIVERED || n.Recent[0].KeySerial != m.serial {
				t.Errorf("notice is %s, signed by %s, want DELIVERED by %s", n.State, n.Recent[0].KeySerial, m.serial)
			}
		})
	}
}

// sdkMerchant takes callbacks with the official SDK, holding only one of the
// platform's keys.
type sdkMerchant struct {
	srv    *httptest.Server
	got    chan sdkNotice
	serial string
}

type sdkNotice struct {
	req    *notify.Request
	pay    payments.Transaction
	refund map[string]any
}

func newSDKMerchant(t *testing.T, keys *keystore.Store, publicKey bool) *sdkMerchant {
	t.Helper()
	m := &sdkMerchant{got: make(chan sdkNotice, 10)}
	var v auth.Verifier
	if publicKey {
		m.serial = keys.PublicKey().ID()
		v = verifiers.NewSHA256WithRSAPubkeyVerifier(m.serial, *keys.PublicKey().PublicKey())
	} else {
		s := keys.SigningCert(time.Now().UnixMilli())
		m.serial = s.ID()
		cert, err := utils.LoadCertificate(string(s.PEM()))
		if err != nil {
			t.Fatal(err)
		}
		v = verifiers.NewSHA256WithRSAVerifier(core.NewCertificateMapWithList([]*x509.Certificate{cert}))
	}
	h := notify.NewNotifyHandler(testKey, v)
	m.srv = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var content json.RawMessage
		req, err := h.ParseNotifyRequest(r.Context(), r, &content)
		if err != nil {
			t.Errorf("the SDK refuses a notice: %v", err)
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		n := sdkNotice{req: req}
		if strings.HasPrefix(r.URL.Path, "/pay") {
			err = json.Unmarshal(content, &n.pay)
		} else {
			err = json.Unmarshal(content, &n.refund)
		}
		if err != nil {
			t.Error(err)
		}
		m.got <- n
		fmt.Fprint(rw, `{"code":"SUCCESS","message":"成功"}`)
	}))
	t.Cleanup(m.srv.Close)
	return m
}
