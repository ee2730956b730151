package sim

import (
	"errors"

	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// operator brings the members to what is wanted, one change after the other, as
// operators and the nodes do by themselves: a node whose folder is gone or too old
// joins anew, one that is not wanted any more is removed. What may be done is
// engine/membership's to say.
type operator struct {
	w *World
	// wanted are the nodes that shall be members, by name; with true an operator
	// gives them their vote rather than wait until the leader does.
	wanted  map[string]bool
	mends   bool
	waiting bool
}

func newOperator(w *World) *operator {
	return &operator{w: w, wanted: make(map[string]bool), mends: true}
}

// run looks every half second.
func (o *operator) run() {
	o.w.every(500, func() bool {
		o.look()
		return true
	})
}

// look makes the next change that is needed.
func (o *operator) look() {
	if o.mends {
		o.setAside()
	}
	p := o.w.leader()
	if p == nil || o.waiting || p.node.pausedUntil > o.w.now {
		return
	}
	s := p.member.Status()
	if s.Changing {
		return
	}
	for _, n := range o.w.nodes {
		hurry, wanted := o.wanted[n.name]
		if !wanted || n.disk == nil || n.disk.id.ClusterID != o.w.cluster {
			continue // a folder of another cluster is never let in
		}
		switch m := membership.Find(s.Members.Members, n.disk.id.RaftID); {
		case m == nil:
			if o.join(p, s, n) {
				return
			}
		case n.process == nil && n.starts == 0: // it has joined and never run
			n.disk.known = s.Members
			o.w.start(n)
		case hurry && m.Role == pb.MemberRole_MEMBER_ROLE_LEARNER:
			if voter, err := membership.Promote(s, m, p.machine.Position().Level >= membership.LevelKeys); err == nil {
				o.propose(p, voter)
				return
			}
		}
	}
	for _, m := range s.Members.Members {
		if _, wanted := o.wanted[m.Name]; wanted || !membership.In(m) {
			continue
		}
		if gone, err := membership.Remove(s, p.disk.id.RaftID, m, true); err == nil {
			o.propose(p, gone)
			return
		}
	}
}

// setAside gives a new folder to wanted nodes that have none or must not use it.
func (o *operator) setAside() {
	for _, n := range o.w.nodes {
		if _, wanted := o.wanted[n.name]; !wanted {
			continue
		}
		switch {
		case n.disk == nil, n.refused != nil && (n.refused.Rejoin() || n.refused.Why == member.OtherCluster):
			n.disk, n.refused, n.starts = newDisk(o.w.identity(n)), nil, 0
			o.w.tell(n.name, "makes a new folder and joins anew")
		case n.process == nil && n.outdated != nil && n.knows > n.outdated.Known:
			o.w.start(n) // its supervisor, once there is a newer binary
		case n.refused != nil && n.refused.Why == member.Superseded:
			o.w.endCopies(n)
			o.w.start(n)
		}
	}
}

// endCopies stops whoever runs on a copy of a node's folder.
func (w *World) endCopies(n *node) {
	for _, other := range w.nodes {
		if other.copyOf == n {
			w.tell(other.name, "is stopped: it runs on a copy of another folder")
			if other.process != nil {
				other.process.kill()
			}
			other.disk, other.copyOf = nil, nil
		}
	}
}

// join has the leader let a node in, and says whether it does.
func (o *operator) join(p *process, s member.Status, n *node) bool {
	changes, err := membership.Join(s, p.disk.id.RaftID, n.member(pb.MemberRole_MEMBER_ROLE_LEARNER))
	var refused *membership.Refusal
	if errors.As(err, &refused) {
		if refused.Why == membership.Wait {
			o.w.reach("not let in yet")
		}
		if refused.Why == membership.Retired {
			n.disk, n.starts = newDisk(o.w.identity(n)), 0
		}
		return false
	}
	o.propose(p, changes...)
	return true
}

func (o *operator) propose(p *process, members ...*pb.Member) {
	o.waiting = true
	settled := func(error) { o.waiting = false }
	o.w.after(3000, func() { o.waiting = false })
	p.post(func() {
		p.seq.Change(p.clock(), "node/member", members, settled)
		for _, m := range members {
			o.w.reach("asked for a " + roleName(m.Role))
			o.w.tell("operator", "asks %s to make %s (%016x) a %s", p.node.name, m.Name, m.RaftId, m.Role)
		}
	})
}
