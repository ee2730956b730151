package sequencer

import (
	"io"
	"log/slog"
	"sync/atomic"

	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Driver is what a Sequencer stands in: the network, the applier and the clock.
// Its methods are called from within the Sequencer's and must not call it back,
// except for what any goroutine may call.
type Driver interface {
	// Send, Behind, Mark and Refused are the member's own (member.Events).
	Send(*pb.PeerMessage)
	Behind(*pb.SnapshotManifest)
	Mark(from uint64, m *pb.Mark)
	Refused(*member.RefusedError)
	// Wake asks for another turn of the loop: Propose and Ask. Any goroutine calls it.
	Wake()
	// Settled asks for another turn if commands wait: one frame less is under way.
	// Who applies calls it.
	Settled()
	// Looked is told of the status each time it was looked at; old is nil the first
	// time.
	Looked(old, now *member.Status)
	// Led is told when this member begins to lead a term, or, with 0, ceases to.
	Led(term uint64)
	// Proposed is told of each frame that the member took.
	Proposed(*Frame)
	// Commit hands over what is committed, in order, for the state to apply; then
	// Done or Drop is called with it.
	Commit(Commit)
}

// Options configures a Sequencer.
type Options struct {
	// Member configures the member; its Events are the Sequencer's own.
	Member member.Options
	Driver Driver
	// Random draws the commands' seeds.
	Random io.Reader
	// SpaceLow says that the disk is nearly full: writes are refused. May be nil.
	SpaceLow func() bool
	// Level is the state's feature level.
	Level func() uint32
	// Single is a node that has no peers and never gets any.
	Single bool
	Logger *slog.Logger
}

// Commit is a committed entry on its way to the state.
type Commit struct {
	member.Commit
	// Frame is this node's own, nil when no caller of this node waits for it.
	Frame *Frame
}

// Sequencer is one member with the callers of its node.
type Sequencer struct {
	opt    Options
	member *member.Member // of the loop
	queue  queue
	reads  reads
	ticks  uint64 // of the loop

	// unapplied counts frames that were proposed and not yet applied.
	unapplied      atomic.Int64
	unappliedBytes atomic.Int64
	lag            atomic.Int64 // those of them that are committed
	lagging        atomic.Int64 // the commands in those

	term     atomic.Uint64 // the term this node leads, 0 when it does not
	leads    atomic.Bool   // and it has applied that term's first entry
	readOnly atomic.Bool
	status   atomic.Pointer[member.Status]
}

// New makes the member of what is on its disk; errors are member.New's.
func New(opt Options) (*Sequencer, error) {
	s := &Sequencer{opt: opt}
	s.queue.wake, s.reads.wake = opt.Driver.Wake, opt.Driver.Wake
	s.opt.Member.Events = (*events)(s)
	var err error
	if s.member, err = member.New(s.opt.Member); err != nil {
		return nil, err
	}
	s.look()
	return s, nil
}

// Member is the member underneath, for what concerns it alone: transfers, marks,
// what was heard, snapshots on their way. Of the loop.
func (s *Sequencer) Member() *member.Member { return s.member }

// Leads says whether this node takes writes.
func (s *Sequencer) Leads() bool { return s.leads.Load() }

// Term is the term this node leads, 0 when it does not. It may not take writes
// yet.
func (s *Sequencer) Term() uint64 { return s.term.Load() }

// IsReadOnly says whether writes are refused for good.
func (s *Sequencer) IsReadOnly() bool { return s.readOnly.Load() }

// Status is how things stood for the member a moment ago.
func (s *Sequencer) Status() member.Status { return *s.status.Load() }

// Waiting is how many commands wait for a frame.
func (s *Sequencer) Waiting() int { return s.queue.length() }

// Unapplied is how many frames were proposed and not yet applied.
func (s *Sequencer) Unapplied() int { return int(s.unapplied.Load()) }

// Leader is who leads, nil when that is not known.
func (s *Sequencer) Leader() *pb.Member {
	st := s.status.Load()
	for _, m := range st.Members.GetMembers() {
		if m.RaftId == st.Leader && st.Leader != 0 {
			return m
		}
	}
	return nil
}

// Electorate is who says what state it has when the nodes compare theirs.
func (s *Sequencer) Electorate() agree.Members {
	st := s.status.Load()
	e := agree.Members{Voters: st.Voters}
	for _, m := range st.Members.GetMembers() {
		if m.Role == pb.MemberRole_MEMBER_ROLE_LEARNER {
			e.Learners = append(e.Learners, m.RaftId)
		}
	}
	return e
}

// Step takes a message from a peer. Of the loop.
func (s *Sequencer) Step(msg *pb.PeerMessage) { s.member.Step(msg) }

// Tick moves the group's clock: wall is the node's own, Unix milliseconds, and
// applied how far the state is. The loop calls it every member.TickEvery, and
// Work after it.
func (s *Sequencer) Tick(applied uint64, wall int64) {
	s.ticks++
	s.member.Applied(applied)
	s.member.Tick(wall)
	s.look()
	s.askAgain()
	s.promote()
	if s.queue.length() > 0 {
		s.opt.Driver.Wake()
	}
}

// Work lets the member do what it has to, and follows its role. An error is the
// log's, and the end. Of the loop.
func (s *Sequencer) Work() error {
	err := s.member.Work()
	s.follow()
	return err
}

// Written says that the oldest synced write of the log that is under way is durable;
// Work comes after it. Of the loop.
func (s *Sequencer) Written() {
	s.member.Written()
	if s.queue.length() > 0 {
		s.opt.Driver.Wake()
	}
}

// Stop ends the serving of writes at once, on a node whose loop is about to end.
func (s *Sequencer) Stop() { s.leads.Store(false) }

// Close ends what waits: proposals whose outcome is open, commands, reads. Of the
// loop, last.
func (s *Sequencer) Close() {
	s.member.Abandon()
	s.reads.close()
	s.queue.close()
}

// look publishes the member's status.
func (s *Sequencer) look() {
	now := s.member.Status()
	old := s.status.Swap(&now)
	s.opt.Driver.Looked(old, &now)
}

// follow notes which term this node leads.
func (s *Sequencer) follow() {
	term := s.member.Leads()
	if s.term.Load() == term {
		return
	}
	s.term.Store(term)
	s.leads.Store(false) // until it has applied the term's first entry
	s.look()
	s.opt.Driver.Led(term)
	s.opt.Driver.Wake()
}
