package wechatv3

import (
	"net/http"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
)

// Asked implements gate.Surface: the route says how much a request matters, the
// Authorization header who it claims to be from.
func (a *API) Asked(r *http.Request) gate.Asked {
	asked := gate.Asked{Class: gate.Rest}
	if route, _, _ := a.find(r.Method, r.URL); route != nil {
		asked.Class = route.Class
	}
	if claimed, err := authorizationOf(r.Header); err == nil {
		asked.Merchant, asked.Credential = claimed.Mchid, claimed.Serial
	}
	return asked
}

// Refuse implements gate.Surface. Nothing was read or looked up: the answer is
// made up of prepared parts and, like every refusal, not signed.
func (a *API) Refuse(w http.ResponseWriter, r *http.Request, why gate.Refusal) {
	own := why.Reason.Own()
	if own {
		if route, _, _ := a.find(r.Method, r.URL); route != nil {
			own = !route.Unlimited
		}
	}
	p := turnedAway[own][languageOf(r.Header)]
	v := &[...]string{newRequestID() + "-" + digitsRateLimited, strconv.Itoa(why.After)}
	h := w.Header()
	h[headerRequestID] = v[0:1:1]
	h["Content-Type"] = jsonType
	h["Content-Length"] = p.length
	h["Retry-After"] = v[1:2:2]
	w.WriteHeader(p.status)
	w.Write(p.body) // an error means that the client is gone
}

// broke refuses a query for which the merchant has no budget left.
func broke(q *Request) *Refusal {
	r := *limited
	r.RetryAfter = q.pass.Broke().After
	return &r
}

// limited says that the merchant itself asks too much.
var limited = &Refusal{
	Status: http.StatusTooManyRequests, Code: "FREQUENCY_LIMITED", Digits: digitsRateLimited,
	ZH: "请求过于频繁，本次请求未受理，请稍后用相同参数重试", EN: "Too many requests: this one was not taken; repeat it unchanged after the seconds in Retry-After",
}

// prepared is an answer made beforehand.
type prepared struct {
	status int
	body   []byte
	length []string
}

// turnedAway are the answers to who is not let in, by whether it is the client's
// own excess and by language.
var turnedAway = func() map[bool]map[language]prepared {
	all := make(map[bool]map[language]prepared)
	for own, r := range map[bool]*Refusal{true: limited, false: refusalOf(code.Overloaded, nil)} {
		all[own] = make(map[language]prepared)
		for _, lang := range []language{chinese, english} {
			body := r.json(lang)
			all[own][lang] = prepared{r.Status, body, []string{strconv.Itoa(len(body))}}
		}
	}
	return all
}()
