package node

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var rewrite = flag.Bool("rewrite", false, "write generated files anew")

// figure finds a sample by its name and one label's value, "" for any.
func figure(families []*dto.MetricFamily, name, label string) (v float64, ok bool) {
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labelled := slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetValue() == label })
			if f.GetName() == name && (label == "" || labelled) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue(), true
			}
		}
	}
	return 0, false
}

func gather(t *testing.T, g prometheus.Gatherer) []*dto.MetricFamily {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// TestMetricsOfACluster: what the nodes of a cluster show is so, every figure is
// in docs/reference/metrics.md, and dashboard and alerts ask for nothing else.
func TestMetricsOfACluster(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	lease := catalogue.NewCommand(catalogue.CourierLease, "test", "", &pb.CourierLease{Courier: "east", LeaseMs: 60_000, Started: 1})
	if res, err := c.nodes[1].Replica().Do(t.Context(), lease); err != nil || !res.Code.OK() {
		t.Fatalf("a courier's lease: %v, %v", res.Code, err)
	}
	for i, n := range c.nodes {
		c.until("agreement", func() bool {
			v, _ := figure(gather(t, n.registry), "holdfast_agreed_index", "")
			return v > 0
		})
		c.until("every scrub", func() bool { _, ok := figure(gather(t, n.registry), "holdfast_scrub_age_seconds", ""); return ok })
		c.until("the peer is heard to serve", func() bool { // it said so when it was ready, which may be on its way
			v, _ := figure(gather(t, n.registry), "holdfast_peer_serving", other(i))
			return v == 1
		})
		families := gather(t, n.registry)
		for _, want := range []struct {
			name, label string
			is          float64
		}{
			{"holdfast_leads", "", flagged(i == 0)}, {"holdfast_leader_known", "", 1}, {"holdfast_leader_changes_total", "", 1},
			{"holdfast_voters", "", 3}, {"holdfast_learners", "", 0}, {"holdfast_proven", "", 1}, {"holdfast_reads_waiting", "", 0},
			{"holdfast_couriers", "", 1}, {"holdfast_lease_lanes", "east", 256}, {"holdfast_lanes_unheld", "", 0},
			{"holdfast_damage_open", "", 0}, {"holdfast_self_repairs_total", "rejoin", 0},
			{"holdfast_forwarded_commands_total", "answered", flagged(i == 1)},
			{"holdfast_peer_connected", other(i), 1}, {"holdfast_peer_serving", other(i), 1}, {"holdfast_peer_voter", other(i), 1},
			{"holdfast_peer_differs", other(i), 0}, {"holdfast_peer_fetching", other(i), 0},
		} {
			if got, ok := figure(families, want.name, want.label); !ok || got != want.is {
				t.Errorf("n%d: %s{%s} is %v (there: %t), want %v", i+1, want.name, want.label, got, ok, want.is)
			}
		}
		if v, _ := figure(families, "holdfast_peer_silent_seconds", other(i)); v > silent/1000 {
			t.Errorf("n%d has not heard %s for %v s", i+1, other(i), v)
		}
		if v, _ := figure(families, "holdfast_certificate_remaining_seconds", "node"); v < 3600 {
			t.Errorf("n%d's certificate is valid for %v s", i+1, v)
		}
	}
	a, err := http.Get(c.nodes[0].Addresses().MerchantAPI + "/v3/certificates") // unsigned: the API counts its refusal
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	families := gather(t, c.nodes[0].registry)
	checkReference(t, families)
	checkAsked(t, families)
}

func other(i int) string { return fmt.Sprintf("n%d", (i+1)%3+1) }

// checkReference keeps docs/reference/metrics.md with what a node serves.
func checkReference(t *testing.T, families []*dto.MetricFamily) {
	t.Helper()
	var b strings.Builder
	b.WriteString("# Metrics of a node\n\n")
	b.WriteString("Generated from a running cluster; `go test ./internal/run/node -run MetricsOfACluster -rewrite` writes it anew.\n\n")
	b.WriteString("`GET /metrics` on the admin address, with the bearer token unless `admin.open_metrics` is set. Beside these there are the\n")
	b.WriteString("Go runtime's (`go_*`) and the process's (`process_*`). Those about peers,\n")
	b.WriteString("snapshots and repairs are there on nodes with a section `[cluster]`. While a node starts, those that are known already are shown.\n\n")
	b.WriteString("A dashboard is in `deploy/grafana/holdfast.json`, alert rules in `deploy/prometheus/alerts.yml`.\n\n")
	b.WriteString("| name | type | labels | meaning |\n|---|---|---|---|\n")
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "holdfast_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), strings.Join(labels, " "), f.GetHelp())
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

// names finds the names of metrics in PromQL.
var names = regexp.MustCompile(`\b(holdfast_[a-z0-9_]+)`)

// checkAsked: a panel that asks for a figure that no node has shows nothing, and an
// alert that does never fires.
func checkAsked(t *testing.T, families []*dto.MetricFamily) {
	t.Helper()
	served := map[string]bool{}
	for _, f := range families {
		served[f.GetName()] = true
		if f.GetType() == dto.MetricType_HISTOGRAM {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				served[f.GetName()+part] = true
			}
		}
	}
	for _, q := range deployQueries(t) {
		found := names.FindAllString(q.expr, -1)
		if len(found) == 0 && !strings.Contains(q.expr, "up{") && !strings.Contains(q.expr, "process_") {
			t.Errorf("%s asks for nothing of Holdfast's: %s", q.where, q.expr)
		}
		for _, name := range found {
			if !served[name] {
				t.Errorf("%s asks for %s, which no node serves", q.where, name)
			}
		}
	}
}
