package wechatv3

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
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
		for _, f := range []family{payFamily, refundFamily, certificateFamily} {
			w, r := wordOf(info.Code, f), refusalOf(info.Code, f)
			if http.StatusText(w.status) == "" || w.status < 400 || !name.MatchString(w.name) || !digits.MatchString(w.digits) || r.zh == "" || r.en == "" {
				t.Errorf("%s, family %d: %+v", info.Name, f, w)
			}
			if (w.status == 429 || w.status == 503) != (w.retryAfter > 0) && w.name != "SYSTEM_ERROR" {
				t.Errorf("%s answers %d and Retry-After %d", info.Name, w.status, w.retryAfter)
			}
			if info.Retry != code.Never && w.status == http.StatusBadRequest && w.name == "PARAM_ERROR" {
				t.Errorf("%s may be repeated, but %s says to change the request", info.Name, w.name)
			}
		}
	}
	for _, table := range []map[code.Code]word{words, refundWords} {
		for c := range table {
			if !known[c] || c == code.OK {
				t.Errorf("%s is worded but is no refusal", c)
			}
		}
	}
}

func TestUnknownCodeIsAnInnerError(t *testing.T) {
	t.Parallel()
	if w := wordOf(60000, payFamily); w.status != 500 || w.name != "SYSTEM_ERROR" {
		t.Errorf("%+v", w)
	}
	if r := refusalOf(60000, payFamily); r.zh == "" || r.en == "" {
		t.Errorf("an unknown code has no sentence: %+v", r)
	}
}

// The reference prints the table between two marks; -rewrite renews it.
func TestCodesAreDocumented(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- codes: generated -->\n", "<!-- /codes -->\n"
	file := filepath.Join("..", "..", "..", "docs", "reference", "merchant-api.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the marks %q and %q", file, begin, end)
	}
	want := codesTable()
	if old == want {
		return
	}
	if !*rewrite {
		t.Fatalf("%s is out of date; run go test ./internal/edge/wechatv3 -run %s -rewrite", file, t.Name())
	}
	if err := os.WriteFile(file, []byte(head+begin+want+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The reference lists every route.
func TestRoutesAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "reference", "merchant-api.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		if row := "| `" + r.method + " /" + strings.Join(r.path, "/"); !strings.Contains(string(text), row) {
			t.Errorf("the reference has no row that begins with %s", row)
		}
	}
}

func codesTable() string {
	var b strings.Builder
	b.WriteString("| Outcome | Status | `code` | `Request-ID` digits | Repeat? | Message |\n|---|---|---|---|---|---|\n")
	retry := map[code.Retry]string{code.Never: "no, change it", code.Same: "yes, unchanged", code.Query: "query first"}
	for _, info := range code.All() {
		if info.Code == code.OK {
			continue
		}
		for _, f := range []family{payFamily, refundFamily} {
			w, r := wordOf(info.Code, f), refusalOf(info.Code, f)
			if _, own := refundWords[info.Code]; f == refundFamily && !own {
				continue
			}
			if w.name == "SYSTEM_ERROR" && info.Retry == code.Never {
				continue // no merchant's request leads there
			}
			on := map[family]string{payFamily: "", refundFamily: " (refunds)"}[f]
			fmt.Fprintf(&b, "| `%s`%s | %d | `%s` | %s | %s | %s |\n", info.Name, on, w.status, w.name, w.digits, retry[info.Retry],
				strings.ReplaceAll(r.zh+" / "+r.en, "|", `\|`))
		}
	}
	return b.String()
}

// Other edges that answer in the API's shape say the same.
func TestOutcomeIsTheTable(t *testing.T) {
	t.Parallel()
	for _, info := range code.All() {
		if info.Code == code.OK {
			continue
		}
		r := refusalOf(info.Code, payFamily)
		status, name, field, zh, en := Outcome(info.Code)
		if status != r.status || name != r.code || zh != r.zh || en != r.en || (field != "") != (r.detail != nil) {
			t.Errorf("%s: %d %s %q", info.Name, status, name, field)
		}
	}
}
