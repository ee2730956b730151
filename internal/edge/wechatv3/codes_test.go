package wechatv3

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
)

// Every outcome is worded, and nothing else is.
func TestEveryCodeHasARow(t *testing.T) {
	t.Parallel()
	digits, name := regexp.MustCompile(`^[0-9]{9}$`), regexp.MustCompile(`^[A-Z][A-Z_]+$`)
	known := map[code.Code]bool{}
	for _, info := range code.All() {
		known[info.Code] = true
		if info.Code == code.OK {
			continue
		}
		if _, ok := words[info.Code]; !ok {
			t.Errorf("%s has no row in words", info.Name)
		}
		w, r := wordOf(info.Code, nil), refusalOf(info.Code, nil)
		if http.StatusText(w.status) == "" || w.status < 400 || !name.MatchString(w.name) || !digits.MatchString(w.digits) || r.ZH == "" || r.EN == "" {
			t.Errorf("%s: %+v", info.Name, w)
		}
		if (w.status == 429 || w.status == 503) != (w.retryAfter > 0) && w.name != "SYSTEM_ERROR" {
			t.Errorf("%s answers %d and Retry-After %d", info.Name, w.status, w.retryAfter)
		}
		if info.Retry != code.Never && w.status == http.StatusBadRequest && w.name == "PARAM_ERROR" {
			t.Errorf("%s may be repeated, but %s says to change the request", info.Name, w.name)
		}
	}
	for c := range words {
		if !known[c] || c == code.OK {
			t.Errorf("%s is worded but is no refusal", c)
		}
	}
}

func TestUnknownCodeIsAnInnerError(t *testing.T) {
	t.Parallel()
	if w := wordOf(60000, nil); w.status != 500 || w.name != "SYSTEM_ERROR" {
		t.Errorf("%+v", w)
	}
	if r := refusalOf(60000, nil); r.ZH == "" || r.EN == "" {
		t.Errorf("an unknown code has no sentence: %+v", r)
	}
}

// Other edges that answer in the API's shape say the same.
func TestOutcomeIsTheTable(t *testing.T) {
	t.Parallel()
	for _, info := range code.All() {
		if info.Code == code.OK {
			continue
		}
		r := refusalOf(info.Code, nil)
		status, name, field, zh, en := Outcome(info.Code)
		if status != r.Status || name != r.Code || zh != r.ZH || en != r.EN || (field != "") != (r.Detail != nil) {
			t.Errorf("%s: %d %s %q", info.Name, status, name, field)
		}
	}
}
