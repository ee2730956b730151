package wechatv3_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/products"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/refund"
)

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
	want := codesTable(t)
	if old == want {
		return
	}
	if !*apitest.Rewrite {
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
	for _, r := range apitest.New(t).API.Routes() {
		if row := "| `" + r.Method + " " + r.Path; !strings.Contains(string(text), row) {
			t.Errorf("the reference has no row that begins with %s", row)
		}
	}
}

func codesTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| Outcome | Status | `code` | `Request-ID` digits | Repeat? | Message |\n|---|---|---|---|---|---|\n")
	retry := map[code.Retry]string{code.Never: "no, change it", code.Same: "yes, unchanged", code.Query: "query first"}
	for _, c := range wechatv3.MerchantsOutcomes(t) {
		info, _ := code.Lookup(c)
		for _, r := range sayings(c) {
			if slices.Contains(code.Reserved, c) || r.Code == "SYSTEM_ERROR" && info.Retry == code.Never {
				continue // no merchant's request leads there yet
			}
			fmt.Fprintf(&b, "| `%s`%s | %d | `%s` | %s | %s | %s |\n", info.Name, r.on, r.Status, r.Code, r.Digits, retry[info.Retry],
				strings.ReplaceAll(r.ZH+" / "+r.EN, "|", `\|`))
		}
	}
	return b.String()
}

// saying is how a product says an outcome.
type saying struct {
	*wechatv3.Refusal
	on string
}

// sayings are how an outcome is said: by all products, and by those that say it
// otherwise.
func sayings(c code.Code) []saying {
	all := []saying{{wechatv3.Said(c, nil), ""}}
	refunds := refund.Product()
	if _, own := refunds.Words[c]; own {
		all = append(all, saying{wechatv3.Said(c, &refunds), " (refunds)"})
	}
	return all
}

// What a product words otherwise is worded well, and is a refusal.
func TestProductsWords(t *testing.T) {
	t.Parallel()
	digits, name := regexp.MustCompile(`^[0-9]{9}$`), regexp.MustCompile(`^[A-Z][A-Z_]+$`)
	for _, p := range products.All(apitest.Links, nil) {
		for c := range p.Words {
			r := wechatv3.Said(c, &p)
			if _, known := code.Lookup(c); !known || c == code.OK || http.StatusText(r.Status) == "" || r.Status < 400 ||
				!name.MatchString(r.Code) || !digits.MatchString(r.Digits) || r.ZH == "" || r.EN == "" {
				t.Errorf("%s: %+v", c, r)
			}
		}
	}
}
