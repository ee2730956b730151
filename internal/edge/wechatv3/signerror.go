package wechatv3

import (
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"
)

// shownBody is how much of a body a diagnostic shows: enough to tell which body
// the server saw, too little to matter in a log.
const shownBody = 8

// shownTarget bounds the request target in a diagnostic.
const shownTarget = 1024

// signInfo is what the server built the message from (wire reference, 1.4). The
// caller sent all of it; it lets them compare line by line.
type signInfo struct {
	method, url, truncated string
	length                 int
}

func (q *Request) signInfo() *signInfo {
	url := target(q)
	message := q.message(url)
	cut := len(message) - 1 - len(q.body) + min(len(q.body), shownBody)
	for cut > 0 && cut < len(message) && !utf8.RuneStart(message[cut]) {
		cut--
	}
	truncated := string(message[:cut]) + "\n"
	if len(url) > shownTarget {
		url, truncated = url[:shownTarget], truncated[:shownTarget]
	}
	return &signInfo{method: q.http.Method, url: url, truncated: truncated, length: len(message)}
}

// signError is a 401 for a request whose header could be read.
func (q *Request) signError(zh, en, field, issue string) *Refusal {
	return &Refusal{
		Status: http.StatusUnauthorized, Code: "SIGN_ERROR", Digits: digitsSignature, ZH: zh, EN: en,
		Detail: &Detail{Field: field, Location: "authorization", Issue: issue, nested: true, sign: q.signInfo()},
	}
}

// unauthorized is a 401 for a header that is missing or cannot be read. The
// wording differs between APIs, as it does on the live service.
func unauthorized(q *Request, err error) *Refusal {
	r := &Refusal{
		Status: http.StatusUnauthorized, Code: "SIGN_ERROR", Digits: digitsSignature,
		ZH:     "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
		EN:     "The Authorization header is malformed; see the signature rules of the merchant API",
		Detail: &Detail{Field: "authorization", Location: "authorization", Issue: err.Error(), nested: true},
	}
	switch {
	case errors.Is(err, ErrScheme):
		r.ZH, r.EN = "Http头Authorization认证类型不正确", "The Authorization header's scheme is not served"
	case q.route.product.Browsing:
		r.ZH, r.EN = "签名信息错误，验签失败", "The signature information is wrong"
	}
	return r
}

// skewed is a 401 for a timestamp too far from the server's.
func (q *Request) skewed() *Refusal {
	return &Refusal{
		Status: http.StatusUnauthorized, Code: "SIGN_ERROR", Digits: digitsSignature,
		ZH: "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
		EN: "The timestamp in the Authorization header is more than 5 minutes from the time of the request",
		Detail: &Detail{Field: "timestamp", Value: q.auth.Timestamp, Location: "authorization", nested: true,
			Issue: fmt.Sprintf("the server's time is %d; set the client's clock", q.Began.Unix())},
	}
}
