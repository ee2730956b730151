// Package node assembles and runs one node: the only place where its parts are
// put together. start.go lists the parts in start order with the reason for
// each place; they are closed in reverse. Health answers from the fourth part
// on, long before the node is ready.
//
// A node that broke an invariant stops before anything is written and notes
// where (stops.go). Stopped twice by the same command, it starts read-only: it
// answers queries, refuses writes, and says why wherever it is asked.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/receipt"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// Options are what a node is made of besides its configuration.
type Options struct {
	Config *config.Config
	// Version is the binary's, for status and metrics.
	Version string
	// Log is nil for slog.Default().
	Log *slog.Logger
	// LogDropped counts lines that the log lacks; nil when none can be.
	LogDropped func() uint64
	// Fatal is told of a fault of the disk and should not return; nil is
	// diskguard.Exit, which ends the process.
	Fatal func(error)
	// Sandbox, in a sandbox, serves /sandbox/ on the merchant API's address. It
	// is called once everything it may ask the node for is there.
	Sandbox func(*Node) http.Handler

	level uint32 // that a new log begins at; 0 is the highest. For tests of raising it
	past  *past  // what the nodes opened before this one did to help themselves
}

// Node is one assembled node.
type Node struct {
	opt Options
	cfg *config.Config
	log *slog.Logger
	dir string

	ctx    context.Context
	cancel context.CancelCauseFunc
	work   sync.WaitGroup
	phase  atomic.Pointer[string]
	ready  atomic.Bool

	space       *diskguard.Space
	keys        *keystore.Store
	tokens      *admin.Tokens
	certs       []*certificate
	registry    *prometheus.Registry
	observed    *observed
	parts       sync.RWMutex // held for reading by who uses parts from the admin address
	admin       *admin.Server
	store       *store.Store
	raftLog     *raftlog.Log
	publisher   *journal.Publisher
	prover      *journal.Prover
	blocked     *Stop
	replica     *replica.Replica
	checkpoints *checkpoints
	views       *view.Views
	receipts    *receipt.Desk
	addresses   Addresses
	doors       *doors

	scrubber  *scrub.Scrubber
	scrubbing atomic.Pointer[scrub.Scrubber]  // the scrubber, for who may ask before it is there
	offer     snapshot.Offer                  // of copies to raft
	group     *group                          // nil without peers
	running   atomic.Pointer[replica.Replica] // the replica, once it can take messages
	shown     atomic.Pointer[Addresses]       // addresses, once all are open
	// adminHandler answers here what adminAddress may pass on to the leader.
	adminHandler http.Handler

	closers []closer
}

// Addresses are where a running node answers, ports resolved.
type Addresses struct {
	// MerchantAPI and Admin are URLs, Inner is HOST:PORT.
	MerchantAPI string `json:"merchant_api"`
	Cashier     string `json:"cashier"`
	Admin       string `json:"admin"`
	Inner       string `json:"inner"`
}

// closer undoes one step of the start.
type closer struct {
	name string
	do   func() error
}

// Open assembles a node and returns when it is ready, or read-only. When a part
// can't start, those before it are closed again. ctx ends the attempt; it does
// not end the node.
func Open(ctx context.Context, opt Options) (*Node, error) {
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	n := &Node{opt: opt, cfg: opt.Config, log: opt.Log, dir: opt.Config.Data, doors: newDoors()}
	n.ctx, n.cancel = context.WithCancelCause(context.Background())
	for _, s := range startOrder {
		n.phase.Store(&s.name)
		err := s.do(n, ctx)
		if stopped := context.Cause(n.ctx); stopped != nil {
			err = stopped
		}
		if err == nil {
			continue
		}
		n.cancel(err)
		if cerr := n.close(); cerr != nil {
			n.log.Warn("closing after a failed start", "err", cerr)
		}
		return nil, &StartError{Step: s.name, Err: err, InUse: inUse(err), Damage: s.reads && !inUse(err) && !outdated(err) && ctx.Err() == nil}
	}
	n.log.Info("ready", "merchant_api", n.addresses.MerchantAPI, "admin", n.addresses.Admin, "inner", n.addresses.Inner,
		"applied", n.replica.Applied(), "read_only", n.readOnly() != "")
	return n, nil
}

// StartError says which part of a node did not start.
type StartError struct {
	Step string
	Err  error
	// InUse: another process has the data folder open.
	InUse bool
	// Damage: what is in the data folder is damaged or not whole.
	Damage bool
}

// inUse recognises the stores' locks, held by this process or another.
func inUse(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || strings.Contains(err.Error(), "lock held by current process")
}

// outdated recognises a folder that only a newer binary understands.
func outdated(err error) bool {
	var o *machine.Outdated
	return errors.As(err, &o)
}

func (e *StartError) Error() string { return fmt.Sprintf("start %s: %v", e.Step, e.Err) }

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

// Run waits until ctx ends or the node stops by itself, then closes it. It
// answers nil after an orderly stop, else why the node stopped.
func (n *Node) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		n.log.Info("stopping")
		n.handOver()
		n.cancel(errStopped)
	case <-n.ctx.Done():
	}
	cause := context.Cause(n.ctx)
	err := n.close()
	if errors.Is(cause, errStopped) {
		return err
	}
	return cause
}

