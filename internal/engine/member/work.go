package member

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Work does everything that raft wants done now: entries on their way to the disk,
// messages to the network, committed entries to the driver. An error is the log's;
// the member must not be used any more.
func (m *Member) Work() error {
	for !m.removed && m.node.HasReady() {
		if err := m.ready(m.node.Ready()); err != nil {
			return err
		}
	}
	return nil
}

// ready does one round of what raft wants.
func (m *Member) ready(rd raft.Ready) error {
	if rd.SoftState != nil {
		m.role(rd.SoftState.RaftState)
	}
	now, w, applied := sort(rd)
	w.vote, w.begun = m.votes(rd.HardState), m.ticks
	// A leader's disk and its followers' work side by side (Raft thesis, 10.2.1): what
	// it sends promises nothing of its own disk but its term, which is there. Everybody
	// else's messages wait until all that was written before them is durable.
	if m.term != 0 && !w.vote && !m.voteUnderWay() {
		m.sendAll(now)
	} else {
		w.then = append(now, w.then...)
	}
	if err := m.append(rd, w); err != nil {
		return err
	}
	for _, r := range rd.ReadStates {
		m.readDone(r)
	}
	for _, e := range rd.CommittedEntries {
		if err := m.committed(e); err != nil {
			return err
		}
	}
	m.stepOwn(applied)
	return nil
}

// sort tells what raft wants to be sent at once from what is to be sent, or done
// here, after the write and after the committed entries were handed over.
func sort(rd raft.Ready) (now []*raftpb.Message, w write, applied []*raftpb.Message) {
	for _, rm := range rd.Messages {
		switch rm.GetTo() {
		case raft.LocalAppendThread:
			w.then = rm.GetResponses()
		case raft.LocalApplyThread:
			applied = rm.GetResponses()
		default:
			now = append(now, rm)
		}
	}
	return now, w, applied
}

// votes says whether a hard state has another term or vote than the log was given
// last.
func (m *Member) votes(hs *raftpb.HardState) bool {
	return !raft.IsEmptyHardState(hs) && (hs.GetTerm() != m.latest.Term || hs.GetVote() != m.latest.Vote)
}

// append puts what raft wants to keep on its way to the disk and learns the index
// of our proposals.
func (m *Member) append(rd raft.Ready, w write) error {
	if len(rd.Entries) > 0 || !raft.IsEmptyHardState(rd.HardState) {
		if err := m.opt.Log.Append(rd.HardState, rd.Entries, rd.MustSync); err != nil {
			return fmt.Errorf("append to the raft log: %w", err)
		}
	}
	if rd.MustSync {
		w.stands = m.handed(rd)
	}
	for _, e := range rd.Entries {
		m.appended(e)
	}
	if w.stands != nil || len(w.then) > 0 {
		m.writes = append(m.writes, w)
		m.settle()
	}
	return nil
}

// handed notes what the log was given, and returns what will be on disk once it
// is durable. Standings are sent to peers and must not change afterwards.
func (m *Member) handed(rd raft.Ready) *pb.Standing {
	s := &pb.Standing{Term: m.latest.Term, Vote: m.latest.Vote, LastTerm: m.latest.LastTerm, LastIndex: m.latest.LastIndex}
	if !raft.IsEmptyHardState(rd.HardState) {
		s.Term, s.Vote = rd.HardState.GetTerm(), rd.HardState.GetVote()
	}
	if n := len(rd.Entries); n > 0 {
		s.LastTerm, s.LastIndex = rd.Entries[n-1].GetTerm(), rd.Entries[n-1].GetIndex()
	}
	m.latest = s
	return s
}

// appended matches an entry with the proposal it was made of. Only this member
// proposes while it leads, so entries come in the order of the proposals.
func (m *Member) appended(e *raftpb.Entry) {
	if len(m.proposed) == 0 || e.GetTerm() != m.term {
		return
	}
	if len(e.GetData()) == 0 {
		// Raft's own, or a change of members that raft would not take.
		if p := m.proposed[0]; p.data == nil && e.GetType() == raftpb.EntryNormal {
			m.proposed = m.proposed[1:]
			m.opt.Events.Lost(p.tag)
		}
		return
	}
	p := m.proposed[0]
	if p.data != nil {
		must.That(e.GetType() == raftpb.EntryNormal && len(p.data) == len(e.GetData()), "entry %d is the frame proposed first", e.GetIndex())
	}
	if p.data == nil {
		m.confPending = e.GetIndex()
	}
	m.pending[e.GetIndex()] = p.tag
	m.proposed = m.proposed[1:]
}

// committed hands an entry over; a change of members takes effect first.
func (m *Member) committed(e *raftpb.Entry) error {
	c := Commit{Index: e.GetIndex(), Term: e.GetTerm(), Tag: m.pending[e.GetIndex()]}
	delete(m.pending, c.Index)
	switch e.GetType() {
	case raftpb.EntryNormal:
		c.Data = e.GetData()
		m.opt.Events.Commit(c)
		return nil
	case raftpb.EntryConfChangeV2:
		frame, err := m.reconfigure(e)
		if err != nil {
			return fmt.Errorf("log entry %d: %w", c.Index, err)
		}
		c.Data = frame
		m.opt.Events.Commit(c)
		if m.registered(m.self).GetRole() == pb.MemberRole_MEMBER_ROLE_REMOVED {
			m.refuse(refused(Removed))
		}
		return nil
	}
	return fmt.Errorf("log entry %d has type %s, which this version cannot apply", c.Index, e.GetType())
}

// role follows raft's. Who loses the lead can't tell any more what becomes of
// its proposals.
func (m *Member) role(state raft.StateType) {
	if state == raft.StateLeader {
		m.term = m.node.BasicStatus().GetTerm()
		m.leadFrom = m.latest.LastIndex + 1
		return
	}
	m.term, m.confPending = 0, 0
	m.Abandon()
}

// Abandon tells the driver that the outcome of all proposals is open. A driver
// that stops calls it last.
func (m *Member) Abandon() {
	for _, p := range m.proposed {
		m.opt.Events.Lost(p.tag)
	}
	m.proposed = nil
	for _, index := range sortedKeys(m.pending) {
		m.opt.Events.Lost(m.pending[index])
	}
	clear(m.pending)
}

func (m *Member) sendAll(messages []*raftpb.Message) {
	for _, rm := range messages {
		to := m.registered(rm.GetTo())
		if to == nil || to.RaftId == m.self || to.Role == pb.MemberRole_MEMBER_ROLE_REMOVED {
			continue
		}
		if rm.GetType() == raftpb.MsgSnap {
			m.peer(to.RaftId).sentSnapshot = max(m.ticks, 1)
		}
		encoded, err := proto.Marshal(rm)
		must.That(err == nil, "a message of raft can be encoded")
		m.send(to, &pb.PeerMessage{Raft: encoded})
	}
}

// readContext names a read among all of the group's: raft passes over a context
// it has seen.
func (m *Member) readContext(token uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, m.self)
	b = binary.BigEndian.AppendUint64(b, m.opt.Session)
	return binary.BigEndian.AppendUint64(b, token)
}

func (m *Member) readDone(r raft.ReadState) {
	c := r.RequestCtx
	if len(c) == 24 && binary.BigEndian.Uint64(c) == m.self && binary.BigEndian.Uint64(c[8:]) == m.opt.Session {
		m.opt.Events.Read(binary.BigEndian.Uint64(c[16:]), r.Index)
	}
}
