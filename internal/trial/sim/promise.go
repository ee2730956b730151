package sim

import (
	"fmt"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// What a process says to another, and what it applies, must be on its own disk. Other
// checkers see what comes of a promise that a power cut breaks; this one sees that it
// was made too early, whether the power goes at that moment or not.

// watchPromise compares a message with what a power cut would leave now.
func (p *process) watchPromise(msg *pb.PeerMessage) {
	if p.w.broken.promisesEarly {
		return
	}
	kept := &p.disk.log.stable
	if s := msg.Standing; s != nil && kept.standsBehind(s) != "" {
		p.w.fail("promises", "%s says how it stands: %s", p.node.name, kept.standsBehind(s))
	}
	if len(msg.Raft) == 0 {
		return
	}
	rm := new(raftpb.Message)
	must.That(proto.Unmarshal(msg.Raft, rm) == nil, "a message of raft can be decoded")
	if why := kept.keeps(rm, &p.disk.log.content); why != "" {
		p.w.fail("promises", "%s sends %s: %s", p.node.name, rm.GetType(), why)
	}
}

// standsBehind says why what a member tells of its disk is more than there is.
func (c *content) standsBehind(s *pb.Standing) string {
	last, term := c.last(), c.termAt(c.last())
	switch {
	case s.Term > c.hard.GetTerm():
		return fmt.Sprintf("at term %d, on its disk is %d", s.Term, c.hard.GetTerm())
	case s.LastTerm > term, s.LastTerm == term && s.LastIndex > last:
		return fmt.Sprintf("with entry %d of term %d, on its disk %d of term %d is the last", s.LastIndex, s.LastTerm, last, term)
	}
	return ""
}

// keeps says why a message of raft promises more than is on the disk; written is
// what the log was given, on disk or not.
func (c *content) keeps(rm *raftpb.Message, written *content) string {
	term, vote := c.hard.GetTerm(), c.hard.GetVote()
	switch kind := rm.GetType(); {
	case kind == raftpb.MsgPreVote, kind == raftpb.MsgPreVoteResp: // of a term that may never come
	case rm.GetTerm() > term:
		return fmt.Sprintf("at term %d, on its disk is %d", rm.GetTerm(), term)
	case rm.GetTerm() < term, rm.GetReject(): // who said so is past that term, or promises nothing
	case kind == raftpb.MsgVote && vote != rm.GetFrom(), kind == raftpb.MsgVoteResp && vote != rm.GetTo():
		return fmt.Sprintf("in term %d, with the vote for %x on its disk", term, vote)
	case kind == raftpb.MsgAppResp && written.hard.GetTerm() == term && !c.has(rm.GetIndex(), written):
		return fmt.Sprintf("up to entry %d, of which its disk has not all: the last there is %d", rm.GetIndex(), c.last())
	}
	return ""
}

// has says whether an entry that was written is here.
func (c *content) has(index uint64, written *content) bool {
	return index <= c.last() && c.termAt(index) == written.termAt(index)
}

// termAt is the term of an entry, 0 of one that is not there or was cut off.
func (c *content) termAt(index uint64) uint64 {
	if index == c.cut {
		return c.cutTerm
	}
	return c.at(index).GetTerm()
}

// watchApply sees that an entry is on the process's own disk when it is applied: the
// state may be flushed at any moment, and must not be ahead of its log.
func (p *process) watchApply(index, term uint64) {
	if kept := &p.disk.log.stable; !p.w.broken.promisesEarly && (index > kept.last() || kept.termAt(index) != term) {
		p.w.fail("promises", "%s applies entry %d of term %d, on its disk %d is the last", p.node.name, index, term, kept.last())
	}
}
