package member

import (
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Change proposes a change of members, each as it is to be afterwards, with the
// frame that journals it; tag comes back like Propose's. Several changes at once
// go through a joint configuration, which raft leaves by itself. It returns
// ErrChanging while another change is under way.
func (m *Member) Change(members []*pb.Member, frame []byte, tag any) error {
	switch {
	case m.term == 0:
		return ErrNotLeader
	case m.changing():
		return ErrChanging
	}
	ctx := pb.ConfContext{Members: members, Frame: frame}
	encoded, err := ctx.MarshalVT()
	if err != nil {
		return fmt.Errorf("encode a change of members: %w", err)
	}
	if err := m.node.ProposeConfChange(confChange(members, encoded)); err != nil {
		return ErrDropped
	}
	m.proposed = append(m.proposed, proposal{nil, tag})
	return nil
}

// confChange is raft's word for what members are to be.
func confChange(members []*pb.Member, context []byte) *raftpb.ConfChangeV2 {
	cc := &raftpb.ConfChangeV2{Context: context}
	for _, m := range members {
		kind := raftpb.ConfChangeRemoveNode
		switch m.Role {
		case pb.MemberRole_MEMBER_ROLE_VOTER:
			kind = raftpb.ConfChangeAddNode
		case pb.MemberRole_MEMBER_ROLE_LEARNER:
			kind = raftpb.ConfChangeAddLearnerNode
		}
		cc.Changes = append(cc.Changes, &raftpb.ConfChangeSingle{Type: kind.Enum(), NodeId: &m.RaftId})
	}
	return cc
}

// changing says whether raft would pass over a change now.
func (m *Member) changing() bool {
	if len(m.conf.VotersOutgoing) > 0 || m.node.BasicStatus().Applied < m.leadFrom {
		return true
	}
	for _, p := range m.proposed {
		if p.data == nil {
			return true
		}
	}
	return m.confPending != 0
}

// reconfigure makes a committed change of members and records it before anybody
// applies its frame: the record is never behind the state.
func (m *Member) reconfigure(e *raftpb.Entry) (frame []byte, err error) {
	cc, ctx := new(raftpb.ConfChangeV2), new(pb.ConfContext)
	if err := proto.Unmarshal(e.GetData(), cc); err != nil {
		return nil, fmt.Errorf("the change of members cannot be decoded: %w", err)
	}
	if err := ctx.UnmarshalVT(cc.GetContext()); err != nil {
		return nil, fmt.Errorf("the change of members cannot be decoded: %w", err)
	}
	cs := m.node.ApplyConfChange(cc)
	merged := merge(m.registry, ctx.Members, e.GetIndex())
	if err := m.opt.Log.SetConf(cs, merged); err != nil {
		return nil, fmt.Errorf("record the members: %w", err)
	}
	m.conf, m.registry = cs, merged
	if m.confPending == e.GetIndex() {
		m.confPending = 0
	}
	m.adopt(merged)
	for _, c := range ctx.Members {
		m.opt.Logger.Info("the cluster changes", "node", c.Name, "raft_id", fmt.Sprintf("%016x", c.RaftId), "role", c.Role.String(), "index", e.GetIndex())
	}
	return ctx.Frame, nil
}

// Transfer hands the lead to a voter, or to the one that is furthest when to is
// 0. It is a wish: whether it came true shows in Status.
func (m *Member) Transfer(to uint64) {
	if m.term == 0 {
		return
	}
	if to == 0 {
		to = m.furthest()
	}
	if to != 0 && to != m.self {
		m.node.TransferLeader(to)
	}
}

// furthest is the voter heard of lately that has most of the log, one that is fit
// to lead if there is any: its clock is the majority's and its disk takes writes.
func (m *Member) furthest() uint64 {
	progress := m.node.Status().Progress
	var best, match uint64
	right := false
	for _, id := range m.conf.Voters {
		pr, ok := progress[id]
		if id == m.self || !ok || !pr.RecentActive {
			continue
		}
		off := m.peer(id).offset - m.clockOffset()
		fit := -maxSkew <= off && off <= maxSkew && !m.peer(id).status.GetHealth().GetDiskLow()
		if best == 0 || fit && !right || fit == right && pr.Match > match {
			best, match, right = id, pr.Match, fit
		}
	}
	return best
}

// needs says whether a snapshot is wanted: its index is not in this member's log.
func (m *Member) needs(s *raftpb.Snapshot) bool {
	at := s.GetMetadata()
	if at.GetIndex() <= m.node.BasicStatus().GetCommit() {
		return false
	}
	term, err := m.opt.Log.Term(at.GetIndex())
	return err != nil || term != at.GetTerm()
}

// behind tells the driver to fetch a snapshot.
func (m *Member) behind(s *raftpb.Snapshot) {
	manifest := new(pb.SnapshotManifest)
	if err := manifest.UnmarshalVT(s.GetData()); err != nil || manifest.Index != s.GetMetadata().GetIndex() {
		m.opt.Logger.Warn("a snapshot's manifest makes no sense and was dropped", "err", err)
		return
	}
	if m.fetching == 0 {
		m.opt.Events.Behind(manifest)
	}
}

// snapshotTicks is how long a follower that was sent a snapshot may say nothing
// of fetching it before it is sent again.
const snapshotTicks = 60

// followSnapshot tells raft what became of a snapshot: the follower's status says
// whether it is being fetched or has been installed.
func (m *Member) followSnapshot(id uint64, p *peer, s *pb.Standing) {
	if p.sentSnapshot == 0 {
		return
	}
	var pending uint64
	m.node.WithProgress(func(of uint64, _ raft.ProgressType, pr trackerProgress) {
		if of == id {
			pending = pr.PendingSnapshot
		}
	})
	first, _ := m.opt.Log.FirstIndex()
	switch {
	case pending == 0:
		p.sentSnapshot = 0
	case s.GetLastIndex()+1 >= first:
		m.node.ReportSnapshot(id, raft.SnapshotFinish)
		p.sentSnapshot = 0
	case p.status.Fetching == 0 && m.ticks-p.sentSnapshot > snapshotTicks:
		m.node.ReportSnapshot(id, raft.SnapshotFailure)
		p.sentSnapshot = 0
	}
}

func sortedKeys[V any](m map[uint64]V) []uint64 { return slices.Sorted(maps.Keys(m)) }

// Frame is the pb.Frame that an entry of the log carries.
func Frame(e *raftpb.Entry) ([]byte, error) {
	if e.GetType() == raftpb.EntryNormal {
		return e.GetData(), nil
	}
	cc, ctx := new(raftpb.ConfChangeV2), new(pb.ConfContext)
	err := proto.Unmarshal(e.GetData(), cc)
	if err == nil {
		err = ctx.UnmarshalVT(cc.GetContext())
	}
	if err != nil {
		return nil, fmt.Errorf("log entry %d: the change of members cannot be decoded: %w", e.GetIndex(), err)
	}
	return ctx.Frame, nil
}
