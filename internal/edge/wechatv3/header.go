package wechatv3

import (
	"net/http"
	"strings"
)

// checkHeaders refuses a request without Accept or User-Agent where the live
// service does, before it looks at anything else.
func checkHeaders(q *Request) *Refusal {
	if q.route.product.Browsing {
		return nil
	}
	h := q.http.Header
	if h.Get("Accept") != "" && h.Get("User-Agent") != "" {
		return nil
	}
	return &Refusal{
		Status: http.StatusBadRequest, Code: "INVALID_REQUEST", Digits: digitsParam,
		ZH: "Http头缺少Accept或User-Agent",
		EN: "The Accept or User-Agent header is missing; send both",
	}
}

// language is the language of messages.
type language bool

const (
	chinese language = false
	english language = true
)

// languageOf reads Accept-Language: the first of its tags that is English or
// Chinese decides, and Chinese is the default.
func languageOf(h http.Header) language {
	tags := h.Get("Accept-Language")
	for tags != "" {
		var tag string
		tag, tags, _ = strings.Cut(tags, ",")
		switch primary := strings.ToLower(strings.TrimSpace(tag)); {
		case strings.HasPrefix(primary, "en"):
			return english
		case strings.HasPrefix(primary, "zh"):
			return chinese
		}
	}
	return chinese
}
