package node

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// query is what a panel or an alert asks Prometheus for.
type query struct{ where, expr string }

// deployQueries reads all queries of deploy/. Every alert has to say what is
// wrong, what to do next, and whether it is worth getting up for.
func deployQueries(t *testing.T) []query {
	t.Helper()
	return append(dashboardQueries(t), alertQueries(t)...)
}

func dashboardQueries(t *testing.T) (all []query) {
	t.Helper()
	var dashboard struct {
		Annotations struct {
			List []struct{ Name, Expr string }
		}
		Panels []struct {
			Type, Title, Description string
			Targets                  []struct{ Expr string }
		}
	}
	const path = "../../../deploy/grafana/holdfast.json"
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &dashboard)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, a := range dashboard.Annotations.List {
		all = append(all, query{"annotation " + a.Name, a.Expr})
	}
	for _, p := range dashboard.Panels {
		if p.Type != "row" && (len(p.Targets) == 0 || p.Description == "") {
			t.Errorf("panel %q lacks a query or a description", p.Title)
		}
		for _, q := range p.Targets {
			all = append(all, query{"panel " + p.Title, q.Expr})
		}
	}
	return all
}

func alertQueries(t *testing.T) (all []query) {
	t.Helper()
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr         string
				For                 string
				Labels, Annotations map[string]string
			}
		}
	}
	const path = "../../../deploy/prometheus/alerts.yml"
	text, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(text, &rules)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	seen := map[string]bool{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if seen[r.Alert] || !strings.HasPrefix(r.Alert, "Holdfast") {
				t.Errorf("alert %q is there twice or is called otherwise than Holdfast...", r.Alert)
			}
			seen[r.Alert] = true
			if s := r.Labels["severity"]; s != "page" && s != "warn" {
				t.Errorf("%s is of severity %q", r.Alert, s)
			}
			for _, a := range []string{"summary", "runbook"} {
				if !strings.HasSuffix(r.Annotations[a], ".") {
					t.Errorf("%s has no %s that is a sentence: %q", r.Alert, a, r.Annotations[a])
				}
			}
			all = append(all, query{"alert " + r.Alert, r.Expr})
		}
	}
	return all
}
