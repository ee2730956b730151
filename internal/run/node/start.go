package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/receipt"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/run/config"
	"github.com/holdfast-pay/holdfast/internal/run/listen"
)

// step is one part of a node: what to call it, why it comes where it does.
type step struct {
	name string
	why  string
	do   func(*Node, context.Context) error
	// reads: what fails here is mostly what is in the data folder.
	reads bool
}

// startOrder is the order in which a node is put together.
var startOrder = []step{
	{"data folder", "a folder that lacks a part is refused before anything is made in it", (*Node).startFolder, true},
	{"disk guard", "the stores must not write to a disk that is nearly full", (*Node).startSpace, false},
	{"credentials", "a node of a cluster that has no log, or no longer, asks its peers to let it in; they give it the keys", (*Node).startCredentials, false},
	{"keystore", "it opens the published checkpoint, and every listener needs its certificates or tokens", (*Node).startKeys, true},
	{"administration", "health and the reason for a slow start are told while the log is replayed", (*Node).startAdmin, false},
	{"snapshot", "a state that was fetched is put into place before any store is open", (*Node).startSnapshot, false},
	{"state store", "the log may be cut and replayed only from what the state has on disk", (*Node).startStore, true},
	{"admin address", "the store's lock says that the folder is ours: now operators may be led here", (*Node).startAddress, false},
	{"raft log", "it must reach as far as the state, the acknowledged index and the checkpoint say", (*Node).startLog, true},
	{"peers", "a node proves to its peers that its disk is no old copy before it takes part", (*Node).startPeers, false},
	{"replica", "it replays what the state lacks; from here on commands are taken", (*Node).startReplica, true},
	{"first command", "a new log begins with what the journal is called", (*Node).startGenesis, false},
	{"checkpoints", "the replayed journal must extend what was published", (*Node).startCheckpoints, true},
	{"housekeeping", "due work and the log's length, once the state is known to be whole", (*Node).startChores, false},
	{"scrubber", "damage is looked for as long as the node runs", (*Node).startScrub, false},
	{"views", "they follow the journal and nothing waits for them", (*Node).startViews, false},
	{"admin service", "operators before merchants", (*Node).startAdminService, false},
	{"inner service", "the courier before the first payment, so that no notice waits", (*Node).startInner, false},
	{"merchant API", "last: whoever reaches it finds everything behind it at work", (*Node).startMerchantAPI, false},
}

func (n *Node) path(part string) string { return filepath.Join(n.dir, part) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// startFolder makes a fresh data folder or checks that none of its parts is
// missing.
func (n *Node) startFolder(context.Context) error {
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return err
	}
	keys, raft, state := keystore.Exists(n.dir), exists(n.path("log")), exists(n.path("state"))
	switch {
	case state && !raft:
		return n.startedBefore()
	case raft && !keys:
		return &Damaged{n.path("keys"), "the keystore is missing while the log is there; put it back from a copy"}
	}
	return nil
}

// startedBefore refuses a folder with a state and no log, unless its very first
// start ended before there was one: a state is given an identity only after the
// log has one.
func (n *Node) startedBefore() error {
	s, err := store.Open(n.path("state"), store.Options{Fatal: n.fatal, Logger: n.log, ReadOnly: true})
	if errors.Is(err, store.ErrEmpty) {
		return nil
	}
	if err != nil {
		return err
	}
	id, err := s.Identity()
	if err = errors.Join(err, s.Abandon()); err != nil || id.IsZero() {
		return err
	}
	return &Damaged{n.path("log"), "the log's folder is missing while the state is there; put it back from a copy"}
}

// Damaged is a data folder that is not whole.
type Damaged struct{ Path, Text string }

func (d *Damaged) Error() string { return d.Path + ": " + d.Text }

func (n *Node) startSpace(context.Context) error {
	if limit := listen.Limit(); limit < listen.Enough {
		n.log.Warn("few file descriptors: with data and load the node needs more; raise `ulimit -n` or LimitNOFILE", "limit", limit, "enough", listen.Enough)
	}
	percent := uint64(n.cfg.Disk.MinFreePercent)
	if percent == 0 {
		percent = diskguard.None
	}
	space, err := diskguard.NewSpace(nil, n.dir, diskguard.SpaceOptions{
		MinFree: max(uint64(n.cfg.Disk.MinFree), 1), MinPercent: percent, Logger: n.log})
	if err != nil {
		return err
	}
	n.space = space
	n.spawn("disk guard", space.Watch)
	return nil
}

// Init makes the data folder and its keystore. It answers keystore.ErrExists
// rather than replace one.
func Init(cfg *config.Config) (*keystore.Store, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, err
	}
	return keystore.Create(cfg.Data, keystore.Options{MasterKey: cfg.Keys.MasterFile, LogName: cfg.LogName})
}

