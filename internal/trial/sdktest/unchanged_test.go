//go:build linux

package sdktest

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

func TestMain(m *testing.M) { proctest.Main(m) }

// program is a merchant's program.
type program struct {
	name string
	args []string
	// certificate says that it verifies with certificates only.
	certificate bool
}

// The official Go SDK and two of Node's clients order, refund, and verify their
// notices, with a shell's environment for all that leads them here. With three
// nodes too.
func TestUnchangedPrograms(t *testing.T) {
	bin := proctest.Build(t)
	merchant := filepath.Join(t.TempDir(), "merchant")
	if out, err := exec.Command("go", "build", "-o", merchant, "./merchant").CombinedOutput(); err != nil {
		t.Fatalf("build the merchant: %v\n%s", err, out)
	}
	programs := []program{
		{"Go with the public key", []string{merchant, "public-key"}, false},
		{"Go with certificates", []string{merchant, "certificate"}, true},
	}
	programs = append(programs, nodePrograms(t)...)
	t.Run("one node", func(t *testing.T) {
		d := proctest.StartDev(t, bin)
		runAll(t, d, programs)
		d.Stop(t)
	})
	t.Run("three nodes", func(t *testing.T) {
		d := proctest.StartDev(t, bin, "--nodes", "3")
		runAll(t, d, programs[:1])
		d.Stop(t)
	})
}

// nodePrograms are those of Node, where `make deps` could install its clients. In
// CI they must be there.
func nodePrograms(t *testing.T) []program {
	t.Helper()
	if _, err := os.Stat("testdata/node/node_modules"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("Node's clients are missing: make deps")
		}
		t.Log("Node's clients are not tried: make deps installs them")
		return nil
	}
	return []program{
		{"wechatpay-axios-plugin", []string{"node", "testdata/node/axios.cjs"}, false},
		{"wechatpay-node-v3", []string{"node", "testdata/node/v3.cjs"}, true},
	}
}

func runAll(t *testing.T, d *proctest.Dev, programs []program) {
	t.Helper()
	// Those that know certificates only come last: notices are signed for them then.
	slices.SortStableFunc(programs, func(a, b program) int {
		switch {
		case a.certificate == b.certificate:
			return 0
		case b.certificate:
			return -1
		}
		return 1
	})
	certificate := false
	for _, p := range programs {
		if p.certificate && !certificate {
			certificate = true
			useCertificates(t, d)
		}
		p.run(t, d)
	}
}

// useCertificates has the platform sign notices with its certificate.
func useCertificates(t *testing.T, d *proctest.Dev) {
	t.Helper()
	out, err := exec.Command(d.Bin, "merchant", "callback", d.Sandbox.Mchid, "--key-mode", "certificate", "--data", d.Dir).CombinedOutput()
	if err != nil {
		t.Fatalf("holdfast merchant callback: %v\n%s", err, out)
	}
}

// run runs a program in a shell that has sourced the sandbox's environment, pays
// what it orders, and looks at what it says.
func (p program) run(t *testing.T, d *proctest.Dev) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	script := `eval "$("$0" dev --print-env --data "$1" 2>/dev/null)"; shift; exec "$@"`
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", script, d.Bin, d.Dir}, p.args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "PAY":
			p.pay(t, d, rest)
		case "NOTICE", "STATE":
			word += " " + rest
		}
		said = append(said, word)
	}
	err = cmd.Wait()
	if want := []string{"PAY", "NOTICE TRANSACTION.SUCCESS", "STATE SUCCESS", "NOTICE REFUND.SUCCESS", "DONE"}; err != nil || !slices.Equal(said, want) {
		t.Fatalf("%s: %v\n said %q\n want %q\n%s", p.name, err, said, want, stderr.String())
	}
}

func (p program) pay(t *testing.T, d *proctest.Dev, codeURL string) {
	t.Helper()
	var paid map[string]any
	if status, err := d.Sandbox.Post(t.Context(), "/pay", map[string]string{"code_url": codeURL, "payer": "小红"}, &paid); err != nil || status != 200 {
		t.Fatalf("%s: paying %s: %d %v %v", p.name, codeURL, status, paid, err)
	}
}
