//go:build linux

package clustertest

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/balance"
	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

// rig is a sandbox that dev made and left, whose processes the test runs itself:
// it decides what is up, and what happens to a node's files and links meanwhile.
type rig struct {
	bin, dir string
	sandbox  proctest.Sandbox
	places   []proctest.Place
	mu       sync.Mutex
	nodes    map[string]*child
	shop     *proctest.Shop
	load     *proctest.Load
}

// newRig has dev make a sandbox of so many nodes. Nothing runs yet.
func newRig(t *testing.T, nodes string) *rig {
	t.Helper()
	r := &rig{bin: proctest.Build(t), dir: filepath.Join(t.TempDir(), "data"), nodes: map[string]*child{}}
	out, err := exec.Command(r.bin, "dev", "--nodes", nodes, "--once", "--json", "--data", r.dir, "--addr", "127.0.0.1:0").CombinedOutput()
	if err != nil {
		t.Fatalf("dev --once: %v\n%s", err, out)
	}
	r.sandbox, r.places = proctest.ReadSandbox(t, r.dir), proctest.Places(t, r.dir)
	t.Cleanup(func() {
		if t.Failed() {
			proctest.TellLogs(t, r.dir)
		}
	})
	return r
}

// configure changes a node's configuration file.
func (r *rig) configure(t *testing.T, name string, change func(toml string) string) {
	t.Helper()
	path := filepath.Join(r.dir, name+".toml")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(change(string(text))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// open starts all nodes, the balancer at the sandbox's address, a courier, and
// the load.
func (r *rig) open(t *testing.T) {
	t.Helper()
	for _, p := range r.places {
		r.start(t, p.Name)
	}
	r.serve(t)
}

// serve opens what is in front of nodes that run.
func (r *rig) serve(t *testing.T) {
	t.Helper()
	r.balance(t)
	var inner []string
	for _, p := range r.places {
		inner = append(inner, p.Inner)
	}
	courier := r.run(t, "courier", "courier", "--data", filepath.Join(r.dir, r.places[0].Name), "--node", strings.Join(inner, ","), "--allow", "127.0.0.0/8", "--lease", "5s")
	t.Cleanup(courier.stop)
	proctest.WaitFor(t, time.Minute, "readiness", func() bool { return proctest.Ready("http://" + r.places[0].Admin) })
	r.shop = proctest.OpenShop(t, r.sandbox)
	// What these tests do to nodes takes long: customers without a rest would buy so
	// much meanwhile that asking for each of their orders in the end takes longer.
	r.shop.Rest = 40 * time.Millisecond
	r.load = r.shop.Load(t, customers, "R", fresh(t, r.shop, r.places))
	r.load.AwaitMore(t, 20, "at the start")
}

func (r *rig) balance(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", strings.TrimPrefix(r.sandbox.BaseURL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	opt := balance.Options{}
	for _, p := range r.places {
		opt.Nodes = append(opt.Nodes, balance.Target{Name: p.Name, Address: p.Platform, Ready: "http://" + p.Admin + "/readyz"})
	}
	b := balance.New(opt)
	go func() { _ = b.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = b.Close(ctx)
	})
}

// start runs a node and keeps it running.
func (r *rig) start(t *testing.T, name string) {
	t.Helper()
	c := r.run(t, name, "dev", "node", "--config", filepath.Join(r.dir, name+".toml"), "--base-url", r.sandbox.BaseURL)
	t.Cleanup(c.stop)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nodes[name] = c
}

// node is the process of a node that was started.
func (r *rig) node(name string) *child {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.nodes[name]
}

// finish is the end of every test on a rig.
func (r *rig) finish(t *testing.T) {
	t.Helper()
	r.load.AwaitMore(t, customers+1, "at the end")
	r.load.Stop()
	whole(t, r.dir, r.places)
	r.shop.Check(t)
	for _, p := range r.places {
		r.node(p.Name).stop()
	}
	for _, p := range r.places {
		proctest.Verify(t, r.bin, filepath.Join(r.dir, p.Name))
	}
}

// child is a child that is started again when it ends, like dev and systemd do.
type child struct {
	bin  string
	args []string
	log  *os.File

	mu      sync.Mutex
	cmd     *exec.Cmd
	stopped bool
	exits   int
	done    chan struct{}
}

func (r *rig) run(t *testing.T, name string, args ...string) *child {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(r.dir, "logs", name+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	p := &child{bin: r.bin, args: args, log: log, done: make(chan struct{})}
	if err := p.begin(); err != nil {
		t.Fatal(err)
	}
	go p.supervise()
	return p
}

func (p *child) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return os.ErrProcessDone
	}
	p.cmd = exec.Command(p.bin, p.args...)
	p.cmd.Stderr = p.log
	return p.cmd.Start()
}

func (p *child) supervise() {
	defer close(p.done)
	defer p.log.Close()
	for {
		_ = p.cmd.Wait()
		p.mu.Lock()
		p.exits++
		p.mu.Unlock()
		time.Sleep(300 * time.Millisecond) // as a supervisor backs off
		if p.begin() != nil {
			return
		}
	}
}

// end ends the process for good by a signal.
func (p *child) end(signal syscall.Signal) {
	p.mu.Lock()
	p.stopped = true
	_ = p.cmd.Process.Signal(signal) // it may have ended
	p.mu.Unlock()
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

func (p *child) kill() { p.end(syscall.SIGKILL) }

func (p *child) stop() { p.end(syscall.SIGTERM) }

// ends is how often it ended by itself.
func (p *child) ends() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exits
}

// pid is of the process that runs, 0 when none was started.
func (p *child) pid() int {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

// lastWords are the error and the hint that a node ended with, "" when it did not.
func (r *rig) lastWords(name string, from int64) string {
	text, err := os.ReadFile(filepath.Join(r.dir, "logs", name+".log"))
	if err != nil || from > int64(len(text)) {
		return ""
	}
	said := ""
	for line := range strings.Lines(string(text[from:])) {
		if strings.HasPrefix(line, "error: ") || said != "" && strings.HasPrefix(line, "hint: ") {
			said += line
		}
	}
	return said
}

// logEnd is where a node's log ends now.
func (r *rig) logEnd(name string) int64 {
	info, err := os.Stat(filepath.Join(r.dir, "logs", name+".log"))
	if err != nil {
		return 0
	}
	return info.Size()
}

// command runs the CLI and returns what it printed.
func (r *rig) command(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(r.bin, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("holdfast %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// token makes a join token at a node.
func (r *rig) token(t *testing.T, at string, more ...string) string {
	t.Helper()
	out := r.command(t, append([]string{"cluster", "token", "--json", "--data", filepath.Join(r.dir, at)}, more...)...)
	var a struct{ Token string }
	if err := json.Unmarshal([]byte(out), &a); err != nil || a.Token == "" {
		t.Fatalf("token: %v in %s", err, out)
	}
	return a.Token
}
