package cashier

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/gate"
)

// TestAsked: what a page matters.
func TestAsked(t *testing.T) {
	t.Parallel()
	c := New(Config{})
	for target, want := range map[string]gate.Class{
		"/pay/wx123": gate.Pay, "/h5?prepay_id=wx123": gate.Pay, "/cashier/jsapi": gate.Pay, "/cashier/app": gate.Pay,
		"/pay/wx123/result": gate.Query, "/pay/wx123/receipt": gate.Query, "/": gate.Rest, "/x/pay/1": gate.Rest,
	} {
		if asked := c.Asked(httptest.NewRequest("GET", target, nil)); asked.Class != want || !asked.Payer || asked.Merchant != "" {
			t.Errorf("%s: %+v, want %s", target, asked, want)
		}
	}
}

// refused is what a payer sees whom the gate does not let in.
func refused(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	New(Config{}).Refuse(w, r, gate.Refusal{Reason: gate.Full, After: 3})
	return w
}

// TestRefusedLook: the page comes again by itself, in the payer's language.
func TestRefusedLook(t *testing.T) {
	t.Parallel()
	for lang, says := range map[string]string{"zh": "打开本页不会扣款", "en": "Opening this page charges nothing"} {
		r := httptest.NewRequest("GET", "/pay/wx123", nil)
		r.Header.Set("Accept-Language", lang)
		w := refused(r)
		h := w.Header()
		if w.Code != 503 || h.Get("Retry-After") != "3" || h.Get("Refresh") != "3" || h.Get("Content-Language") != languages[lang].Tag ||
			h.Get("Content-Security-Policy") != policy || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s: %d %v %s", lang, w.Code, h, w.Body)
		}
	}
}

// TestRefusedTap: the page has the same payment on a button; sent again when
// there is room it pays once.
func TestRefusedTap(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	o := d.core.Order("T-10001", nil)
	form := url.Values{"attempt": {myAttempt}, "payer": {"7"}, "package": {`"><b>`}}
	r := httptest.NewRequest("POST", "/pay/"+o.PrepayId, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", "en")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := refused(r)
	for _, part := range []string{`action="/pay/` + o.PrepayId + `"`, `name="attempt" value="` + myAttempt + `"`, `name="payer" value="7"`, "nothing was charged", `value="&#34;&gt;&lt;b&gt;"`} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("the page lacks %s:\n%s", part, w.Body)
		}
	}
	if w.Code != 503 || w.Header().Get("Refresh") != "" || w.Header().Get("Retry-After") != "3" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if d.tap(o, d.ming.Uid, myAttempt); d.charged() != 100 {
		t.Errorf("charged %d", d.charged())
	}
}

// TestRefusedForeignTap: what another site sent is not offered again, nor is what
// is no payment.
func TestRefusedForeignTap(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request, url.Values){
		"another site": func(r *http.Request, _ url.Values) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"no attempt":   func(_ *http.Request, f url.Values) { f.Set("attempt", "x") },
		"no payer":     func(_ *http.Request, f url.Values) { f.Del("payer") },
	} {
		form := url.Values{"attempt": {myAttempt}, "payer": {"7"}}
		r := httptest.NewRequest("POST", "/pay/wx123", nil)
		change(r, form)
		r.Body = http.NoBody
		r = r.Clone(t.Context())
		r.Body = httptest.NewRequest("POST", "/", strings.NewReader(form.Encode())).Body
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if w := refused(r); w.Code != 503 || strings.Contains(w.Body.String(), "<form") || w.Body.Len() == 0 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
