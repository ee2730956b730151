package drill

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/dev"
)

// Bounds of waiting.
const (
	readyWithin = 60 * time.Second
	poll        = 50 * time.Millisecond
)

// Ground is a cluster of real nodes, and the people on it.
type Ground struct {
	*dev.Site
	web   *http.Client
	told  func(Result)
	say   func(format string, args ...any)
	own   *exec.Cmd // the sandbox that the drill runs itself
	dir   string    // where that one is, and is removed with it
	ended chan struct{}
}

// open finds the sandbox that is named, or runs one of three nodes in a folder that is
// removed afterwards.
func open(ctx context.Context, o Options) (*Ground, error) {
	g := &Ground{web: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, say: o.Progress}
	dir := o.Data
	if dir == "" {
		var err error
		if dir, err = g.start(ctx, o.Executable); err != nil {
			return nil, errors.Join(err, g.close())
		}
	}
	site, err := dev.Credentials(dir)
	if err == nil && len(site.Nodes) < 3 {
		err = &dev.Failure{Err: fmt.Errorf("%s has %d nodes: a drill kills some", dir, len(site.Nodes)), Hint: "run `holdfast dev --nodes 3 --data DIR`, or leave --data out"}
	}
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	g.Site = site
	for _, n := range site.Nodes {
		if err := g.awaitReady(ctx, n); err != nil {
			err = &dev.Failure{Err: err, Hint: "does the sandbox run? holdfast dev --data " + dir}
			return nil, errors.Join(err, g.close())
		}
	}
	return g, nil
}

// start runs a sandbox and waits for its first purchase.
func (g *Ground) start(ctx context.Context, executable string) (dir string, err error) {
	if g.dir, err = os.MkdirTemp("", "holdfast-drill-"); err != nil {
		return "", err
	}
	dir = filepath.Join(g.dir, "data")
	g.say("three nodes in %s", dir)
	g.own = exec.Command(executable, "dev", "--nodes", "3", "--data", dir, "--addr", "127.0.0.1:0", "--json")
	g.own.Env = append(os.Environ(), "LC_ALL=C")
	var said tail
	g.own.Stderr, g.own.SysProcAttr = &said, dev.ChildAttributes()
	out, err := g.own.StdoutPipe()
	if err != nil {
		g.own = nil
		return "", errors.Join(err, os.RemoveAll(g.dir))
	}
	g.ended = make(chan struct{})
	bought, started := make(chan bool, 1), make(chan error, 1)
	go func() {
		defer close(g.ended)
		runtime.LockOSThread() // the kernel ends the sandbox with the thread that started it
		err := g.own.Start()
		if started <- err; err != nil {
			return
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		bought <- err == nil && strings.Contains(line, `"trade_state":"SUCCESS"`)
		_, _ = io.Copy(io.Discard, out) // until it has ended
		_ = g.own.Wait()
	}()
	if err := <-started; err != nil {
		g.own = nil
		return "", errors.Join(err, os.RemoveAll(g.dir))
	}
	select {
	case ok := <-bought:
		if !ok {
			return "", fmt.Errorf("the sandbox ended before it had sold anything:\n%s", said.String())
		}
		return dir, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-4000):]
	return len(b), nil
}

// String is the end.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// close ends the sandbox that the drill runs, and removes its folder.
func (g *Ground) close() error {
	if g.own == nil {
		return nil
	}
	err := g.own.Process.Signal(syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-g.ended
	return errors.Join(err, os.RemoveAll(g.dir))
}

// kill ends a node's process as a power cut would. The sandbox starts it again.
func (g *Ground) kill(n dev.Node) (pid int, err error) {
	if pid = process(n); pid == 0 {
		return 0, fmt.Errorf("kill %s: %s names no process", n.Name, n.PIDFile)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return 0, fmt.Errorf("kill %s: %w", n.Name, err)
	}
	g.say("killed %s", n.Name)
	return pid, nil
}

// process is the number of a node's process; 0 while there is none.
func process(n dev.Node) int {
	text, err := os.ReadFile(n.PIDFile)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 1 {
		return 0
	}
	return pid
}

// awaitReady waits until a node takes payments again.
func (g *Ground) awaitReady(ctx context.Context, n dev.Node) error {
	return g.until(ctx, readyWithin, n.Name+" to be ready", func() bool {
		a, err := g.web.Get(n.Admin + "/readyz")
		if err != nil {
			return false
		}
		defer a.Body.Close()
		return a.StatusCode == http.StatusOK
	})
}

// until waits for a condition.
func (g *Ground) until(ctx context.Context, limit time.Duration, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("waited %s for %s", limit, what))
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(poll):
		}
	}
	return nil
}

// killed runs an act while a node is killed under it, and waits until that one is back.
// It returns how long the act took.
func (g *Ground) killed(ctx context.Context, n dev.Node, act func() error) (time.Duration, error) {
	done := make(chan error, 1)
	began := time.Now()
	go func() { done <- act() }()
	pid, kerr := g.kill(n)
	err := <-done
	took := time.Since(began)
	return took, errors.Join(err, kerr, g.awaitBack(ctx, n, pid))
}

// awaitBack waits until a node that was killed is another process, and ready.
func (g *Ground) awaitBack(ctx context.Context, n dev.Node, was int) error {
	if err := g.until(ctx, readyWithin, n.Name+" to be started again", func() bool { pid := process(n); return pid != 0 && pid != was }); err != nil {
		return err
	}
	return g.awaitReady(ctx, n)
}
