package drill

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/dev"
)

// Each drill is found by its name, and says what it is.
func TestDrillsAreListed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range All() {
		if d.Name == "list" || seen[d.Name] || Find(d.Name) != d || d.Short == "" || d.Account == "" || d.run == nil {
			t.Errorf("the drill %+v", d)
		}
		seen[d.Name] = true
	}
	if Find("nothing") != nil {
		t.Error("a drill without a name was found")
	}
}

// The page holds every result as text, whatever is in it, and needs no other file.
func TestPage(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	results := []Result{
		{Requirement: "R0.1", OK: true, Detail: "<script>alert(1)</script>", Measured: "0.10 s", Promised: "paid"},
		{Requirement: "R1.9", Detail: "balances", Measured: "[1 2]", Promised: "[2 1]"},
	}
	if err := WritePage(&b, &strike, results, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"1 of 2 kept", "&lt;script&gt;", "R1.9", "[2 1]", `class="missed">NO`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	for _, no := range []string{"<script", "http://", "https://", "src=", "href="} {
		if strings.Contains(text, no) {
			t.Errorf("the page has %q", no)
		}
	}
}

// A drill kills nodes, so it works on no sandbox of one.
func TestADrillNeedsThreeNodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"dev.json": `{"format":1}`, "sandbox.json": `{}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := strike.Run(context.Background(), Options{Data: dir, Told: func(Result) {}, Progress: t.Logf})
	var f *dev.Failure
	if !errors.As(err, &f) || !strings.Contains(f.Hint, "--nodes 3") {
		t.Errorf("with one node: %v", err)
	}
}

// The number of a process is believed only where it can be one.
func TestProcess(t *testing.T) {
	t.Parallel()
	n := dev.Node{PIDFile: filepath.Join(t.TempDir(), "n1.pid")}
	for text, want := range map[string]int{"": 0, "4711\n": 4711, "0\n": 0, "-1\n": 0, "1\n": 0, "x": 0} {
		if err := os.WriteFile(n.PIDFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := process(n); got != want {
			t.Errorf("%q names process %d, not %d", text, got, want)
		}
	}
	n.PIDFile += ".gone"
	if got := process(n); got != 0 {
		t.Errorf("no file names process %d", got)
	}
}
