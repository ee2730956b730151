package wechatv3

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Request is one request on its way. Fields are filled in by the step named.
type Request struct {
	api  *API
	http *http.Request
	id   string // Request-ID without the digits after the last dash
	// Began is when the request came, by the wall clock.
	Began time.Time
	lang  language

	route  *Route   // find
	params []string // find

	body []byte        // readBody: raw
	auth Authorization // authenticate
	// Merchant is who asks; nil before the signature is verified.
	Merchant *pb.Merchant // authenticate
	// Offset is the business offset in seconds, for the times in an answer.
	Offset int32 // authenticate

	pass *gate.Pass // nil when the request came by no gate
	poll *polling   // poll: for the queries that merchants repeat
}

// Param is the path's parameter i, from 0, unescaped.
func (q *Request) Param(i int) string { return q.params[i] }

// Mchid is the verified merchant's number.
func (q *Request) Mchid() string { return q.Merchant.Mchid }

// actor is how commands of this request name who asked.
func (q *Request) actor() string { return "mch/" + q.auth.Mchid + "#" + q.auth.Serial }

// Query returns a query parameter's first value. Empty items (?&a=b), which
// some clients send, are passed over.
func (q *Request) Query(name string) (value string, ok bool) {
	rest := q.http.URL.RawQuery
	for rest != "" {
		var item string
		item, rest, _ = strings.Cut(rest, "&")
		key, raw, _ := strings.Cut(item, "=")
		if unescaped, err := url.QueryUnescape(key); err != nil || unescaped != name {
			continue
		}
		v, err := url.QueryUnescape(raw)
		return v, err == nil
	}
	return "", false
}

// Do runs a command for the request and returns its record, or how the API says
// the refusal.
func Do[B, R table.Record](q *Request, c catalogue.Command[B, R], body B) (R, *Refusal) {
	var none R
	rec, out, err := c.Do(q.http.Context(), q.api.core, q.actor(), q.id, body)
	switch {
	case err != nil:
		return none, q.Failed(err)
	case !out.OK():
		return none, q.Refuse(out)
	}
	return rec, nil
}

// Read runs f on a snapshot. f may return a code's error to refuse.
func (q *Request) Read(f func(table.Reader) error) *Refusal {
	ctx, done := gate.Reading(q.http.Context())
	defer done()
	if err := q.api.core.ReadLatest(ctx, f); err != nil {
		return q.Failed(err)
	}
	return nil
}
