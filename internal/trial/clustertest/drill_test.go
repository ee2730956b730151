//go:build linux

package clustertest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

// The drills keep what they look at: short versions, each with three nodes of its own.
func TestDrills(t *testing.T) {
	bin := proctest.Build(t)
	for name, want := range map[string]map[string]int{
		"strike":   {"R0.1": 3, "R0.3": 1, "R1.3": 1, "R1.4": 4, "R1.5": 3, "R1.7": 4, "R1.9": 3},
		"festival": {"R1.5": 1, "R1.9": 3, "R2.6": 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := filepath.Join(t.TempDir(), "page.html")
			cmd := exec.Command(bin, "drill", name, "--seconds", "5", "--json", "--html", page)
			var said, lines bytes.Buffer
			cmd.Stdout, cmd.Stderr = &lines, &said
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s%s", err, said.String(), lines.String())
			}
			seen := map[string]int{}
			for line := range bytes.Lines(lines.Bytes()) {
				var r struct {
					Drill       string `json:"drill"`
					Requirement string `json:"requirement"`
					OK          bool   `json:"ok"`
				}
				if err := json.Unmarshal(line, &r); err != nil || r.Drill != name || !r.OK {
					t.Errorf("%v: %s", err, line)
				}
				seen[r.Requirement]++
			}
			for id, n := range want { // order does not matter
				if seen[id] < n {
					t.Errorf("%s was looked at %d times, not %d", id, seen[id], n)
				}
			}
			if text, err := os.ReadFile(page); err != nil || !bytes.Contains(text, []byte("requirements were kept")) {
				t.Errorf("the page: %v", err)
			}
		})
	}
}
