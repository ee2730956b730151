package node

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write generated files anew")

// TestMetricsReference keeps docs/reference/metrics.md with what a node serves.
func TestMetricsReference(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	families, err := n.registry.Gather()
	s.stop(n)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# Metrics of a node\n\n")
	b.WriteString("Generated from a running node; `go test ./internal/run/node -run MetricsReference -rewrite` writes it anew.\n\n")
	b.WriteString("`GET /metrics` on the admin address, with the bearer token unless `admin.open_metrics` is set. Beside these there are the\n")
	b.WriteString("Go runtime's (`go_*`) and the process's (`process_*`), and the merchant API's once it has had requests.\n\n")
	b.WriteString("| name | type | meaning |\n|---|---|---|\n")
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "holdfast_") {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), f.GetHelp())
		}
	}
	const path = "../../../docs/reference/metrics.md"
	if *rewrite {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != b.String() {
		t.Errorf("%s is out of date (%v); run this test with -rewrite", path, err)
	}
}
