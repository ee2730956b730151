package wechatv3

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
)

// refusal is an answer that is no success: plain JSON, unsigned.
type refusal struct {
	status int
	// code is the only thing clients may branch on.
	code string
	// digits go behind the last dash of Request-ID.
	digits string
	zh, en string
	detail *detail
	// retryAfter, seconds, is sent when it is not 0.
	retryAfter int
}

// detail says where the mistake is.
type detail struct {
	// field is a JSON Pointer into the body, or a parameter's name.
	field, value, issue string
	// location is body, url, query or authorization.
	location string
	// nested puts the issue one level deeper, as signature failures have it.
	nested bool
	sign   *signInfo
}

// json writes the error envelope.
func (r *refusal) json(lang language) []byte {
	w := wechatjson.Writer{Buf: make([]byte, 0, 512)}
	w.Open("")
	w.Str("code", r.code)
	if r.detail != nil {
		r.detail.write(&w)
	}
	if lang == english {
		w.Str("message", r.en)
	} else {
		w.Str("message", r.zh)
	}
	w.Close()
	return w.Buf
}

func (d *detail) write(w *wechatjson.Writer) {
	w.Open("detail")
	if d.nested {
		w.Open("detail")
		w.Str("issue", d.issue)
		w.Close()
	}
	w.Opt("field", d.field)
	if !d.nested {
		w.Opt("issue", d.issue)
	}
	w.Opt("location", d.location)
	if s := d.sign; s != nil {
		w.Open("sign_information")
		w.Str("method", s.method)
		w.Int("sign_message_length", int64(s.length))
		w.Str("truncated_sign_message", s.truncated)
		w.Str("url", s.url)
		w.Close()
	}
	w.Opt("value", d.value)
	w.Close()
}

// refuse writes a refusal.
func (a *API) refuse(w http.ResponseWriter, q *request, r *refusal) {
	body := r.json(q.lang)
	h := w.Header()
	h[headerRequestID] = []string{q.id + "-" + r.digits}
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if r.retryAfter > 0 {
		h["Retry-After"] = []string{strconv.Itoa(r.retryAfter)}
	}
	w.WriteHeader(r.status)
	w.Write(body) // an error means that the client is gone
	a.observe(q, r.status, r.code)
}

// failed answers for an error that is no outcome of a command: the core has no
// result, or the state cannot be read. What happened is logged, not shown.
func (a *API) failed(q *request, err error) *refusal {
	var known *code.Error
	if errors.As(err, &known) {
		return refusalOf(known.Code, q.route.family)
	}
	a.log.Error("merchant API: request failed", slog.String("request_id", q.id), slog.String("route", q.route.name),
		slog.String("mchid", q.knownMchid()), slog.Any("error", err))
	return refusalOf(code.Internal, q.route.family)
}

// broken answers for a panic.
func (a *API) broken(q *request, p any) *refusal {
	a.log.Error("merchant API: request panicked", slog.String("request_id", q.id), slog.String("route", q.route.name),
		slog.String("mchid", q.knownMchid()), slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
	return refusalOf(code.Internal, q.route.family)
}

// knownMchid is the merchant's number once the signature is verified: what an
// unverified header says is not put into logs and metrics.
func (q *request) knownMchid() string {
	if q.merchant == nil {
		return ""
	}
	return q.merchant.Mchid
}
