package wechatv3

import (
	"net/http"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
)

// What the tests outside this package look into. They are outside because they
// try the products, which import it.

// Limits: the largest request body, how much of it is set aside at once, and the longest a signature is sent again.
const (
	MaxBody   = maxBody
	EagerBody = eagerBody
	Reuse     = reuse
)

// Routes are the API's.
func (a *API) Routes() []Route { return a.routes }

// Handled is what route i makes of q, signature and all else apart.
func (a *API) Handled(i int, q *Request) (body []byte, refused *Refusal) {
	r := &a.routes[i]
	q.api, q.route, q.params = a, r, nil
	for _, part := range r.parts {
		if part[0] == '{' {
			q.params = append(q.params, "T-FUZZ-1")
		}
	}
	return r.Handle(q)
}

// RequestOf is a request whose signature was verified.
func RequestOf(h *http.Request, q Request, body []byte) *Request {
	q.http, q.body, q.id = h, body, "test"
	return &q
}

// Texts are what a refusal reads in each language.
func (r *Refusal) Texts() [][]byte { return [][]byte{r.json(chinese), r.json(english)} }

// ForgetPolls forgets the answers to queries.
func (a *API) ForgetPolls() { a.polls = polls{} }

// LeaveOutSigning makes answers cost no signature.
func (a *API) LeaveOutSigning(text string) {
	a.sign = func(signer, []byte) (string, error) { return text, nil }
}

// Verification is what checking r's signature takes.
func (a *API) Verification(b *testing.B, r *http.Request, key *verifier) func() error {
	b.Helper()
	q := &Request{http: r}
	q.auth, _ = authorizationOf(r.Header)
	return func() error { return a.verify(key, q) }
}

// NewVerifier is newVerifier.
var NewVerifier = newVerifier

// Said is how a product says an outcome; Digits are those of Request-ID.
func Said(c code.Code, p *Product) *Refusal { return refusalOf(c, p) }

// MerchantsOutcomes are what a merchant's request can lead to.
var MerchantsOutcomes = merchantsOutcomes
