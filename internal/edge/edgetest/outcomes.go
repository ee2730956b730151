package edgetest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
)

// atTheNode are the outcomes that a node gives any command before it is taken,
// and the state machine before a handler sees it.
var atTheNode = []code.Code{
	code.Overloaded, code.Unknown, code.NotLeader, code.ReadOnly, code.DiskLow, code.ClockSkew, code.Internal,
	code.Quarantined, code.LevelTooLow, code.SandboxOnly, code.CommandTooLarge, code.NoGenesis,
}

var (
	commandHeading = regexp.MustCompile("^### [0-9]+ `([a-z_]+)`$")
	outcomeLine    = regexp.MustCompile("^[0-9]+\\. `([a-z_]+)`$")
)

// Refusals lists what the named commands can be refused with, in the order of
// numbers. It reads docs/reference/outcomes.md, which is printed from the handlers
// and held to them by a test.
func Refusals(t testing.TB, root string, commands ...string) []code.Code {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "reference", "outcomes.md"))
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]code.Code{}
	for _, i := range code.All() {
		numbers[i.Name] = i.Code
	}
	found, command, seen := slices.Clone(atTheNode), "", map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "## ") {
			command = ""
		}
		if m := commandHeading.FindStringSubmatch(line); m != nil {
			command = m[1]
			seen[command] = true
		}
		if m := outcomeLine.FindStringSubmatch(line); m != nil && slices.Contains(commands, command) {
			found = append(found, numbers[m[1]])
		}
	}
	for _, c := range commands {
		if !seen[c] {
			t.Fatalf("docs/reference/outcomes.md has no command %s", c)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
