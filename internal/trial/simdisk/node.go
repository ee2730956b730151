package simdisk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	dataDir  = "data"
	logDir   = "data/log"
	stateDir = "data/state"
)

// node is a machine with a disk on which processes follow each other.
type node struct {
	w     *World
	name  string
	id    identity.Identity
	mem   *vfs.MemFS
	known *pb.Members
	first bool // its folder began the cluster
	life  *life
	// tainted: what is on its disk has been damaged and not healed yet.
	tainted bool
}

// part says in which store an error at the start was met.
type part struct {
	state bool
	err   error
}

func (p *part) Error() string { return p.err.Error() }
func (p *part) Unwrap() error { return p.err }

func inState(err error) error { return wrapPart(true, err) }
func inLog(err error) error   { return wrapPart(false, err) }

func wrapPart(state bool, err error) error {
	if err == nil {
		return nil
	}
	return &part{state, err}
}

// start begins a process on the node's disk.
func (n *node) start() error {
	l := newLife(n, newDisk(n.mem, n.w.opt.Variant))
	var err error
	if !l.call(func() { err = l.open() }) {
		return fmt.Errorf("the process ended while it started: %w", l.why)
	}
	if err == nil {
		err = l.err
	}
	if err != nil {
		l.close()
		return err
	}
	n.life = l
	n.w.collect(l)
	return nil
}

func (l *life) storeOptions() store.Options {
	return store.Options{FS: l.disk, Fatal: l.fatal, Logger: quiet, MemTableBytes: 256 << 10, CacheBytes: 256 << 10, NoCompactions: true, Damaged: l.damaged}
}

func (l *life) openLog(readOnly bool) (*raftlog.Log, error) {
	return raftlog.Open(logDir, raftlog.Options{FS: l.disk, Fatal: l.fatal, Logger: quiet, Identity: l.n.id, ReadOnly: readOnly, Damaged: l.damaged,
		MemTableBytes: 128 << 10, RecentBytes: 16 << 10, AckedEvery: time.Millisecond, Snapshot: l.snapshot})
}

// open brings the node up as engine and run do it, in the same order.
func (l *life) open() error {
	if _, err := snapshot.Install(dataDir, snapshot.InstallOptions{Store: l.storeOptions(),
		OpenLog: func() (snapshot.Log, error) { return l.openLog(false) }}); err != nil {
		return inState(err)
	}
	var err error
	if l.store, err = store.Open(stateDir, l.storeOptions()); err != nil {
		return inState(err)
	}
	if err := l.openChecked(); err != nil {
		return err
	}
	if err := l.store.SetIdentity(l.log.Identity()); err != nil {
		return inState(err)
	}
	if l.machine, err = machine.Open(l.store, machine.Options{NumberBytes: 4 << 10}); err != nil {
		return inState(err)
	}
	if err := l.learnNumbers(); err != nil {
		return inState(err)
	}
	if err := l.catchUp(); err != nil {
		return err
	}
	if l.space, err = diskguard.NewSpace(l.disk, dataDir, diskguard.SpaceOptions{Logger: quiet}); err != nil {
		return err
	}
	l.agree = agree.New(l.n.id.RaftID)
	return l.join()
}

// learnNumbers lets the machine read the order numbers that are stored.
func (l *life) learnNumbers() error {
	snap := l.store.Snapshot()
	defer snap.Close()
	return table.Read(snap, func(r table.Reader) error {
		l.machine.LearnNumbers(r, func() bool { return true })
		return nil
	})
}

// openChecked opens the log, for looking first, and applies the start-up rules.
func (l *life) openChecked() error {
	if _, err := l.disk.Stat(logDir); err == nil {
		look, err := l.openLog(true)
		if err != nil {
			return inLog(err)
		}
		if err := errors.Join(l.checkLog(look), look.Close()); err != nil {
			return err
		}
	}
	var err error
	if l.log, err = l.openLog(false); err != nil {
		return inLog(err)
	}
	return l.checkLog(l.log)
}

func (l *life) checkLog(log *raftlog.Log) error {
	facts := raftlog.StartFacts{}
	head, ok, err := l.store.DurableHead()
	if err != nil {
		return inState(err)
	}
	if ok {
		facts.DurableApplied, facts.DurableAppliedTerm = head.AppliedIndex, head.AppliedTerm
	}
	err = log.CheckStart(facts)
	if l.n.w.opt.Variant == SkipCheckStart {
		return nil
	}
	return inLog(err)
}

