package wechatv3

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/edge/gate"
)

// family groups the APIs that word an outcome in the same way.
type family uint8

const (
	payFamily family = iota
	refundFamily
	certificateFamily
)

// route is one API.
type route struct {
	method string
	// name labels metrics and logs.
	name   string
	family family
	// class is how much a request matters when not all can be served.
	class gate.Class
	// path is split at slashes; an element in braces matches anything that is
	// not empty.
	path   []string
	handle func(a *API, q *request) (body []byte, refused *refusal)
}

// routes lists what is served. Closing an order goes with refunds: it can wait a
// minute as they can, and an order that could not be closed ends by itself.
var routes = []route{
	at("POST", "/v3/pay/transactions/native", "prepay_native", payFamily, gate.Pay, prepayNative),
	at("POST", "/v3/pay/transactions/jsapi", "prepay_jsapi", payFamily, gate.Pay, prepayJSAPI),
	at("POST", "/v3/pay/transactions/app", "prepay_app", payFamily, gate.Pay, prepayApp),
	at("POST", "/v3/pay/transactions/h5", "prepay_h5", payFamily, gate.Pay, prepayH5),
	at("GET", "/v3/pay/transactions/id/{transaction_id}", "query_by_id", payFamily, gate.Query, queryByID),
	at("GET", "/v3/pay/transactions/out-trade-no/{out_trade_no}", "query_by_number", payFamily, gate.Query, queryByNumber),
	at("POST", "/v3/pay/transactions/out-trade-no/{out_trade_no}/close", "close", payFamily, gate.Refund, closeOrder),
	at("POST", "/v3/refund/domestic/refunds", "refund_create", refundFamily, gate.Refund, createRefund),
	at("GET", "/v3/refund/domestic/refunds/{out_refund_no}", "refund_query", refundFamily, gate.Query, queryRefund),
	at("GET", "/v3/certificates", "certificates", certificateFamily, gate.Rest, certificates),
}

func at(method, path, name string, f family, c gate.Class, handle func(*API, *request) ([]byte, *refusal)) route {
	return route{method: method, name: name, family: f, class: c, path: strings.Split(path[1:], "/"), handle: handle}
}

// find matches the path. Elements are compared unescaped, so %7C equals |, and
// an escaped slash stays inside its element. Where the path exists under other
// methods only, allow names one.
func (a *API) find(method string, u *url.URL) (found *route, params []string, allow string) {
	path := u.EscapedPath()
	if a.prefix != "" {
		path = strings.TrimPrefix(path, a.prefix)
	}
	if path == "" || path[0] != '/' {
		return nil, nil, ""
	}
	parts := strings.Split(path[1:], "/")
	for i := range routes {
		r := &routes[i]
		if len(parts) != len(r.path) {
			continue
		}
		params, ok := r.match(parts)
		if !ok {
			continue
		}
		if r.method == method {
			return r, params, ""
		}
		allow = r.method
	}
	return nil, nil, allow
}

func (r *route) match(parts []string) (params []string, ok bool) {
	for i, want := range r.path {
		if want[0] != '{' && parts[i] == want {
			continue
		}
		part, err := url.PathUnescape(parts[i])
		if err != nil || part == "" || want[0] != '{' && part != want {
			return nil, false
		}
		if want[0] == '{' {
			params = append(params, part)
		}
	}
	return params, true
}

// unrouted answers 404 for a path that does not exist and 405 for a wrong
// method, both without a body, as the live service does.
func (a *API) unrouted(w http.ResponseWriter, q *request, allow string) {
	status := http.StatusNotFound
	if allow != "" {
		status = http.StatusMethodNotAllowed
		w.Header()["Allow"] = []string{allow}
	}
	w.Header()[headerRequestID] = []string{q.id + "-" + digitsOther}
	w.WriteHeader(status)
	a.observe(q, status, http.StatusText(status))
}
