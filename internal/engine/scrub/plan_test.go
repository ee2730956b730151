package scrub_test

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	alone, among := scrub.Situation{Applied: 100}, scrub.Situation{Applied: 100, Peers: true}
	sick := scrub.Situation{Applied: 100, Peers: true, StateDamaged: true}
	for _, c := range []struct {
		name string
		f    scrub.Finding
		in   scrub.Situation
		want scrub.Action
	}{
		{"a state file, peers", scrub.Finding{Kind: scrub.StateFile}, among, scrub.RefetchState},
		{"a state row, peers", scrub.Finding{Kind: scrub.StateRow}, among, scrub.RefetchState},
		{"a table, peers", scrub.Finding{Kind: scrub.StateTable}, among, scrub.RefetchState},
		{"a state file, alone", scrub.Finding{Kind: scrub.StateFile}, alone, scrub.Report},
		{"a state row, alone", scrub.Finding{Kind: scrub.StateRow}, alone, scrub.Report},
		{"a table, alone", scrub.Finding{Kind: scrub.StateTable}, alone, scrub.Report},
		{"an entry the state has, peers", scrub.Finding{Kind: scrub.LogEntry, Last: 100}, among, scrub.CutLog},
		{"an entry the state has, alone", scrub.Finding{Kind: scrub.LogEntry, Last: 1}, alone, scrub.CutLog},
		{"an entry the state has, which is damaged too", scrub.Finding{Kind: scrub.LogEntry, Last: 1}, sick, scrub.Rejoin},
		{"an entry the state lacks, peers", scrub.Finding{Kind: scrub.LogEntry, Last: 101}, among, scrub.Rejoin},
		{"an entry the state lacks, alone", scrub.Finding{Kind: scrub.LogEntry, Last: 101}, alone, scrub.Report},
		{"a log file with old entries", scrub.Finding{Kind: scrub.LogFile, Last: 99}, alone, scrub.CutLog},
		{"a log file with the vote, peers", scrub.Finding{Kind: scrub.LogFile}, among, scrub.Rejoin},
		{"a log file with the vote, alone", scrub.Finding{Kind: scrub.LogFile}, alone, scrub.Report},
		{"the acked file", scrub.Finding{Kind: scrub.AckedFile}, alone, scrub.RewriteAcked},
		{"the keystore", scrub.Finding{Kind: scrub.KeystoreFile}, alone, scrub.RewriteKeys},
		{"the checkpoint", scrub.Finding{Kind: scrub.CheckpointFile}, among, scrub.RewriteCheckpoint},
		{"the master key", scrub.Finding{Kind: scrub.MasterKey}, among, scrub.Report},
	} {
		if got := scrub.Plan(c.f, c.in); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Every kind and action has a name for metrics, and every kind a plan.
func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range scrub.Kinds() {
		a := scrub.Plan(scrub.Finding{Kind: k}, scrub.Situation{Peers: true})
		if k.String() == "" || seen[k.String()] || a.String() == "" {
			t.Errorf("kind %d: %q, %q", k, k, a)
		}
		seen[k.String()] = true
	}
}
