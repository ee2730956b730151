package member

import (
	"slices"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// behind says whether a standing is less than one that was heard. Both parts
// only ever grow on one disk: the term with the vote in it, and the log's end
// (entries are replaced by those of a higher term only).
func behind(own, heard *pb.Standing) bool {
	if heard == nil {
		return false
	}
	switch {
	case own.Term != heard.Term:
		if own.Term < heard.Term {
			return true
		}
	case heard.Vote != 0 && own.Vote != heard.Vote:
		return true
	}
	if own.LastTerm != heard.LastTerm {
		return own.LastTerm < heard.LastTerm
	}
	return own.LastIndex < heard.LastIndex
}

// greater returns the later of two standings of one member, part by part:
// messages may come out of order.
func greater(a, b *pb.Standing) *pb.Standing {
	if a == nil {
		return b
	}
	g := &pb.Standing{Term: a.Term, Vote: a.Vote, LastTerm: a.LastTerm, LastIndex: a.LastIndex}
	if b.Term > a.Term || b.Term == a.Term && a.Vote == 0 {
		g.Term, g.Vote = b.Term, b.Vote
	}
	if b.LastTerm > a.LastTerm || b.LastTerm == a.LastTerm && b.LastIndex > a.LastIndex {
		g.LastTerm, g.LastIndex = b.LastTerm, b.LastIndex
	}
	return g
}

// judge decides whether this member has proved itself: the others have heard no
// more of it than it has on disk.
//
// All other voters are asked, because the newest of what it told is known to the
// leader of then alone; the rest hear of it within a second or two. While some of
// them can't be reached, a majority with this member counted has to do after
// patienceTicks: otherwise a group that has lost a node could not restart another
// one. What is given up for that is to notice an older disk while the node that
// heard the most of it is away too.
func (m *Member) judge() {
	if m.proven {
		return
	}
	reported := func(id uint64) bool { p := m.peers[id]; return p != nil && p.reported != nil }
	m.proven = m.alone() || m.witnessed(reported) ||
		m.ticks > patienceTicks && m.majority(func(id uint64) bool { return id == m.self || reported(id) })
	if m.proven && !m.alone() {
		m.opt.Logger.Info("the others have heard no more of this node than it has on disk: it takes part", "last_index", m.standing.LastIndex)
	}
}

// witnessed says whether all voters but this one have reported.
func (m *Member) witnessed(reported func(id uint64) bool) bool {
	for _, voters := range m.electorate() {
		if len(voters) == 0 || slices.ContainsFunc(voters, func(id uint64) bool { return id != m.self && !reported(id) }) {
			return false
		}
	}
	return true
}

// hear notes what another member has on disk.
func (m *Member) hear(p *peer, s *pb.Standing) {
	if s == nil {
		return
	}
	g := greater(p.heard, s)
	if p.heard == nil || g.Term != p.heard.Term || g.Vote != p.heard.Vote || g.LastTerm != p.heard.LastTerm || g.LastIndex != p.heard.LastIndex {
		p.heard, m.heardNew = g, true
	}
}

// reported takes a peer's word for what it heard of this member. One that heard
// more than there is on disk is right whenever it says so.
func (m *Member) reported(p *peer, name string, heard *pb.Standing) {
	if heard == nil {
		heard = new(pb.Standing)
	}
	if behind(m.standing, heard) {
		m.refuse(refusedf(RolledBack, "%s heard of term %d and entry %d of term %d; on disk are term %d and entry %d of term %d", name,
			heard.Term, heard.LastIndex, heard.LastTerm, m.standing.Term, m.standing.LastIndex, m.standing.LastTerm))
		return
	}
	p.reported = heard
	m.judge()
}

// refuse ends this member's part.
func (m *Member) refuse(err *RefusedError) {
	if m.removed {
		return
	}
	m.removed, m.proven = true, false
	m.opt.Events.Refused(err)
}
