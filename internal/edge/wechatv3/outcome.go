package wechatv3

import "github.com/holdfast-pay/holdfast/internal/base/code"

// Outcome is how the API says a code: HTTP status, the `code` of the error
// envelope, the parameter to blame ("" for no single one) and a sentence in
// Chinese and English. It is for edges that answer in the API's own shape.
func Outcome(c code.Code) (status int, name, field, zh, en string) {
	r := refusalOf(c, nil)
	return r.Status, r.Code, wordOf(c, nil).field, r.ZH, r.EN
}
