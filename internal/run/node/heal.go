package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A node of a cluster helps itself. What it needs for that is decided when it
// stops (remedy), and done when it starts again, before any store is open:
//
//	heal       the state is damaged or not the majority's: fetch it from a peer;
//	           the log and the votes in it stay valid
//	set aside  the log is damaged, lost its end, or the disk is an old copy: what
//	           it acknowledged can't be vouched for; join anew as a learner
const (
	healFile   = "heal"
	asideDir   = "aside"
	fetchPause = 500 * time.Millisecond
)

// errReopen ends a node that is to be opened again at once.
var errReopen = errors.New("the node starts again with what it has fetched")

type remedy int

const (
	noRemedy remedy = iota
	reopen
	heal
	setAside
	setAsideKeys // the keystore too: the peers give it again
	remedies     // how many there are
)

// remedyWords say what a remedy does.
var remedyWords = map[remedy]string{
	reopen: "starting again", heal: "fetching its state from a peer",
	setAside: "setting its log aside and joining anew as a learner", setAsideKeys: "setting its log and its keys aside and joining anew as a learner",
}

// remedyFor says what helps a node that stopped because of err. A broken
// invariant is not damage: the others would break it too. Nor is a log or a state
// that this binary is too old for: what the others have is as new.
func remedyFor(err error) remedy {
	var (
		refused  *member.RefusedError
		diverged *replica.Diverged
		row      *table.Damage
		broken   *machine.Broken
		half     *snapshot.HalfError
		found    *damaged
		start    *StartError
		held     *HeldError
	)
	switch {
	case errors.As(err, &held):
		return noRemedy // this process still has the folder open; the next one helps itself
	case errors.As(err, &found):
		return found.remedy
	case errors.Is(err, errReopen), errors.As(err, &half):
		return reopen
	case outdated(err):
		return noRemedy
	case errors.As(err, &refused):
		if refused.Rejoin() {
			return setAside
		}
		return noRemedy
	case errors.As(err, &diverged), errors.As(err, &row):
		return heal
	case errors.As(err, &broken), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOSPC):
		return noRemedy
	case errors.As(err, &start) && start.Damage:
		return remedyAtStart(start)
	}
	return noRemedy
}

// remedyAtStart goes by the part that did not start.
func remedyAtStart(start *StartError) remedy {
	var entry *raftlog.EntryError
	var log *raftlog.StartError
	switch {
	case errors.As(start, &entry), errors.As(start, &log), start.Step == "data folder", start.Step == "raft log":
		return setAside
	case start.Step == "keystore":
		return setAsideKeys
	case start.Step == "state store", start.Step == "replica", start.Step == "checkpoints":
		return heal
	}
	return noRemedy
}

// prepare writes down what the next start has to do.
func prepare(dir string, r remedy, why error) error {
	switch r {
	case heal:
		return os.WriteFile(filepath.Join(dir, healFile), []byte(why.Error()+"\n"), 0o600)
	case setAside:
		return putAside(dir)
	case setAsideKeys:
		return putAside(dir, "keys", "admin.token")
	}
	return nil
}

