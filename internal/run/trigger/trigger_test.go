package trigger

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/run/dev"
)

const apiv3 = "0123456789abcdef0123456789ABCDEF"

// folder is a sandbox's, as far as a notice needs it.
func folder(t *testing.T, logName string) (dir string, keys *keystore.Store) {
	t.Helper()
	dir = t.TempDir()
	keys, err := keystore.Create(dir, keystore.Options{LogName: logName})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"dev.json":     `{"format":1}`,
		"sandbox.json": `{"mchid":"1900000001","appid":"wx0d3a57c0ffee2026","apiv3_key":"` + apiv3 + `","payers":[{"name":"a","openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, keys
}

// merchant is an endpoint that takes what take says, and keeps what it saw.
type merchant struct {
	*httptest.Server
	bodies []string
}

func newMerchant(t *testing.T, take func(h http.Header, body []byte) bool) *merchant {
	m := &merchant{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		m.bodies = append(m.bodies, string(body))
		if !take(r.Header, body) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(m.Close)
	return m
}

// careful verifies as the official SDKs do.
func careful(keys *keystore.Store) func(h http.Header, body []byte) bool {
	byID := map[string]*rsa.PublicKey{keys.PublicKey().ID(): keys.PublicKey().PublicKey()}
	cert := keys.SigningCert(time.Now().UnixMilli())
	byID[cert.ID()] = cert.PublicKey()
	return func(h http.Header, body []byte) bool {
		key, known := byID[h.Get("Wechatpay-Serial")]
		at, err := strconv.ParseInt(h.Get("Wechatpay-Timestamp"), 10, 64)
		if !known || err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
			return false
		}
		return seal.Verify(key, seal.AnswerMessage(h.Get("Wechatpay-Timestamp"), h.Get("Wechatpay-Nonce"), body), h.Get("Wechatpay-Signature")) == nil
	}
}

func TestEveryFaultOnThreeMerchants(t *testing.T) {
	t.Parallel()
	dir, keys := folder(t, "sandbox-1.holdfast.local/journal")
	verifies := newMerchant(t, careful(keys))
	believes := newMerchant(t, func(http.Header, []byte) bool { return true })
	refuses := newMerchant(t, func(http.Header, []byte) bool { return false })
	for _, f := range faults {
		for _, c := range []struct {
			name     string
			to       *merchant
			ok       bool
			attempts int
		}{
			{"a careful one", verifies, true, f.times + extra(f.refuse)},
			{"one that believes everything", believes, !f.refuse, f.times},
			{"one that refuses everything", refuses, false, f.times + extra(f.refuse)},
		} {
			o, err := Send(t.Context(), dir, Request{Event: "TRANSACTION.SUCCESS", To: c.to.URL, Fault: f.name})
			if err != nil || o.OK != c.ok || len(o.Sent) != c.attempts {
				t.Errorf("%q to %s: %+v (%v)", f.name, c.name, o, err)
			}
		}
	}
	if n := len(verifies.bodies); verifies.bodies[1] != verifies.bodies[2] || verifies.bodies[n-1] == verifies.bodies[n-2] {
		t.Error("`twice` has to send the same bytes, `altered` others than the genuine one")
	}
}

func extra(refuse bool) int {
	if refuse {
		return 1
	}
	return 0
}

// Every event is sent, under both keys, and opens to what was asked for.
func TestEveryEvent(t *testing.T) {
	t.Parallel()
	dir, keys := folder(t, "sandbox-1.holdfast.local/journal")
	to := newMerchant(t, careful(keys))
	for _, event := range Events() {
		for _, certificate := range []bool{false, true} {
			o, err := Send(t.Context(), dir, Request{Event: event, To: to.URL, Certificate: certificate, Deed: Deed{OutTradeNo: "T-1", Total: 250, Refund: 100}})
			if err != nil || !o.OK || o.EventType != event || (o.Sent[0].Attempt.KeySerial == keys.PublicKey().ID()) == certificate {
				t.Fatalf("%s: %+v (%v)", event, o, err)
			}
			var envelope struct {
				ID       string `json:"id"`
				Resource struct {
					Ciphertext, Nonce string
					AssociatedData    string `json:"associated_data"`
				} `json:"resource"`
			}
			if err := json.Unmarshal([]byte(to.bodies[len(to.bodies)-1]), &envelope); err != nil {
				t.Fatal(err)
			}
			r := envelope.Resource
			plain, err := seal.Open([]byte(apiv3), r.Nonce, r.AssociatedData, r.Ciphertext)
			if err != nil || string(plain) != o.Plaintext || envelope.ID != o.EventID {
				t.Errorf("%s opens to %s (%v), not to %s", event, plain, err, o.Plaintext)
			}
			var said struct {
				OutTradeNo string `json:"out_trade_no"`
				Amount     struct{ Total int64 }
			}
			if err := json.Unmarshal(plain, &said); err != nil || said.OutTradeNo != "T-1" || said.Amount.Total != 250 {
				t.Errorf("%s says %s", event, plain)
			}
		}
	}
	if !slices.Contains(Events(), "REFUND.ABNORMAL") {
		t.Errorf("the events are %v", Events())
	}
}

// Keys of a platform that is no sandbox sign nothing made up, and words that are
// not known are listed.
func TestRefusals(t *testing.T) {
	t.Parallel()
	real, _ := folder(t, "pay.example.com/journal")
	var f *dev.Failure
	if _, err := Send(t.Context(), real, Request{Event: "TRANSACTION.SUCCESS", To: "http://127.0.0.1:1/"}); !errors.As(err, &f) {
		t.Errorf("with a real platform's keys: %v", err)
	}
	if _, err := Send(t.Context(), t.TempDir(), Request{Event: "TRANSACTION.SUCCESS"}); !errors.As(err, &f) {
		t.Errorf("with an empty folder: %v", err)
	}
	if _, err := Send(t.Context(), real, Request{Event: "TRANSACTION.FAIL"}); !errors.Is(err, ErrEvent) {
		t.Errorf("an unknown event: %v", err)
	}
	if _, err := Send(t.Context(), real, Request{Event: "REFUND.SUCCESS", Fault: "lost"}); !errors.Is(err, ErrFault) {
		t.Errorf("an unknown fault: %v", err)
	}
	dir, _ := folder(t, "sandbox-1.holdfast.local/journal")
	if _, err := Send(t.Context(), dir, Request{Event: "REFUND.SUCCESS", To: "ftp://127.0.0.1/"}); err == nil {
		t.Error("an address that is no endpoint")
	}
}