// handOver moves the lead to another node before this one stops, while it still
// answers: nobody notices a planned stop.
func (n *Node) handOver() {
	n.ready.Store(false)
	if !n.replica.Leads() || n.replica.Status().Alone {
		return
	}
	ctx, cancel := context.WithTimeout(n.ctx, 3*time.Second)
	defer cancel()
	if err := n.replica.Transfer(ctx, 0); err != nil {
		n.log.Warn("the lead could not be handed over; the others elect a new leader", "err", err)
	}
}

var errStopped = errors.New("the node was asked to stop")

// close undoes the start in reverse. Parts are closed even when an earlier one
// failed to.
func (n *Node) close() error {
	n.ready.Store(false)
	var errs []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		c := n.closers[i]
		began := time.Now()
		if err := c.do(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", c.name, err))
		}
		n.log.Debug("closed", "part", c.name, "took", time.Since(began))
	}
	n.closers = nil
	n.work.Wait()
	return errors.Join(errs...)
}

// onClose adds what undoes a step.
func (n *Node) onClose(name string, do func() error) {
	n.closers = append(n.closers, closer{name, do})
}

// spawn runs f in the background until the part is closed.
func (n *Node) spawn(name string, f func(context.Context)) {
	ctx, cancel := context.WithCancel(n.ctx)
	done := make(chan struct{})
	n.work.Add(1)
	go func() {
		defer n.work.Done()
		defer close(done)
		f(ctx)
	}()
	n.onClose(name, func() error {
		cancel()
		<-done
		return nil
	})
}

// stop ends the node because of err. A broken invariant is noted first, so that
// the next start knows; that this binary is too old is not, since another one may
// be started next, and the command must never be quarantined.
func (n *Node) stop(err error) {
	var broken *machine.Broken
	var old *machine.Outdated
	var damage *table.Damage
	if errors.Is(err, errReopen) {
		n.log.Info("the node stops serving for a moment", "why", err)
	} else if errors.As(err, &damage) && n.group != nil {
		n.log.Error("the state is damaged: the node stops and fetches it from a peer", "err", err)
	} else if errors.As(err, &old) {
		n.log.Error("this binary is too old for the log: the node stops before anything is written", "err", err, "next", old.Start(), "version", n.opt.Version)
	} else if errors.As(err, &broken) {
		n.log.Error("broken invariant: the node stops before anything is written", "index", broken.Index, "position", broken.Position,
			"command", broken.Number.String(), "assertion", broken.Assertion, "stack", string(broken.Stack))
		if rerr := recordStop(n.dir, broken, time.Now()); rerr != nil {
			n.log.Error("the stop could not be recorded", "err", rerr)
		}
	} else {
		n.log.Error("the node stops", "err", err)
	}
	n.cancel(err)
}

// Replica is where commands go and reads come from.
func (n *Node) Replica() *replica.Replica { return n.replica }

// Keys is the keystore.
func (n *Node) Keys() *keystore.Store { return n.keys }

// Receipts hands out receipts.
func (n *Node) Receipts() *receipt.Desk { return n.receipts }

// Views are the read models.
func (n *Node) Views() *view.Views { return n.views }

// Addresses are where the node answers.
func (n *Node) Addresses() Addresses { return n.addresses }

// Reload reads keys, certificates and tokens again, as on SIGHUP. What can't be
// read stays as it was; everything is tried.
func (n *Node) Reload() error {
	errs := []error{n.keys.Reload(), n.tokens.Reload()}
	for _, c := range n.certs {
		errs = append(errs, c.reload())
	}
	if err := errors.Join(errs...); err != nil {
		n.log.Error("reload failed; what could not be read stays as it was", "err", err)
		return err
	}
	n.log.Info("keys, certificates and tokens reloaded", "keystore_generation", n.keys.Generation())
	return nil
}

// readOnly says why the node takes no writes, "" when it does.
func (n *Node) readOnly() string {
	if b := n.blocked; b != nil {
		return fmt.Sprintf("the command %s (%d) of frame %d stopped the node twice: %s; look into it, then: holdfast quarantine %d",
			b.Command, b.Position, b.Index, b.Assertion, b.Index)
	}
	return ""
}

// notReady says why the node takes no payments, "" when it does.
func (n *Node) notReady() string {
	switch {
	case n.ctx.Err() != nil:
		return "the node is stopping"
	case !n.ready.Load():
		return "starting: " + *n.phase.Load()
	case n.readOnly() != "":
		return "read-only: " + n.readOnly()
	case n.space.Low():
		return "writes are refused: " + n.space.Last().Why
	case n.leaderless():
		return "no leader: this node hears too few of the others"
	}
	return ""
}

// electionTime is for how long a node without a leader stays ready: requests wait
// for the next one. Were all nodes unready at each election, whoever spreads
// requests over them would have nobody left.
const electionTime = 3 * time.Second

func (n *Node) leaderless() bool {
	r := n.running.Load()
	return r != nil && r.Leaderless() > electionTime
}

// noQueries says why the node answers no queries, "" when it does.
func (n *Node) noQueries() string {
	if n.ctx.Err() == nil && n.ready.Load() && !n.leaderless() {
		return ""
	}
	return n.notReady()
}

// openListener opens a listener for a part.
func openListener(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w; is another process using %s?", err, address)
	}
	return l, nil
}
