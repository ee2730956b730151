package wechatv3

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// request is one request on its way. Fields are filled in by the step named.
type request struct {
	http  *http.Request
	id    string // Request-ID without the digits after the last dash
	began time.Time
	lang  language

	route  *route   // find
	params []string // find: path parameters, unescaped

	body     []byte        // readBody: raw
	auth     Authorization // authenticate
	merchant *pb.Merchant  // authenticate; nil before the signature is verified
	offset   int32         // authenticate: business offset, seconds

	pass *gate.Pass // nil when the request came by no gate
	poll *polling   // poll: for the queries that merchants repeat
}

// mchid is the verified merchant's number.
func (q *request) mchid() string { return q.merchant.Mchid }

// actor is how commands of this request name who asked.
func (q *request) actor() string { return "mch/" + q.auth.Mchid + "#" + q.auth.Serial }

// query returns a query parameter's first value. Empty items (?&a=b), which
// some clients send, are passed over.
func (q *request) query(name string) (value string, ok bool) {
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

// do runs a command and answers its body, or how the API says the refusal.
func (a *API) do(q *request, n machine.Number, command table.Record) (any, *refusal) {
	res, err := a.core.Do(q.http.Context(), machine.NewCommand(n, q.actor(), q.id, command))
	if err != nil {
		return nil, a.failed(q, err)
	}
	if !res.Code.OK() {
		return nil, refusalOf(res.Code, q.route.family)
	}
	return res.Body, nil
}

// read runs f on a snapshot. f may answer a code's error to refuse.
func (a *API) read(q *request, f func(table.Reader) error) *refusal {
	if err := a.core.Read(f); err != nil {
		return a.failed(q, err)
	}
	return nil
}
