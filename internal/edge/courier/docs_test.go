package courier

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// docs/reference/notices.md names every metric and every outcome, and its example
// is the golden body.
func TestReferenceIsComplete(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/reference/notices.md")
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile("testdata/body.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range regexp.MustCompile(`"[a-z_]+":"[^"]*"`).FindAllString(string(body), -1) {
		if !strings.Contains(string(page), part) {
			t.Errorf("the example in docs/reference/notices.md lacks %s", part)
		}
	}
	reg := prometheus.NewRegistry()
	if _, err := newMetrics(reg, func() int64 { return 0 }); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if !strings.Contains(string(page), "| `"+f.GetName()) {
			t.Errorf("docs/reference/notices.md has no row for the metric %s: %s", f.GetName(), f.GetHelp())
		}
	}
	for o := range pb.AttemptOutcome_name {
		if o != 0 && !strings.Contains(string(page), "| `"+outcomeName(pb.AttemptOutcome(o))+"` |") {
			t.Errorf("docs/reference/notices.md has no row for the outcome %s", outcomeName(pb.AttemptOutcome(o)))
		}
	}
}
