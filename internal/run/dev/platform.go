package dev

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// startWithin bounds how long the nodes may take to take payments.
const startWithin = 30 * time.Second

// platform is the child processes: a node or several, a courier or two.
type platform struct {
	folder   *folder
	opt      *Options
	story    *story
	nodes    []*station
	couriers []*child
	mail     *mail
}

// station is a node's process.
type station struct {
	place
	child *child
	ready chan struct{} // takes a token when the node says that it is ready
}

// newLogName names the journal of a new sandbox. It is different for each one:
// notices' ids derive from it, and a merchant's code that remembers ids must not
// take a new sandbox's notices for repeats of an old one's.
func newLogName() string {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	return "sandbox-" + hex.EncodeToString(random[:]) + sandboxLog
}

// newPlatform describes the processes; nothing is started yet.
func newPlatform(f *folder, a addresses, opt *Options, story *story) *platform {
	p := &platform{folder: f, opt: opt, story: story}
	p.mail = &mail{others: p.show}
	for _, at := range f.places(a) {
		p.nodes = append(p.nodes, p.station(at, a))
	}
	if !f.several() {
		p.couriers = []*child{p.courier("courier", f.dir, []string{a.Inner})}
		return p
	}
	for i := range 2 { // the second takes over when the first is killed
		name := fmt.Sprintf("courier-%d", i+1)
		// Each knows all nodes, and begins with another one.
		var inner []string
		for k := range p.nodes {
			inner = append(inner, p.nodes[(i+k)%len(p.nodes)].Inner)
		}
		p.couriers = append(p.couriers, p.courier(name, f.data(p.nodes[i].Name), inner, "--name", name, "--lease", "5s"))
	}
	return p
}

func (p *platform) station(at place, a addresses) *station {
	args := []string{"dev", "node", "--config", p.folder.configFile(at.Name)}
	switch {
	case at.Cluster != "":
		args = append(args, "--base-url", "http://"+reachable(a.Platform))
	case !onlyThisMachine(a.Platform):
		args = append(args, "--listen", a.Platform)
	}
	s := &station{place: at, ready: make(chan struct{}, 1)}
	s.child = p.child(at.Name, args)
	s.child.said = func(line string) {
		if !p.mail.take(line) && readReady(line) {
			select {
			case s.ready <- struct{}{}:
			default:
			}
		}
	}
	return s
}

// Networks are those that a sandbox's notices may go to although they are not
// public: this machine and private networks, where a developer's own server is.
var Networks = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7"),
}

// courier lets notices go to Networks too.
func (p *platform) courier(name, data string, inner []string, more ...string) *child {
	args := []string{"courier", "--data", data, "--node", strings.Join(inner, ",")}
	for _, network := range Networks {
		args = append(args, "--allow", network.String())
	}
	return p.child(name, append(args, more...))
}

func (p *platform) child(name string, args []string) *child {
	log := p.folder.logFile(name)
	return &child{name: name, executable: p.opt.Executable, args: args, logPath: log, pidPath: p.folder.path(name + ".pid"), died: p.story.died(name, log)}
}

// start starts the nodes, and the couriers when those are ready: they need the
// keystore that the first node makes.
func (p *platform) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startWithin, errors.New("it took too long"))
	defer cancel()
	if err := p.startNodes(ctx); err != nil {
		return err
	}
	for _, c := range p.couriers {
		if err := c.start(); err != nil {
			return err
		}
	}
	return nil
}

func (p *platform) startNodes(ctx context.Context) error {
	if p.folder.several() {
		return p.startCluster(ctx)
	}
	if err := p.folder.nodeConfig(p.nodes[0].place, nil); err != nil {
		return err
	}
	return p.begin(ctx, p.nodes)
}

// show shows a one-time code to whoever tries the sandbox, who has no such phone, and
// leaves it in a file for their programs.
func (p *platform) show(line string) {
	p.story.line("%s", line)
	f, err := os.OpenFile(p.folder.path(codesFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, line)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		p.story.line("%v", err)
	}
}

// begin starts nodes together and waits until each takes payments.
func (p *platform) begin(ctx context.Context, nodes []*station) error {
	for _, s := range nodes {
		if err := s.child.start(); err != nil {
			return err
		}
	}
	for _, s := range nodes {
		if err := p.wait(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (p *platform) wait(ctx context.Context, s *station) error {
	select {
	case <-s.ready:
		return nil
	case err := <-s.child.ended:
		return p.nodeFailure(s, "ended before it was ready", err)
	case <-ctx.Done():
		return p.nodeFailure(s, "is not ready", context.Cause(ctx))
	}
}

// nodeFailure explains with the node's own last words why it isn't there.
func (p *platform) nodeFailure(s *station, what string, why error) error {
	said, hint := lastWords(s.child.logPath, s.child.logFrom)
	if hint == "" {
		hint = "the whole log is " + s.child.logPath
	} else {
		hint += "; the whole log is " + s.child.logPath
	}
	who := "the node"
	if p.folder.several() {
		who = "node " + s.Name
	}
	f := &Failure{Err: fmt.Errorf("%s %s (%w): %s", who, what, why, said), Hint: hint}
	var exit *exec.ExitError
	if errors.As(why, &exit) {
		f.Exit = exit.ExitCode()
	}
	return f
}

// stop ends the children, the couriers first so that they can report what they
// sent.
func (p *platform) stop() {
	together(p.couriers)
	var nodes []*child
	for _, s := range p.nodes {
		nodes = append(nodes, s.child)
	}
	together(nodes)
}

func together(children []*child) {
	var all sync.WaitGroup
	for _, c := range children {
		all.Go(c.stop)
	}
	all.Wait()
}
