package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
)

// maxBody bounds a request's body in bytes.
const maxBody = 16 << 10

// refusal is an error as the merchant API says it: code, message, detail.
type refusal struct {
	status   int
	code     string
	zh, en   string
	field    string // JSON Pointer, or a parameter's name
	value    string
	location string // body, url or query
	// more are further fields of the envelope, such as an order's state.
	more map[string]any
}

// refusalOf says a code in the API's words.
func refusalOf(c code.Code) *refusal {
	status, name, _, zh, en := wechatv3.Outcome(c)
	return &refusal{status: status, code: name, zh: zh, en: en}
}

// noResult is for a command without a result, and for a state that can't be read.
func noResult(err error) *refusal {
	var refused *code.Error
	if errors.As(err, &refused) {
		return refusalOf(refused.Code)
	}
	return refusalOf(code.Unknown)
}

// wrong is a parameter that is not as it should be.
func wrong(field, value, zh, en string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "PARAM_ERROR", zh: zh, en: en, field: field, value: value, location: "body"}
}

// about points a refusal at a parameter of the body.
func (r *refusal) about(field string) *refusal {
	r.field, r.location = field, "body"
	return r
}

// saying replaces the sentence, unless there is no result to speak of.
func (r *refusal) saying(zh, en string) *refusal {
	if r.status < http.StatusInternalServerError {
		r.zh, r.en = zh, en
	}
	return r
}

// with adds fields to the envelope.
func (r *refusal) with(more map[string]any) *refusal {
	r.more = more
	return r
}

func (s *Sandbox) refuse(w http.ResponseWriter, r *http.Request, no *refusal) {
	message := no.zh
	if english(r) {
		message = no.en
	}
	body := map[string]any{"code": no.code, "message": message}
	if no.field != "" {
		detail := map[string]string{"field": no.field, "issue": no.en, "location": no.location}
		if no.value != "" {
			detail["value"] = no.value
		}
		body["detail"] = detail
	}
	for name, value := range no.more {
		body[name] = value
	}
	writeJSON(w, no.status, body)
}

// decode reads the body against a schema, strictly.
func decode[T any](r *http.Request, schema *strictjson.Object[T], to *T) *refusal {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return wrong("", "", "请求体过大。", "The body is larger than "+strconv.Itoa(maxBody)+" bytes.")
		}
		return wrong("", "", "请求体不完整。", "The body broke off.")
	}
	issue := schema.Decode(data, to, strictjson.Strict)
	if issue == nil {
		return nil
	}
	pointer := issue.Pointer
	if pointer == "" {
		pointer = "/"
	}
	return wrong(pointer, issue.Value, issue.ZH, issue.EN+" ("+pointer+")")
}

// english says whether the caller prefers English; the default is Chinese, as
// in the merchant API.
func english(r *http.Request) bool {
	for tag := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		switch tag = strings.ToLower(strings.TrimSpace(tag)); {
		case strings.HasPrefix(tag, "en"):
			return true
		case strings.HasPrefix(tag, "zh"):
			return false
		}
	}
	return false
}

// say picks a sentence in the caller's language.
func say(r *http.Request, zh, en string) string {
	if english(r) {
		return en
	}
	return zh
}

// writeJSON writes an answer for people and programs: indented, and with the
// characters as they are.
func writeJSON(w http.ResponseWriter, status int, body any) {
	head := w.Header()
	head.Set("Content-Type", "application/json; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(body) // the client may be gone
}
