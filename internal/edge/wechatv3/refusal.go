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

// Refusal is an answer that is no success: plain JSON, unsigned.
type Refusal struct {
	Status int
	// Code is the only thing clients may branch on.
	Code string
	// Digits go behind the last dash of Request-ID.
	Digits string
	ZH, EN string
	Detail *Detail
	// RetryAfter, seconds, is sent when it is not 0.
	RetryAfter int
}

// Detail says where the mistake is.
type Detail struct {
	// Field is a JSON Pointer into the body, or a parameter's name.
	Field, Value, Issue string
	// Location is body, url, query or authorization.
	Location string
	// nested puts the issue one level deeper, as signature failures have it.
	nested bool
	sign   *signInfo
}

// json writes the error envelope.
func (r *Refusal) json(lang language) []byte {
	w := wechatjson.Writer{Buf: make([]byte, 0, 512)}
	w.Open("")
	w.Str("code", r.Code)
	if r.Detail != nil {
		r.Detail.write(&w)
	}
	if lang == english {
		w.Str("message", r.EN)
	} else {
		w.Str("message", r.ZH)
	}
	w.Close()
	return w.Buf
}

func (d *Detail) write(w *wechatjson.Writer) {
	w.Open("detail")
	if d.nested {
		w.Open("detail")
		w.Str("issue", d.Issue)
		w.Close()
	}
	w.Opt("field", d.Field)
	if !d.nested {
		w.Opt("issue", d.Issue)
	}
	w.Opt("location", d.Location)
	if s := d.sign; s != nil {
		w.Open("sign_information")
		w.Str("method", s.method)
		w.Int("sign_message_length", int64(s.length))
		w.Str("truncated_sign_message", s.truncated)
		w.Str("url", s.url)
		w.Close()
	}
	w.Opt("value", d.Value)
	w.Close()
}

// refuse writes a refusal.
func (a *API) refuse(w http.ResponseWriter, q *Request, r *Refusal) {
	body := r.json(q.lang)
	h := w.Header()
	h[headerRequestID] = []string{q.id + "-" + r.Digits}
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if r.RetryAfter > 0 {
		h["Retry-After"] = []string{strconv.Itoa(r.RetryAfter)}
	}
	w.WriteHeader(r.Status)
	w.Write(body) // an error means that the client is gone
	a.observe(q, r.Status, r.Code)
}

// Refuse says an outcome as the request's product says it.
func (q *Request) Refuse(c code.Code) *Refusal { return refusalOf(c, q.route.product) }

// Failed refuses for an error that is no outcome of a command. What happened is
// logged, not shown.
func (q *Request) Failed(err error) *Refusal { return q.api.failed(q, err) }

// failed refuses for an error that is no outcome of a command: the core has no
// result, or the state cannot be read. What happened is logged, not shown.
func (a *API) failed(q *Request, err error) *Refusal {
	var known *code.Error
	if errors.As(err, &known) {
		return refusalOf(known.Code, q.route.product)
	}
	a.log.Error("merchant API: request failed", slog.String("request_id", q.id), slog.String("route", q.route.Name),
		slog.String("mchid", q.knownMchid()), slog.Any("error", err))
	return refusalOf(code.Internal, q.route.product)
}

// broken answers for a panic.
func (a *API) broken(q *Request, p any) *Refusal {
	a.log.Error("merchant API: request panicked", slog.String("request_id", q.id), slog.String("route", q.route.Name),
		slog.String("mchid", q.knownMchid()), slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
	return refusalOf(code.Internal, q.route.product)
}

// knownMchid is the merchant's number once the signature is verified: what an
// unverified header says is not put into logs and metrics.
func (q *Request) knownMchid() string {
	if q.Merchant == nil {
		return ""
	}
	return q.Merchant.Mchid
}