func (n *Node) startKeys(context.Context) (err error) {
	if keystore.Exists(n.dir) {
		if n.keys, err = keystore.Open(n.dir, keystore.Options{MasterKey: n.cfg.Keys.MasterFile}); err != nil {
			return err
		}
		if name := n.keys.LogName(); name != n.cfg.LogName {
			n.log.Warn("log_name is fixed when the folder is made; the configuration's is not used", "log_name", name, "configured", n.cfg.LogName)
		}
		n.keys.OnChange(n.giveKeys)
		return nil
	}
	n.log.Info("new data folder: making its keys", "dir", n.dir, "log_name", n.cfg.LogName)
	n.keys, err = Init(n.cfg)
	return err
}

func (n *Node) startStore(context.Context) error {
	s, err := store.Open(n.path("state"), store.Options{Fatal: n.fatal, Damaged: n.met, Logger: n.log, CacheBytes: int64(n.cfg.Disk.Cache)})
	if err != nil {
		return err
	}
	n.store = s
	n.onClose("state store", func() error {
		if broken := (*machine.Broken)(nil); errors.As(context.Cause(n.ctx), &broken) {
			return s.Abandon() // the next start replays from what is known to be good
		}
		return s.Close()
	})
	return nil
}

// fatal ends the process at once: after a fault of the disk nothing may be
// flushed or closed.
func (n *Node) fatal(err error) {
	if n.opt.Fatal != nil {
		n.opt.Fatal(err)
		return
	}
	diskguard.Exit(err)
}

// startLog applies the start-up rules and opens the raft log. The rules are
// applied to a log opened for looking first: opening it for writing rewrites
// files, and a folder that is refused must be whole again as soon as the damaged
// file is put back.
func (n *Node) startLog(context.Context) error {
	if err := n.openPublished(); err != nil {
		return err
	}
	if exists(n.path("log")) {
		if err := n.lookAtLog(); err != nil {
			return err
		}
	}
	l, err := n.openLog(false)
	if err != nil {
		return err
	}
	n.raftLog = l
	n.onClose("raft log", l.Close)
	if err := n.checkLog(l); err != nil {
		return err
	}
	return n.store.SetIdentity(l.Identity())
}

// lookAtLog checks a log without changing anything. A folder that never held one
// is as good as none, as long as nothing says that there was one.
func (n *Node) lookAtLog() error {
	look, err := n.openLog(true)
	if errors.Is(err, raftlog.ErrEmpty) {
		known, ierr := n.store.Identity()
		if _, published := n.publisher.Latest(); ierr == nil && known.IsZero() && !published {
			return nil
		}
		return &Damaged{n.path("log"), "the log's files are missing while the state is there; put them back from a copy"}
	}
	if err != nil {
		return err
	}
	return errors.Join(n.checkLog(look), look.Close())
}

func (n *Node) openLog(readOnly bool) (*raftlog.Log, error) {
	return raftlog.Open(n.path("log"), raftlog.Options{Fatal: n.fatal, Logger: n.log, ReadOnly: readOnly,
		Identity: n.identity(), Snapshot: n.offer.Snapshot,
		KeepBytes: uint64(n.cfg.Disk.KeepLog), KeepFor: n.cfg.Disk.KeepLogFor.Std()})
}

// checkLog refuses a log that belongs to another state, or that does not reach
// as far as the state, the acknowledged index and the checkpoint say.
func (n *Node) checkLog(l *raftlog.Log) error {
	known, err := n.store.Identity()
	if err != nil {
		return err
	}
	if !known.IsZero() && known != l.Identity() {
		return &Damaged{n.dir, fmt.Sprintf("state and log come from two data folders (%s; %s); put the right one back", known, l.Identity())}
	}
	facts := raftlog.StartFacts{}
	head, ok, err := n.store.DurableHead()
	if err != nil {
		return err
	}
	if ok {
		facts.DurableApplied, facts.DurableAppliedTerm = head.AppliedIndex, head.AppliedTerm
	}
	if cp, ok := n.publisher.Latest(); ok {
		facts.CheckpointIndex = cp.Index
	}
	return l.CheckStart(facts)
}

// openPublished reads the checkpoint published last.
func (n *Node) openPublished() error {
	verifier, err := journal.ParseVerifier(n.keys.CheckpointVerifier())
	if err != nil {
		return err
	}
	n.prover = journal.NewProver()
	n.publisher, err = journal.OpenPublisher(n.dir, n.keys.CheckpointSigner(), verifier, n.prover)
	n.checkpoints = newCheckpoints(n.publisher, n.cfg.Journal.CheckpointInterval.Std(), n.log)
	return err
}

