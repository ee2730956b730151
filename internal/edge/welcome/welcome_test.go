package welcome

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

// keys are a platform's with one public key.
type keys struct{ store *keystore.Store }

func (k keys) PlatformCerts(now int64) []keystore.PlatformCert { return k.store.PlatformCerts(now) }
func (k keys) PublicKey() *keystore.Signer                     { return k.store.PublicKey() }
func (k keys) APIv3Key(string) ([]byte, bool)                  { return nil, false }

func pages(t *testing.T, sandbox bool) (http.Handler, *keystore.Store) {
	t.Helper()
	store, err := keystore.Create(t.TempDir(), keystore.Options{LogName: "test.example/journal"})
	if err != nil {
		t.Fatal(err)
	}
	core := edgetest.New(t, sandbox)
	core.Merchant()
	rest := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	return New(Config{Core: core, Keys: keys{store}}).Handler(rest), store
}

func do(h http.Handler, method, target, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestWelcome(t *testing.T) {
	t.Parallel()
	h, _ := pages(t, true)
	for lang, want := range map[string]string{"zh": "一行代码都不用改", "en": "Not a line of code changes"} {
		w := do(h, "GET", "/?lang="+lang, "", "")
		text := w.Body.String()
		if w.Code != 200 || !strings.Contains(text, want) || !strings.Contains(text, "http://example.com/sandbox/pay") || strings.Contains(text, "{base}") {
			t.Errorf("%s: %d %s", lang, w.Code, text)
		}
		if csp := w.Header().Get("Content-Security-Policy"); csp != policy || strings.Contains(csp, "unsafe") || strings.Contains(text, "<script") || strings.Contains(text, "style=") {
			t.Errorf("%s: policy %q", lang, csp)
		}
	}
	for target, want := range map[string]int{"/diagnose": 200, "/developer/style.css": 200, "/developer/x": 404, "/sandbox/notices": http.StatusTeapot} {
		if w := do(h, "GET", target, "", ""); w.Code != want {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
}

// A notice that a framework wrote anew is diagnosed on the page and as JSON, and
// what is pasted is text.
func TestDiagnose(t *testing.T) {
	t.Parallel()
	h, store := pages(t, true)
	at := fmt.Sprint(time.Now().Unix())
	const body = `{"id":"<b>","resource":{"algorithm":"AEAD_AES_256_GCM"}}`
	signature, err := store.PublicKey().Sign(seal.AnswerMessage(at, "n", []byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	text := "Wechatpay-Timestamp: " + at + "\nWechatpay-Nonce: n\nWechatpay-Serial: " + store.PublicKey().ID() + "\nWechatpay-Signature: " + signature + "\n\n" + strings.ReplaceAll(body, `":`, `": `)
	w := do(h, "POST", "/diagnose?lang=en", "application/x-www-form-urlencoded", url.Values{"text": {strings.ReplaceAll(text, "\n", "\r\n")}}.Encode())
	if page := w.Body.String(); w.Code != 200 || !strings.Contains(page, "3 spaces differ, the first at byte 6") || strings.Contains(page, "<b>\"") {
		t.Errorf("%d %s", w.Code, page)
	}
	w = do(h, "POST", "/sandbox/diagnose", "text/plain", text)
	var report struct {
		OK       bool
		Findings []struct{ ID string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &report); err != nil || report.OK || len(report.Findings) != 1 || report.Findings[0].ID != "body_reserialised" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := seal.PublicKeyPEM(&stranger.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	w = do(h, "POST", "/diagnose?lang=zh", "application/x-www-form-urlencoded", url.Values{"text": {text}, "with": {string(other)}}.Encode())
	if !strings.Contains(w.Body.String(), "您用来验签的密钥不是本平台的") {
		t.Errorf("%s", w.Body)
	}
	for _, bad := range []string{"", "hello"} {
		if w := do(h, "POST", "/sandbox/diagnose", "text/plain", bad); w.Code != http.StatusBadRequest {
			t.Errorf("%q: %d %s", bad, w.Code, w.Body)
		}
	}
	if w := do(h, "POST", "/diagnose", "application/x-www-form-urlencoded", "text="+strings.Repeat("a", maxText)); w.Code != http.StatusBadRequest {
		t.Errorf("too large: %d", w.Code)
	}
}

// With real money there is no pages.
func TestOutsideASandbox(t *testing.T) {
	t.Parallel()
	h, _ := pages(t, false)
	if w := do(h, "POST", "/sandbox/diagnose", "text/plain", "Wechatpay-Serial: a\n\n{}"); w.Code != http.StatusBadRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
