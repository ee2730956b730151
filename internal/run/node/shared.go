package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/events"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/receipt"
	"github.com/holdfast-pay/holdfast/internal/edge/staff"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
)

// shared is what the parts of a node share: who it is, what it is told, and the
// stores and the replica that nearly all of them work on. A field is set by the
// part that starts it and read by those after it; what may be asked for earlier,
// from the admin address or by a peer, is atomic.
type shared struct {
	opt Options // without the configuration, of which parts are handed what is theirs
	log *slog.Logger
	dir string
	// cluster is this node's place among its peers, which many parts ask about.
	cluster ClusterConfig
	// sandbox: the money is not real.
	sandbox bool

	ctx    context.Context
	cancel context.CancelCauseFunc
	work   sync.WaitGroup
	phase  atomic.Pointer[string]
	// closing is what is being closed; underWay are the requests of each listener.
	closing  atomic.Pointer[string]
	underWay []*requests
	ready    atomic.Bool
	// developers is what dev serves to them, nil outside of it.
	developers func() http.Handler
	// started are the parts that have been, in this order.
	started []Part

	registry  *prometheus.Registry
	inUse     usage
	doors     *doors
	addresses Addresses
	shown     atomic.Pointer[Addresses] // addresses, once all are open

	space *diskguard.Space
	keys  *keystore.Store
	ring  *keyring.Ring
	// lacking is what the last count of the data keys found; nil before one.
	lacking atomic.Pointer[keyCount]
	people  *personal.Sealer
	tokens  *admin.Tokens
	store   *store.Store
	// startedBelow: the state that was found on disk is of before personal details
	// were sealed.
	startedBelow bool
	raftLog      *raftlog.Log
	journal      published
	replica      *replica.Replica
	running      atomic.Pointer[replica.Replica] // the replica, once it can take messages
	blocked      *Stop                           // why the node is read-only, nil when it isn't
	group        *group                          // nil without peers
	offer        snapshot.Offer                  // of copies to raft
	damage       damageReports
	views        *view.Views
	events       *events.Feed
	members      *staff.Server // what staff call about themselves, and who says which of them calls
	gate         *gate.Gate    // before all that merchants, payers and people's devices ask for
	// adminHandler answers here what the admin address may pass on to the leader.
	adminHandler http.Handler
}

// published is what is published of the journal, and what hands it out.
type published struct {
	publisher   *journal.Publisher
	prover      *journal.Prover
	checkpoints *checkpoints
	receipts    *receipt.Issuer
}

func newShared(opt Options) *shared {
	cfg := opt.Config
	opt.Config = nil
	n := &shared{opt: opt, log: opt.Log, dir: cfg.Data, cluster: cfg.Cluster, sandbox: cfg.Sandbox, doors: newDoors(), registry: prometheus.NewRegistry()}
	n.ctx, n.cancel = context.WithCancelCause(context.Background())
	return n
}

// stop ends the node because of err. A broken invariant is noted first, so that
// the next start knows; that this binary is too old is not, since another one may
// be started next, and the command must never be quarantined.
func (n *shared) stop(err error) {
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

// readOnly says why the node takes no writes, "" when it does.
func (n *shared) readOnly() string {
	if b := n.blocked; b != nil {
		return fmt.Sprintf("the command %s (%d) of frame %d stopped the node twice: %s; look into it, then: holdfast quarantine %d",
			b.Command, b.Position, b.Index, b.Assertion, b.Index)
	}
	return ""
}

// notReady says why the node takes no payments, "" when it does.
func (n *shared) notReady() string {
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

func (n *shared) leaderless() bool {
	r := n.running.Load()
	return r != nil && r.Leaderless() > electionTime
}

// electionTime is for how long a node without a leader stays ready: requests wait
// for the next one. Were all nodes unready at each election, whoever spreads
// requests over them would have nobody left.
const electionTime = 3 * time.Second

// noQueries says why the node answers no queries, "" when it does.
func (n *shared) noQueries() string {
	if n.ctx.Err() == nil && n.ready.Load() && !n.leaderless() {
		return ""
	}
	return n.notReady()
}

// usage keeps parts from being closed under who uses them from the admin address.
type usage struct {
	mu   sync.RWMutex
	open bool
}

// begin says whether the parts may be used; then end follows.
func (u *usage) begin() bool {
	u.mu.RLock()
	if u.open {
		return true
	}
	u.mu.RUnlock()
	return false
}

func (u *usage) end() { u.mu.RUnlock() }

// allow opens the parts to users, or waits until all users are gone and closes them.
func (u *usage) allow(open bool) {
	u.mu.Lock()
	u.open = open
	u.mu.Unlock()
}

func (n *shared) path(part string) string { return filepath.Join(n.dir, part) }

// fatal ends the process at once: after a fault of the disk nothing may be
// flushed or closed.
func (n *shared) fatal(err error) {
	if n.opt.Fatal != nil {
		n.opt.Fatal(err)
		return
	}
	diskguard.Exit(err)
}
