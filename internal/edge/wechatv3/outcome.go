package wechatv3

import "github.com/holdfast-pay/holdfast/internal/base/code"

// Outcome is how the API says a code: HTTP status, the `code` of the error
// envelope, the parameter to blame ("" for no single one) and a sentence in
// Chinese and English. It is for edges that answer in the API's own shape.
func Outcome(c code.Code) (status int, name, field, zh, en string) {
	r := refusalOf(c, payFamily)
	return r.status, r.code, wordOf(c, payFamily).field, r.zh, r.en
}