// catchUp applies what is committed up to the recorded members.
func (l *life) catchUp() error {
	_, members := l.log.Conf()
	applied, _ := l.machine.Applied()
	for applied < members.GetIndex() {
		entries, err := l.log.Entries(applied+1, members.GetIndex()+1, math.MaxUint64)
		if err != nil {
			return inLog(err)
		}
		for _, e := range entries {
			frame, err := member.Frame(e)
			if err != nil {
				return inLog(err)
			}
			if _, err := l.machine.Apply(e.GetIndex(), e.GetTerm(), frame); err != nil {
				return inState(err)
			}
			applied = e.GetIndex()
		}
	}
	return nil
}

// join makes the member.
func (l *life) join() (err error) {
	applied, _ := l.machine.Applied()
	opt := member.Options{
		Identity: l.log.Identity(), Session: l.session, Log: storage{l.log, l}, Applied: applied,
		Heard: l.log.Heard(), Known: l.n.known, Events: l, Logger: quiet, Version: "simdisk", MaxLevel: machine.MaxLevel,
	}
	if l.n.first {
		opt.Bootstrap = l.n.member(pb.MemberRole_MEMBER_ROLE_VOTER)
	}
	if l.member, err = member.New(opt); err != nil {
		return inLog(err)
	}
	if applied > 0 {
		l.judge(l.agree.Applied(l.mark(), l.members()))
	}
	l.turn(func() {})
	return nil
}

func (n *node) member(role pb.MemberRole) *pb.Member {
	return &pb.Member{RaftId: n.id.RaftID, Incarnation: n.id.Incarnation, Name: n.name, Address: n.name + ":1", Role: role}
}

// close lets go of a process that lives; nothing it still does matters.
func (l *life) close() {
	l.disk.calm()
	l.call(func() {
		if l.log != nil {
			_ = l.log.Close()
		}
		if l.store != nil {
			_ = l.store.Abandon()
		}
	})
}

// end ends the node's process. What survives on its disk is a clone made at that
// moment: with 100 percent everything that was written, as after a kill.
func (n *node) end(percent int) {
	l := n.life
	if l == nil {
		return
	}
	n.life = nil
	n.mem = l.disk.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: n.w.chance})
	l.close()
}

// died notes a process that ended by itself.
func (n *node) died() {
	l := n.life
	n.life = nil
	n.w.tell("%s: the process ends: %v", n.name, l.why)
	if l.disk.after != nil {
		n.mem = l.disk.after
		return
	}
	n.mem = l.disk.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: n.w.chance.IntN(101), RNG: n.w.chance})
}

// lose takes away the node's disk; an empty one of another identity replaces it.
func (n *node) lose() {
	n.end(0)
	n.mem = vfs.NewCrashableMem()
	n.id = n.w.identity()
	n.known, n.first, n.tainted = nil, false, false
}

// refetch sets the state aside and fetches it from a peer whose marks a majority
// has; the log and the vote stay.
func (n *node) refetch(from *node) error {
	n.end(100)
	l := newLife(n, newDisk(n.mem, n.w.opt.Variant))
	var m *pb.SnapshotManifest
	var err error
	if !from.life.call(func() { m, err = from.life.copy() }) {
		from.died()
		return errors.New("the peer ended")
	}
	if err != nil {
		return fmt.Errorf("copy of %s: %w", from.name, err)
	}
	alive := l.call(func() {
		if err = l.disk.RemoveAll(stateDir); err == nil {
			err = snapshot.Fetch(context.Background(), from.life, m, dataDir,
				snapshot.FetchOptions{FS: l.disk, Fatal: l.fatal, Logger: quiet, Retry: time.Millisecond, DropViews: true})
		}
	})
	if !alive {
		return l.why
	}
	if err != nil {
		return err
	}
	n.tainted = false
	return n.start()
}

// ackedOnDisk waits until the file acked has caught up: it may be a moment late,
// which is the one gap that a node alone has.
func (l *life) ackedOnDisk() bool {
	want := binary.BigEndian.AppendUint64(nil, l.log.AckedIndex())
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		b, err := diskguard.ReadFile(l.disk, logDir+"/acked", 64)
		if err == nil && len(b) > 12 && string(b[4:12]) == string(want) {
			return true
		}
	}
	return false
}
