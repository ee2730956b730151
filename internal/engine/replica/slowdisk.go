package replica

import (
	"slices"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/member"
)

const (
	// slowAppend is what an append may take on a disk that is well.
	slowAppend = 200 * time.Millisecond
	// slowFor is how long a leader's disk may be slow before another node with a
	// faster one shall lead: every commit waits for the leader's own append.
	slowFor = 3 * time.Second
	// askAgain is how long one waits for a wish to hand the lead over to come true.
	askAgain = 2 * time.Second
)

// timeWrite notes how long an append took; of the loop.
func (r *Replica) timeWrite(w *write) {
	switch {
	case w.took < slowAppend:
		r.slowSince = time.Time{}
	case r.slowSince.IsZero():
		r.slowSince = w.begun
	}
}

// watchDisk hands the lead over when this node's disk takes no writes, or has been
// slow for a while, and another node's is well; of the loop.
func (r *Replica) watchDisk() {
	if r.seq.Term() == 0 {
		return
	}
	if r.opt.SpaceLow != nil && r.opt.SpaceLow() {
		if time.Since(r.askedFor) > askAgain && r.fitPeer() {
			r.askedFor = time.Now()
			r.opt.Logger.Error("this node's disk takes no writes: another node shall lead until there is room")
			r.seq.Member().Transfer(0)
		}
		return
	}
	since := r.slowSince
	if since.IsZero() || time.Since(since) < slowFor || r.Status().Alone {
		return
	}
	r.opt.Logger.Warn("this node's disk is slow: another node shall lead", "since", since)
	r.slowSince = time.Time{} // measured anew before it is asked again
	r.seq.Member().Transfer(0)
}

// fitPeer says whether a voter was heard lately whose disk takes writes.
func (r *Replica) fitPeer() bool {
	s := r.Status()
	return slices.ContainsFunc(s.Peers, func(p member.PeerStatus) bool {
		return slices.Contains(s.Voters, p.Member.RaftId) && p.Fit()
	})
}