// putAside moves all but the keys out of the way, and what else is named, into one
// folder that the next time replaces.
func putAside(dir string, more ...string) error {
	aside := filepath.Join(dir, asideDir)
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	if err := os.Mkdir(aside, 0o700); err != nil {
		return err
	}
	// The log goes first: without it the folder is one whose log is lost.
	for _, part := range append([]string{"log", "state", "views", "checkpoint", "snapshot", "snapshots", "state.old", "scrub", healFile}, more...) {
		err := os.Rename(filepath.Join(dir, part), filepath.Join(aside, part))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// stateCopy puts a state that was fetched from a peer into place.
type stateCopy struct {
	part
	disk DiskConfig
}

// Start fetches the state if it is to be healed, and puts a fetched one
// into place.
func (n *stateCopy) Start(ctx context.Context) error {
	if n.group == nil {
		return nil
	}
	why, err := os.ReadFile(n.path(healFile))
	if err == nil {
		n.log.Warn("the state is fetched anew from a peer", "why", strings.TrimSpace(string(why)))
		if err := n.fetchState(ctx); err != nil {
			return err
		}
		if err := os.Remove(n.path(healFile)); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	m, err := snapshot.Install(n.dir, snapshot.InstallOptions{
		Store:   store.Options{Fatal: n.fatal, Logger: n.log},
		OpenLog: func() (snapshot.Log, error) { return n.openLog(n.disk, false) },
	})
	if m != nil {
		n.log.Info("the state was put into place", "index", m.Index, "from", fmt.Sprintf("%016x", m.From))
	}
	return err
}

// fetchState asks one peer after the other for its state until one gives it. The
// copy must not end before this node's own log begins.
func (n *stateCopy) fetchState(ctx context.Context) error {
	least, err := n.logBegins()
	if err != nil {
		return err
	}
	for {
		for _, address := range n.cluster.peersOf(n.dir) {
			err := n.fetchFrom(ctx, address, least)
			if err == nil || ctx.Err() != nil {
				return err
			}
			n.log.Info("a peer's state could not be fetched yet", "peer", address, "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(fetchPause):
		}
	}
}

func (n *stateCopy) logBegins() (uint64, error) {
	if !exists(n.path("log")) {
		return 0, nil
	}
	l, err := n.openLog(n.disk, true)
	if err != nil {
		return 0, err
	}
	first, err := l.FirstIndex()
	return first - 1, errors.Join(err, l.Close())
}

// copyPatience is how long a peer may take to make a copy before another is asked.
const copyPatience = 2 * time.Minute

func (n *stateCopy) fetchFrom(ctx context.Context, address string, least uint64) error {
	at := n.group.client.At(address)
	until := time.Now().Add(copyPatience)
	for {
		m, err := at.Manifest(ctx, &pb.ManifestRequest{AtLeast: least})
		if err == nil {
			return snapshot.Fetch(ctx, at, m, n.dir, n.fetchOptions(n.disk, true))
		}
		if !errors.Is(err, snapshot.ErrNotYet) || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(fetchPause):
		}
	}
}

func (n *shared) fetchOptions(disk DiskConfig, dropViews bool) snapshot.FetchOptions {
	return snapshot.FetchOptions{Fatal: n.fatal, Logger: n.log, KeepFree: uint64(disk.MinFree), DropViews: dropViews}
}

// behind is told by the replica that its leader has no log for it any more.
func (n *replication) behind(m *pb.SnapshotManifest) {
	if n.group.fetching.Swap(true) {
		return
	}
	n.work.Add(1)
	go func() {
		defer n.work.Done()
		defer n.group.fetching.Store(false)
		n.catchUp(m)
	}()
}

// catchUp fetches a snapshot beside the running replica and starts the node anew.
func (n *replication) catchUp(m *pb.SnapshotManifest) {
	r := n.running.Load()
	r.Fetching(m.Index)
	defer r.Fetching(0)
	n.log.Info("this node is behind what the others' logs hold: it fetches a snapshot", "index", m.Index, "bytes", snapshot.Size(m))
	address := ""
	for _, other := range r.Status().Members.GetMembers() {
		if other.RaftId == m.From {
			address = other.Address
		}
	}
	err := snapshot.Fetch(n.ctx, n.group.client.At(address), m, n.dir, n.fetchOptions(n.disk, false))
	if err != nil {
		n.log.Warn("the snapshot could not be fetched; the leader will offer another", "err", err)
		return
	}
	r.Stop(errReopen)
}

// mostRemedies bounds how often a node helps itself without having served.
const mostRemedies = 5

// Serve opens a node and runs it until ctx ends, and opens it again when it has
// fetched a snapshot, or must heal or join anew. opened is told of each node
// that serves.
func Serve(ctx context.Context, opt Options, opened func(*Node)) error {
	opt.past = new(past)
	tries := 0
	for {
		n, err := Open(ctx, opt)
		if err == nil {
			tries = 0
			opened(n)
			err = n.Run(ctx)
		}
		r := noRemedy
		if len(opt.Config.Cluster.peersOf(opt.Config.Data)) > 0 && ctx.Err() == nil {
			r = remedyFor(err)
		}
		if tries++; r == noRemedy || tries > mostRemedies {
			return err
		}
		opt.past.add(r)
		if opt.Log != nil {
			opt.Log.Warn("the node helps itself", "by", remedyWords[r], "why", err)
		}
		if perr := prepare(opt.Config.Data, r, err); perr != nil {
			return errors.Join(err, perr)
		}
	}
}
