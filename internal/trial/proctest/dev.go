//go:build linux

package proctest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// built compiles the binary once for all tests of a package.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "holdfast-proctest")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "holdfast")
	out, err := exec.Command("go", "build", "-tags", "invariants", "-o", bin, "github.com/holdfast-pay/holdfast/cmd/holdfast").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build: %w\n%s", err, out)
	}
	return bin, err
})

// Build compiles the binary. HOLDFAST_BIN names one to test instead: a release,
// say.
func Build(t *testing.T) string {
	t.Helper()
	if bin := os.Getenv("HOLDFAST_BIN"); bin != "" {
		return bin
	}
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// Main runs a package's tests and removes the binary.
func Main(m *testing.M) {
	code := m.Run()
	if os.Getenv("HOLDFAST_BIN") == "" {
		if bin, err := built(); err == nil {
			_ = os.RemoveAll(filepath.Dir(bin)) // it is in the temporary folder
		}
	}
	os.Exit(code)
}

// Dev is a running `holdfast dev`.
type Dev struct {
	// Bin is the binary, Dir the sandbox's folder.
	Bin, Dir string
	Sandbox  Sandbox

	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// StartDev starts `holdfast dev` with more arguments and waits for its purchase.
func StartDev(t *testing.T, bin string, more ...string) *Dev {
	t.Helper()
	d := &Dev{Bin: bin, Dir: filepath.Join(t.TempDir(), "data")}
	d.cmd = exec.Command(bin, append([]string{"dev", "--data", d.Dir, "--addr", "127.0.0.1:0", "--json"}, more...)...)
	d.cmd.Stderr = &d.stderr
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill() // it has ended, unless the test failed
		_ = d.cmd.Wait()
		if t.Failed() {
			TellLogs(t, d.Dir)
		}
	})
	bought := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			select {
			case bought <- lines.Text():
			default:
			}
		}
		close(bought)
	}()
	select {
	case line := <-bought:
		if !strings.Contains(line, `"trade_state":"SUCCESS"`) {
			t.Fatalf("dev did not buy: %q\n%s", line, d.stderr.String())
		}
	case <-time.After(time.Minute):
		t.Fatal("dev did not buy within a minute")
	}
	d.Sandbox = ReadSandbox(t, d.Dir)
	return d
}

// TellLogs shows what the processes of a sandbox said last.
func TellLogs(t *testing.T, dir string) {
	t.Helper()
	logs, _ := filepath.Glob(filepath.Join(dir, "logs", "*.log"))
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		t.Logf("%s ends with:\n%s", filepath.Base(log), text[max(0, len(text)-6000):])
	}
}

// Child finds dev's child whose command line, its words ended by NUL, contains
// what; 0 when there is none.
func (d *Dev) Child(what string) int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		// pid (name) state ppid ...; the name may hold spaces.
		rest := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(rest) < 2 || rest[0] == "Z" || rest[1] != strconv.Itoa(d.cmd.Process.Pid) {
			continue
		}
		line, err := os.ReadFile(filepath.Join(filepath.Dir(stat), "cmdline"))
		if err == nil && bytes.Contains(line, []byte(what)) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			return pid
		}
	}
	return 0
}

// Signal sends a signal to a child of dev, once it has one.
func (d *Dev) Signal(t *testing.T, what string, signal syscall.Signal) {
	t.Helper()
	WaitFor(t, 30*time.Second, what+" to run", func() bool {
		pid := d.Child(what)
		return pid != 0 && syscall.Kill(pid, signal) == nil
	})
}

// AwaitReady waits until payments are taken.
func (d *Dev) AwaitReady(t *testing.T) {
	t.Helper()
	WaitFor(t, time.Minute, "readiness", func() bool { return Ready(d.Sandbox.AdminURL) })
}

// Ready says whether the administration at url says that payments are taken.
func Ready(url string) bool {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url + "/readyz")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Stop ends dev in order and checks that it took its children along.
func (d *Dev) Stop(t *testing.T) {
	t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = d.cmd.Wait()
	for _, command := range []string{"\x00node\x00", "\x00courier\x00"} {
		if pid := d.Child(command); pid != 0 {
			t.Errorf("dev left a child running as %d", pid)
		}
	}
}

// Verify checks a data folder with the command for it.
func Verify(t *testing.T, bin, dir string) {
	t.Helper()
	if out, err := exec.Command(bin, "verify", "--json", dir).CombinedOutput(); err != nil {
		t.Errorf("verify %s: %v\n%s", filepath.Base(dir), err, out)
	}
}

// WaitFor waits for a condition.
func WaitFor(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", limit, what)
		}
	}
}

// readJSON reads a file into value.
func readJSON(t *testing.T, path string, value any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, value)
	}
	if err != nil {
		t.Fatal(err)
	}
}
