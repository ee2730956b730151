package agree

import "slices"

// round is one question to all members and what they answered.
type round struct {
	mine    Mark
	members Members
	self    uint64
	// leads: the verdict is told to all.
	leads bool
	marks []Named // of those who answered, this node first
	// majority is the mark that most voters have, once that is known.
	majority *Mark
	split    bool     // reported
	named    []uint64 // who was reported to differ
}

func newRound(self uint64, mine Mark, members Members, leads bool) *round {
	r := &round{mine: mine, self: self, leads: leads, marks: []Named{{self, mine}}}
	r.members = Members{Voters: slices.Clone(members.Voters), Learners: slices.Clone(members.Learners)}
	return r
}

// questions are for all members that have not answered.
func (r *round) questions() (out []Event) {
	for _, ids := range [][]uint64{r.members.Voters, r.members.Learners} {
		for _, id := range ids {
			if _, answered := r.of(id); !answered {
				out = append(out, Send{id, r.mine.question()})
			}
		}
	}
	return out
}

func (r *round) of(id uint64) (Mark, bool) {
	for _, n := range r.marks {
		if n.Member == id {
			return n.Mark, true
		}
	}
	return Mark{}, false
}

// take notes an answer; it is false for who was not asked or answered before.
func (r *round) take(from uint64, m Mark) bool {
	if _, answered := r.of(from); answered || !r.members.has(from) {
		return false
	}
	r.marks = append(r.marks, Named{from, m})
	return true
}

// votes is how many voters have m.
func (r *round) votes(m Mark) (n int) {
	for _, named := range r.marks {
		if r.members.votes(named.Member) && named.Mark.Same(m) {
			n++
		}
	}
	return n
}

// count looks for the mark that more than half of all voters have.
func (r *round) count() {
	for _, named := range r.marks {
		if 2*r.votes(named.Mark) > len(r.members.Voters) {
			m := named.Mark
			r.majority = &m
			return
		}
	}
}

// complete says whether every voter has answered.
func (r *round) complete() bool {
	return !slices.ContainsFunc(r.members.Voters, func(id uint64) bool {
		_, answered := r.of(id)
		return !answered
	})
}

// decide looks at a round after something was learnt.
func (a *Agreement) decide(r *round) (out []Event) {
	if r.majority == nil {
		if r.count(); r.majority == nil {
			return r.splitUp()
		}
		out = a.proclaim(r)
	}
	if !r.mine.Same(*r.majority) {
		return out // who is in the minority names nobody else
	}
	for _, n := range r.marks {
		if !n.Mark.Same(*r.majority) && !slices.Contains(r.named, n.Member) {
			r.named = append(r.named, n.Member)
			out = append(out, Differs{n.Member, r.mine, n.Mark})
		}
	}
	return out
}

// proclaim tells the verdict, unless this node is the one that is wrong.
func (a *Agreement) proclaim(r *round) []Event {
	if !r.mine.Same(*r.majority) {
		return []Event{Diverged{r.mine, *r.majority}}
	}
	out := a.agree(r.mine)
	if !r.leads {
		return out
	}
	return append(out, r.verdicts()...)
}

// verdicts tell all other members what a majority has.
func (r *round) verdicts() (out []Event) {
	for _, ids := range [][]uint64{r.members.Voters, r.members.Learners} {
		for _, id := range ids {
			if id != r.self {
				out = append(out, Send{id, r.mine.message(KindVerdict)})
			}
		}
	}
	return out
}

// splitUp reports once that no majority can come about any more.
func (r *round) splitUp() []Event {
	if r.split || !r.complete() || len(r.members.Voters) == 0 {
		return nil
	}
	r.split = true
	return []Event{Split{slices.Clone(r.marks)}}
}
