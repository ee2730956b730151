// Package node assembles and runs one node: the only place where its parts are
// put together. assemble.go lists the parts in start order with the reason for
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
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/receipt"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
)

// Options are what a node is made of besides its configuration.
type Options struct {
	Config *Config
	// Version is the binary's, for status and metrics.
	Version string
	// Log is nil for slog.Default().
	Log *slog.Logger
	// LogDropped counts lines that the log lacks; nil when none can be.
	LogDropped func() uint64
	// Fatal is told of a fault of the disk and should not return; nil is
	// diskguard.Exit, which ends the process.
	Fatal func(error)
	// Codes is where a sandbox shows one-time codes; nil is standard error.
	Codes io.Writer
	// Sandbox, in a sandbox, serves /sandbox/ on the merchant API's address. It
	// is called once everything it may ask the node for is there.
	Sandbox func(*Node) http.Handler

	level uint32 // that a new log begins at; 0 is the highest. For tests of raising it
	// stopWithin bounds the stop; 0 is the constant. For tests of one that is held up.
	stopWithin time.Duration
	past       *past // what the nodes opened before this one did to help themselves
}

// Node is one assembled node.
type Node struct{ *shared }

// Addresses are where a running node answers, ports resolved.
type Addresses struct {
	// MerchantAPI, WalletAPI (empty: none) and Admin are URLs, Inner is HOST:PORT.
	MerchantAPI string `json:"merchant_api"`
	WalletAPI   string `json:"wallet_api,omitempty"`
	Cashier     string `json:"cashier"`
	Admin       string `json:"admin"`
	Inner       string `json:"inner"`

	wallets string // where browsers find wallets, "" for nowhere that they could be sent to
}

// Open assembles a node and returns when it is ready, or read-only. When a part
// can't start, those before it are closed again. ctx ends the attempt; it does
// not end the node.
func Open(ctx context.Context, opt Options) (*Node, error) {
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	n := &Node{shared: newShared(opt)}
	if opt.Sandbox != nil {
		n.developers = func() http.Handler { return opt.Sandbox(n) }
	}
	places := assemble(n.shared, opt.Config)
	for _, p := range places {
		n.registry.MustRegister(p.part.Metrics()...)
	}
	for _, p := range places {
		n.phase.Store(&p.name)
		n.started = append(n.started, p.part)
		err := p.part.Start(ctx)
		if stopped := context.Cause(n.ctx); stopped != nil {
			err = stopped
		}
		if err == nil {
			continue
		}
		n.cancel(err)
		var held *HeldError
		if cerr := n.close(); errors.As(cerr, &held) {
			held.Cause = err
			return nil, held
		} else if cerr != nil {
			n.log.Warn("closing after a failed start", "err", cerr)
		}
		return nil, &StartError{Step: p.name, Err: err, InUse: inUse(err), Damage: p.reads && !inUse(err) && !outdated(err) && ctx.Err() == nil}
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
// returns nil after an orderly stop, else why the node stopped.
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
	var held *HeldError
	if errors.As(err, &held) {
		held.Cause = cause
		return held
	}
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

// close undoes the start in reverse. When that is held up for too long, the rest
// stays open, and the error is a *HeldError.
func (n *Node) close() error {
	n.ready.Store(false)
	within := n.opt.stopWithin
	if within == 0 {
		within = stopWithin
	}
	ended := make(chan error, 1)
	go func() { ended <- n.closeParts() }()
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case err := <-ended:
		return err
	case <-late.C:
	}
	held := &HeldError{Part: *n.closing.Load(), ended: ended}
	for _, q := range n.underWay {
		held.Requests = append(held.Requests, q.list()...)
	}
	n.log.Error("the stop is held up: what is open stays open and the process is to end, which loses as little as a kill",
		"part", held.Part, "requests", held.Requests, "after", within)
	return held
}

// closeParts closes the parts in reverse, also when an earlier one failed to.
func (n *Node) closeParts() error {
	var errs []error
	for _, p := range slices.Backward(n.started) {
		errs = append(errs, p.Close())
	}
	n.started = nil
	what := "work in the background"
	n.closing.Store(&what)
	n.work.Wait()
	return errors.Join(errs...)
}

// Replica is where commands go and reads come from.
func (n *Node) Replica() *replica.Replica { return n.replica }

// Keys is the keystore.
func (n *Node) Keys() *keystore.Store { return n.keys }

// People seals and opens personal details.
func (n *Node) People() *personal.Sealer { return n.people }

// Receipts hands out receipts.
func (n *Node) Receipts() *receipt.Issuer { return n.journal.receipts }

// Views are the read models.
func (n *Node) Views() *view.Views { return n.views }

// Addresses are where the node answers.
func (n *Node) Addresses() Addresses { return n.addresses }

// Reload reads keys, certificates and tokens again, as on SIGHUP. What can't be
// read stays as it was; everything is tried.
func (n *Node) Reload() error {
	errs := []error{n.keys.Reload(), n.tokens.Reload()}
	for _, c := range n.doors.certs {
		errs = append(errs, c.reload())
	}
	if err := errors.Join(errs...); err != nil {
		n.log.Error("reload failed; what could not be read stays as it was", "err", err)
		return err
	}
	n.log.Info("keys, certificates and tokens reloaded", "keystore_generation", n.keys.Generation())
	return nil
}

// openListener opens a listener for a part.
func openListener(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w; is another process using %s?", err, address)
	}
	return l, nil
}
