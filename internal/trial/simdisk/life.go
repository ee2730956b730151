package simdisk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var quiet = slog.New(slog.DiscardHandler)

// life is one process: what it holds is gone when it ends. Whatever it does is
// done in a goroutine of its own that the world waits for, because a process may
// end in the middle: then the goroutine never goes on, and what it had not handed
// over was never said.
type life struct {
	n       *node
	disk    *disk
	session uint64

	once sync.Once
	dead chan struct{} // closed when the process ends
	why  error         // valid once dead is closed

	log     *raftlog.Log
	store   *store.Store
	machine *machine.Machine
	member  *member.Member
	agree   *agree.Agreement
	space   *diskguard.Space
	scrub   *scrub.Scrubber

	asked   int            // proposals whose outcome is not known
	writes  []func() error // appends that are on their way to the disk
	commits []member.Commit
	copies  map[uint64]string // folders of snapshots by index

	// What the world collects after a turn.
	out     []*pb.PeerMessage
	results []result
	behind  *pb.SnapshotManifest
	refused *member.RefusedError
	verdict []agree.Event
	err     error // why the process cannot go on

	mu      sync.Mutex
	damages []error // met by whoever was reading, in the background too
}

// damaged is the stores' Options.Damaged.
func (l *life) damaged(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.damages = append(l.damages, err)
}

// met takes what was damaged since it was last asked.
func (l *life) met() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.damages
	l.damages = nil
	return m
}

// result is what became of a proposal.
type result struct {
	p     *proposal
	index uint64
	codes []catalogue.Result // nil when the outcome is open
}

func newLife(n *node, d *disk) *life {
	l := &life{n: n, disk: d, session: n.w.chance.Uint64() | 1, dead: make(chan struct{}), copies: make(map[uint64]string)}
	d.power = func() { l.fatal(errPower) }
	return l
}

var errPower = errors.New("the power is cut")

// fatal ends the process at this very place.
func (l *life) fatal(err error) {
	l.once.Do(func() {
		l.why = err
		close(l.dead)
	})
	select {}
}

// call does something in the process and says whether it lived through it.
func (l *life) call(f func()) (alive bool) {
	done := make(chan struct{})
	var panicked error
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				panicked = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		f()
	}()
	select {
	case <-done:
	case <-l.dead:
		return false
	}
	select {
	case <-l.dead:
		return false
	default:
	}
	if panicked != nil {
		l.err = panicked
	}
	return true
}

// turn is what a process does between two looks at its channels.
func (l *life) turn(f func()) {
	f()
	for l.err == nil {
		if l.err = l.member.Work(); l.err != nil || len(l.commits) == 0 {
			return
		}
		commits := l.commits
		l.commits = nil
		for _, c := range commits {
			if l.err = l.apply(c); l.err != nil {
				return
			}
		}
	}
}

// written waits until what was under way is on disk, and tells the member. It is a
// turn of its own: what a leader sent is under way before, and stays so when the
// power goes now.
func (l *life) written() {
	writes := l.writes
	l.writes = nil
	for _, wait := range writes {
		if l.err = wait(); l.err != nil {
			return
		}
		l.member.Written()
	}
}

func (l *life) apply(c member.Commit) error {
	results, err := l.machine.Apply(c.Index, c.Term, c.Data)
	if err != nil {
		return err
	}
	l.member.Applied(c.Index)
	l.log.Acked(c.Index)
	if p, ok := c.Tag.(*proposal); ok {
		l.results = append(l.results, result{p, c.Index, results})
	}
	l.judge(l.agree.Applied(l.mark(), l.members()))
	return nil
}

func (l *life) mark() agree.Mark {
	p := l.machine.Position()
	return agree.Mark{Index: p.Index, Size: p.JournalSize, Root: p.JournalRoot, Digest: l.machine.Digest()}
}

func (l *life) members() (m agree.Members) {
	s := l.member.Status()
	m.Voters = s.Voters
	for _, other := range s.Members.GetMembers() {
		if other.Role == pb.MemberRole_MEMBER_ROLE_LEARNER {
			m.Learners = append(m.Learners, other.RaftId)
		}
	}
	return m
}

func (l *life) judge(events []agree.Event) {
	for _, e := range events {
		if s, ok := e.(agree.Send); ok {
			l.member.SendMark(s.To, s.Mark)
			continue
		}
		l.verdict = append(l.verdict, e)
	}
}

// Send implements member.Events.
func (l *life) Send(m *pb.PeerMessage) { l.out = append(l.out, m) }

