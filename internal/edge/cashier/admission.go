package cashier

import (
	"bytes"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/edge/gate"
)

// Asked implements gate.Surface: what leads to a payment matters most, looking
// at how it ended less. A payer has no credential; the address is all there is.
func (c *Cashier) Asked(r *http.Request) gate.Asked {
	asked := gate.Asked{Class: gate.Rest, Payer: true}
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/result"), strings.HasSuffix(path, "/receipt"):
		asked.Class = gate.Query
	case strings.HasPrefix(path, "/pay/"), strings.HasPrefix(path, "/c/"), path == "/h5", path == "/cashier/jsapi", path == "/cashier/app":
		asked.Class = gate.Pay
	}
	return asked
}

// Refuse implements gate.Surface. Who looks gets a prepared page that comes again
// by itself; who taps gets the same payment on a button, so that nobody has to
// wonder whether it was taken.
func (c *Cashier) Refuse(w http.ResponseWriter, r *http.Request, why gate.Refusal) {
	secure(w.Header())
	w.Header().Set("Retry-After", strconv.Itoa(why.After))
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/pay/") && c.offerAgain(w, r) {
		return
	}
	if r.Method == http.MethodGet {
		w.Header().Set("Refresh", strconv.Itoa(why.After))
	}
	lang := language(r)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", languages[lang].Tag)
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write(c.busy[lang]) // the phone may be gone
}

// offerAgain shows a refused payment's form again. It reflects what was sent, so
// only what our own page sent.
func (c *Cashier) offerAgain(w http.ResponseWriter, r *http.Request) bool {
	if http.NewCrossOriginProtection().Check(r) != nil {
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.ParseForm() != nil {
		return false
	}
	attempt := r.PostForm.Get("attempt")
	uid, err := strconv.ParseUint(r.PostForm.Get("payer"), 10, 64)
	if _, ok := parseAttempt(attempt); !ok || err != nil {
		return false
	}
	v := &view{Kind: kindBusy, Attempt: attempt, payerUID: uid}
	for _, name := range carriedNames {
		if value := r.PostForm.Get(name); value != "" {
			v.Carry = append(v.Carry, field{name, value})
		}
	}
	words := languages[language(r)]
	p := v.page(words, r)
	p.Action, p.Sandbox = r.URL.EscapedPath(), c.sandbox
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, "page.html", p); err != nil {
		c.log.Error("cashier: the page does not render", "kind", v.Kind, "err", err)
		return false
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", words.Tag)
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = out.WriteTo(w) // the phone may be gone
	return true
}

// busyPages are the pages for who is not let in, by language.
func busyPages(sandbox bool) map[string][]byte {
	nobody := &http.Request{Method: http.MethodPost} // a page of no address has no switch of language
	pages := make(map[string][]byte)
	for lang, words := range languages {
		var out bytes.Buffer
		v := &view{Kind: kindUnavailable}
		p := v.page(words, nobody)
		p.Sandbox = sandbox
		if templates.ExecuteTemplate(&out, "page.html", p) != nil {
			out.Reset()
			out.WriteString(template.HTMLEscapeString(words.sentences[kindUnavailable].text))
		}
		pages[lang] = out.Bytes()
	}
	return pages
}
