//go:build linux

package killtest

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

// serving is a real `holdfast serve`.
type serving struct {
	t   *testing.T
	cmd *exec.Cmd
	dir string
	// Where it is reached.
	Addresses struct{ Merchant_api, Admin, Inner string }
	ended     chan error
}

// serve starts a node behind a shell prefix ("" for none), its standard error to errs.
func serve(t *testing.T, prefix string, errs *os.File, more ...string) *serving {
	t.Helper()
	s := &serving{t: t, dir: filepath.Join(t.TempDir(), "data"), ended: make(chan error, 1)}
	args := append([]string{proctest.Build(t), "serve", "--json", "--data", s.dir, "--set", "log_name=test.example/journal",
		"--set", "merchant_api.address=127.0.0.1:0", "--set", "merchant_api.insecure_loopback=true",
		"--set", "admin.address=127.0.0.1:0", "--set", "admin.insecure_loopback=true", "--set", "inner.address=127.0.0.1:0",
		"--set", "disk.min_free=1MiB", "--set", "disk.min_free_percent=0", "--set", "log.level=debug"}, more...)
	s.cmd = exec.Command("sh", append([]string{"-c", prefix + ` exec "$0" "$@"`}, args...)...)
	s.cmd.Stderr = errs
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() { s.ended <- s.cmd.Wait() }()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it has ended, unless the test failed
		s.await()
	})
	if err != nil || json.Unmarshal([]byte(line), &struct{ Addresses any }{&s.Addresses}) != nil {
		t.Fatalf("the node did not say where it is: %q, %v", line, err)
	}
	return s
}

// await waits for the end and returns it, however often it is asked.
func (s *serving) await() error {
	select {
	case err := <-s.ended:
		s.ended <- err
		return err
	case <-time.After(30 * time.Second):
		s.t.Error("the node does not end")
		return nil
	}
}

// alive checks that the node answers and takes writes.
func (s *serving) alive() {
	s.t.Helper()
	select {
	case err := <-s.ended:
		s.ended <- err
		s.t.Fatalf("the node has ended: %v", err)
	default:
	}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(s.Addresses.Admin + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("the node is not ready: %s", resp.Status)
	}
}

// stop asks the node to end and checks that it does.
func (s *serving) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := s.await(); err != nil {
		s.t.Errorf("the node ended with %v", err)
	}
}

// topUp makes the node write and log.
func (s *serving) topUp(name string) {
	s.t.Helper()
	out, err := exec.Command(proctest.Build(s.t), "person", "add", name, "--name", name, "--topup", "1.00", "--data", s.dir).CombinedOutput()
	if err != nil {
		s.t.Fatalf("person add: %v: %s", err, out)
	}
}

// The reader of a node's log dies: the node goes on, and stops in order.
func TestLogReaderDies(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, "", w)
	w.Close()
	r.Close()
	hangUp(s, 3)
	s.alive()
	s.topUp("alice")
	s.stop()
}

// The reader of a node's log stops reading: the node goes on, counts the lines that
// are lost, and stops in order.
func TestLogReaderStalls(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := serve(t, "", w)
	w.Close()
	hangUp(s, 20)
	client := &http.Client{Timeout: 20 * time.Second}
	for i := range 2000 { // each is a line of the log
		resp, err := client.Get(s.Addresses.Merchant_api + "/v3/certificates")
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		resp.Body.Close()
	}
	s.alive()
	s.topUp("alice")
	s.stop()
}

// hangUp has the node log its keys' reloading.
func hangUp(s *serving, times int) {
	s.t.Helper()
	for range times {
		if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			s.t.Fatal(err)
		}
		s.alive()
	}
}

// Silent connections to every address of a node with few file descriptors: it goes
// on, answers others, publishes its checkpoints, and stops in order.
func TestSilentConnections(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s := serve(t, "ulimit -n 192;", log)
	for i := range 250 {
		for _, at := range []string{s.Addresses.Merchant_api, s.Addresses.Admin, s.Addresses.Inner} {
			c, err := net.DialTimeout("tcp", strings.TrimPrefix(at, "http://"), 5*time.Second)
			if err != nil {
				t.Fatalf("connection %d: %v", i, err)
			}
			defer c.Close()
		}
	}
	s.topUp("alice") // the journal grows: there is a checkpoint to be published
	s.alive()
	resp, err := (&http.Client{Timeout: 20 * time.Second}).Get(s.Addresses.Merchant_api + "/v3/certificates")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	s.topUp("bob")
	s.stop()
	if text, err := os.ReadFile(log.Name()); err != nil || strings.Contains(string(text), "level=ERROR") {
		t.Errorf("the node said (%v):\n%s", err, text)
	}
}