// Commit implements member.Events.
func (l *life) Commit(c member.Commit) { l.commits = append(l.commits, c) }

// Lost implements member.Events.
func (l *life) Lost(tag any) {
	if p, ok := tag.(*proposal); ok {
		l.results = append(l.results, result{p: p})
	}
}

// Read implements member.Events; nobody asks.
func (l *life) Read(uint64, uint64) {}

// Behind implements member.Events.
func (l *life) Behind(m *pb.SnapshotManifest) { l.behind = m }

// Mark implements member.Events.
func (l *life) Mark(from uint64, m *pb.Mark) { l.judge(l.agree.Step(from, m, l.members())) }

// Refused implements member.Events.
func (l *life) Refused(err *member.RefusedError) { l.refused = err }

// storage is the log as the member sees it.
type storage struct {
	*raftlog.Log
	l *life
}

// Append implements member.Storage.
func (s storage) Append(hs *raftpb.HardState, entries []*raftpb.Entry, sync bool) error {
	wait, err := func() error { return nil }, error(nil)
	if sync && s.l.n.w.opt.Variant != AckBeforeSync {
		wait, err = s.Begin(hs, entries)
	} else {
		err = s.Log.Append(hs, entries, false)
	}
	if sync && err == nil {
		s.l.writes = append(s.l.writes, wait)
	}
	return err
}

// copy makes a snapshot for somebody else.
func (l *life) copy() (*pb.SnapshotManifest, error) {
	dir := l.disk.PathJoin(dataDir, "copies", fmt.Sprint(len(l.copies)))
	if err := errors.Join(diskguard.MakeDir(l.disk, l.disk.PathDir(dir)), l.disk.RemoveAll(dir)); err != nil {
		return nil, err
	}
	m, err := snapshot.Make(l.store, dir, snapshot.MakeOptions{FS: l.disk, Fatal: l.fatal, Logger: quiet, From: l.n.id.RaftID, Conf: l.log.Conf})
	if err == nil {
		l.copies[m.Index] = dir
	}
	return m, err
}

// snapshot is raftlog.Options.Snapshot.
func (l *life) snapshot() (*raftpb.Snapshot, error) {
	m, err := l.copy()
	if err != nil {
		return nil, raft.ErrSnapshotTemporarilyUnavailable
	}
	cs, _ := l.log.Conf()
	return &raftpb.Snapshot{Data: table.Encode(m), Metadata: &raftpb.SnapshotMetadata{ConfState: cs, Index: &m.Index, Term: &m.Term}}, nil
}

// ReadSnapshot implements snapshot.Remote for another node.
func (l *life) ReadSnapshot(_ context.Context, req *pb.ReadSnapshotRequest, take func([]byte) error) error {
	dir, ok := l.copies[req.Index]
	if !ok {
		return snapshot.ErrGone
	}
	f, err := l.disk.Open(l.disk.PathJoin(dir, req.File))
	if err != nil {
		return err
	}
	b := make([]byte, req.Length)
	n, err := io.ReadFull(io.NewSectionReader(f, int64(req.Offset), int64(req.Length)), b)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return take(b[:n])
}

// read is what a caller is told of an order.
func (l *life) read(snap table.Snapshot, no string) (o *pb.Order, err error) {
	err = table.Read(snap, func(r table.Reader) error {
		o = orderOf(r, no)
		return nil
	})
	if err != nil && l.n.w.opt.Variant == ServeDamage {
		return nil, nil
	}
	return o, err
}

// pass makes one scrubber's pass and returns what it found.
func (l *life) pass() []scrub.Finding {
	s := scrub.New(scrub.Options{State: l.store, Log: l.log, Rate: 1 << 40, Logger: quiet,
		Wait: func(context.Context, time.Duration) error { return nil }})
	l.scrub = s
	if l.n.w.opt.Variant == NoScrub {
		return nil
	}
	if err := s.RunOnce(context.Background()); err != nil {
		l.err = err
	}
	return s.Status().Open
}

// proposal is a frame with what it asks for.
type proposal struct {
	asks []ask
	done func(result)
}

// ask is one command of a proposal.
type ask struct {
	cmd  *pb.Command
	no   string // the order concerned, "" for none
	pays bool
}

// fetch brings a peer's copy here.
func (l *life) fetch(from *life, m *pb.SnapshotManifest) error {
	return snapshot.Fetch(context.Background(), from, m, dataDir, snapshot.FetchOptions{FS: l.disk, Fatal: l.fatal, Logger: quiet, Retry: time.Millisecond})
}
