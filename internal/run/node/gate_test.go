package node

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestEverythingPublicPassesTheGate: what merchants and payers reach is let in by
// one gate, each by its class; only the style sheet is not worth a place.
func TestEverythingPublicPassesTheGate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	defer s.stop(n)
	for _, path := range []string{"/pay/wx1", "/pay/wx1/result", "/v3/certificates", "/v3/none", "/v3/refund/domestic/refunds/R1", "/cashier/static/cashier.css", "/favicon.ico"} {
		r, err := http.Get(n.Addresses().MerchantAPI + path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	families, err := n.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"pay": 1, "query": 2, "refund": 0, "rest": 3}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := m.GetLabel()
			switch {
			case f.GetName() == "holdfast_gate_admitted_total":
				if class := labels[0].GetValue(); m.GetCounter().GetValue() != want[class] {
					t.Errorf("%s: %v let in, want %v", class, m.GetCounter().GetValue(), want[class])
				} else {
					delete(want, class)
				}
			case strings.HasPrefix(f.GetName(), "holdfast_gate_in_flight") && m.GetGauge().GetValue() != 0:
				t.Errorf("%v are still at work", m)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("not counted: %v", want)
	}
}
