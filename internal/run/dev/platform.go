package dev

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// startWithin bounds how long the node may take to take payments.
const startWithin = 30 * time.Second

// platform is the pair of child processes.
type platform struct {
	folder        *folder
	node, courier *child
	nodeReady     chan struct{}
}

// newLogName names the journal of a new sandbox. It is different for each one:
// notices' ids derive from it, and a merchant's code that remembers ids must not
// take a new sandbox's notices for repeats of an old one's.
func newLogName() string {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	return "sandbox-" + hex.EncodeToString(random[:]) + ".holdfast.local/journal"
}

// startPlatform starts the node and begins to supervise it. The courier comes
// when the node is ready: it needs the keystore that the node makes.
func startPlatform(f *folder, a addresses, opt *Options, story *story) (*platform, error) {
	p := &platform{folder: f, nodeReady: make(chan struct{}, 1)}
	args := []string{"dev", "node", "--config", f.path("node.toml")}
	if !onlyThisMachine(a.Platform) {
		args = append(args, "--listen", a.Platform)
	}
	p.node = &child{name: "node", executable: opt.Executable, args: args, logPath: f.path("logs", "node.log"),
		said: func(line string) {
			if readReady(line) {
				select {
				case p.nodeReady <- struct{}{}:
				default:
				}
			}
		}, died: story.died("node", f.path("logs", "node.log"))}
	p.courier = &child{name: "courier", executable: opt.Executable, args: courierArgs(f, a), logPath: f.path("logs", "courier.log"),
		died: story.died("courier", f.path("logs", "courier.log"))}
	return p, p.node.start()
}

// courierArgs let notices go to this machine and to private networks, where a
// developer's own server is.
func courierArgs(f *folder, a addresses) []string {
	return []string{"courier", "--data", f.dir, "--node", a.Inner, "--allow", "127.0.0.0/8", "--allow", "::1/128",
		"--allow", "10.0.0.0/8", "--allow", "172.16.0.0/12", "--allow", "192.168.0.0/16", "--allow", "fc00::/7"}
}

// wait waits until the node takes payments and starts the courier.
func (p *platform) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startWithin, errors.New("it took too long"))
	defer cancel()
	select {
	case <-p.nodeReady:
		return p.courier.start()
	case err := <-p.node.ended:
		return p.nodeFailure("the node ended before it was ready", err)
	case <-ctx.Done():
		return p.nodeFailure("the node is not ready", context.Cause(ctx))
	}
}

// nodeFailure explains with the node's own last words why it isn't there.
func (p *platform) nodeFailure(what string, why error) error {
	path := p.folder.path("logs", "node.log")
	said, hint := lastWords(path, p.node.logFrom)
	if hint == "" {
		hint = "the whole log is " + path
	} else {
		hint += "; the whole log is " + path
	}
	f := &Failure{Err: fmt.Errorf("%s (%w): %s", what, why, said), Hint: hint}
	var exit *exec.ExitError
	if errors.As(why, &exit) {
		f.Exit = exit.ExitCode()
	}
	return f
}

// stop ends the children, the courier first so that it can report what it sent.
func (p *platform) stop() {
	p.courier.stop()
	p.node.stop()
}
