package wechatv3

import (
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
)

// merchantsOutcomes are what a merchant's request, or a payment in the sandbox, can
// lead to: the refusals of the commands this edge makes, and its own.
func merchantsOutcomes(t *testing.T) []code.Code {
	t.Helper()
	list := edgetest.Refusals(t, filepath.Join("..", "..", ".."), "order_create", "order_pay", "order_close", "refund_create", "notice_redeliver", "advance_clock")
	list = append(list, code.CertNotFound, code.KeyMissing, code.CallbackHostRefused, code.CallbackNeedsHTTPS, code.RefundNotFound)
	list = append(list, code.Reserved...)
	slices.Sort(list)
	return slices.Compact(list)
}

// Every outcome that a merchant can meet has the API's status, name and numbers.
func TestOutcomesOfMerchantsAreWorded(t *testing.T) {
	t.Parallel()
	digits, name := regexp.MustCompile(`^[0-9]{9}$`), regexp.MustCompile(`^[A-Z][A-Z_]+$`)
	for _, c := range merchantsOutcomes(t) {
		info, _ := code.Lookup(c)
		w, r := wordOf(c, nil), refusalOf(c, nil)
		if http.StatusText(w.status) == "" || w.status < 400 || !name.MatchString(w.name) || !digits.MatchString(w.digits) || r.ZH == "" || r.EN == "" {
			t.Errorf("%s: %+v", info.Name, w)
		}
		if (w.status == 429 || w.status == 503) != (w.retryAfter > 0) && w.name != "SYSTEM_ERROR" {
			t.Errorf("%s answers %d and Retry-After %d", info.Name, w.status, w.retryAfter)
		}
		if info.Retry != code.Never && w.name == "PARAM_ERROR" {
			t.Errorf("%s may be repeated, but %s says to change the request", info.Name, w.name)
		}
	}
}

// A row stands for an outcome that a merchant can meet, and says something else
// than its class.
func TestExceptionsAreMetAndDiffer(t *testing.T) {
	t.Parallel()
	met := merchantsOutcomes(t)
	for c, w := range words {
		if !slices.Contains(met, c) {
			t.Errorf("%s has a row and no merchant can meet it: remove the row", c)
		}
		if w == classWords[c.Class()] {
			t.Errorf("%s says what its class says: remove its row", c)
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