func (n *Node) startReplica(ctx context.Context) error {
	stops, err := Stops(n.dir)
	if err != nil {
		return err
	}
	quarantine, err := ReadQuarantine(n.dir)
	if err != nil {
		return err
	}
	opt := replica.Options{
		Identity: n.raftLog.Identity(), Log: n.raftLog, Backend: n.store, Bootstrap: n.self(), Version: n.opt.Version,
		Agreed: n.checkpoints.agreedOn, Health: n.health, Damaged: n.noticed,
		Machine: machine.Options{Quarantined: quarantine.Has}, SpaceLow: n.space.Low,
		Stopped: n.stop, Observe: n.observed.frame, Logger: n.log,
	}
	if s, ok := blocked(stops, quarantine); ok {
		n.blocked, opt.ReadOnlyFrom = &s, s.Index
		n.log.Error("starting read-only", "why", n.readOnly())
	}
	if g := n.group; g != nil {
		opt.Peers, opt.Behind = links{n}, n.behind
		if g.own.Node().ClusterID != 0 {
			opt.Bootstrap = nil // only who is of no cluster yet may found one
		}
		if g.joined != nil {
			opt.Bootstrap, opt.Known = nil, g.joined.Members
		}
	}
	if n.replica, err = replica.Open(opt); err != nil {
		return err
	}
	n.running.Store(n.replica)
	n.onClose("replica", func() error { n.running.Store(nil); return n.replica.Close() })
	if err := n.settle(); err != nil {
		return err
	}
	return n.replica.Ready(ctx)
}

// startGenesis begins a new log, and refuses a folder of the other kind.
func (n *Node) startGenesis(ctx context.Context) error {
	p := n.replica.Position()
	if p.Level == 0 && n.blocked == nil && n.replica.Leads() {
		genesis := &pb.Genesis{LogName: n.keys.LogName(), Level: cmp.Or(n.opt.level, machine.MaxLevel), Sandbox: n.cfg.Sandbox, CutoffOffsetS: stamp.Business}
		_, out, err := machine.Genesis.Do(ctx, n.replica, "node/start", "", genesis)
		switch {
		case err != nil:
			return err
		case out != code.OK:
			return out.Err()
		}
		p = n.replica.Position()
	}
	switch {
	case p.LogName != n.keys.LogName():
		return &Damaged{n.dir, fmt.Sprintf("the log is of journal %q, the keystore of %q; put the right one back", p.LogName, n.keys.LogName())}
	case p.Sandbox && !n.cfg.Sandbox:
		return fmt.Errorf("%s is a sandbox, made by `holdfast dev`: its money is not real; name another data folder", n.dir)
	case !p.Sandbox && n.cfg.Sandbox:
		return fmt.Errorf("%s is not a sandbox: its money may be real; name another data folder", n.dir)
	}
	return n.introduce(ctx)
}

func (n *Node) startCheckpoints(ctx context.Context) error {
	n.checkpoints.core = n.replica
	if err := n.checkpoints.check(ctx); err != nil {
		return err
	}
	n.receipts = receipt.NewDesk(n.replica, n.checkpoints, n.prover)
	n.spawn("agreement", n.checkpoints.ask)
	n.spawn("checkpoints", func(ctx context.Context) {
		if err := n.checkpoints.Run(ctx); err != nil {
			n.stop(err)
		}
	})
	return nil
}

func (n *Node) startChores(context.Context) error {
	c := &chores{replica: n.replica, store: n.store, log: n.raftLog, every: 5 * time.Second, flushEvery: time.Minute, logger: n.log}
	if n.group != nil {
		c.needed = n.group.keeper.Needs
		n.spawn("keys", n.fetchKeys)
		n.spawn("certificate", n.renew)
	}
	if !n.keysAtLevel() {
		n.spawn("keystore layout", n.watchLevel)
	}
	n.spawn("log retention", func(ctx context.Context) {
		if err := c.Run(ctx); err != nil {
			n.stop(err)
		}
	})
	if n.blocked == nil {
		n.spawn("ticker", replica.NewTicker(n.replica).Run)
	}
	return nil
}

func (n *Node) startViews(context.Context) error {
	v, err := view.Open(n.path("views"), view.Options{Kinds: machine.Rules().Kinds(), Fatal: n.fatal, Logger: n.log})
	if err != nil {
		return err
	}
	n.views = v
	n.onClose("views", v.Close)
	n.spawn("view builder", func(ctx context.Context) {
		if err := v.Run(ctx, n.replica); err != nil {
			n.log.Error("views ended", "err", err)
		}
	})
	return nil
}

// sandboxHandler is what dev serves under /sandbox/, nil outside a sandbox.
func (n *Node) sandboxHandler() http.Handler {
	if n.opt.Sandbox == nil || !n.replica.Position().Sandbox {
		return nil
	}
	return n.opt.Sandbox(n)
}
