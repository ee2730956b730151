package simdisk

import (
	"errors"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
)

// restart starts a node. A node whose disk is not damaged must start; one whose
// disk is may refuse, but must say what is damaged, and then heals.
func (w *World) restart(n *node) {
	err := n.start()
	if err == nil {
		w.tell("%s starts", n.name)
		return
	}
	w.tell("%s refuses to start: %v", n.name, err)
	if !n.tainted {
		w.fail("%s does not start, and nothing is damaged: %v", n.name, err)
	}
	if !named(err) {
		w.fail("%s does not start and does not name what is damaged: %v", n.name, err)
	}
	w.healFolder(n, err)
}

// named says whether an error says which file, entry or row is concerned.
func named(err error) bool {
	text := err.Error()
	return strings.Contains(text, dataDir+"/") || strings.Contains(text, "row ") || strings.Contains(text, "entry ")
}

// healFolder heals a node that refused to start, by what it said. A node alone
// has nobody to heal from: its operator puts the files back, which the act does.
func (w *World) healFolder(n *node, err error) {
	if w.opt.Nodes == 1 {
		return
	}
	var where *part
	if errors.As(err, &where) && where.state {
		w.refetch(n)
		return
	}
	w.rejoin(n)
}

// rejoin: the node cannot vouch for what it acknowledged.
func (w *World) rejoin(n *node) {
	w.tell("%s sets its folder aside and joins anew", n.name)
	n.lose()
}

// refetch takes the state from a peer.
func (w *World) refetch(n *node) {
	n.end(100)
	for range settleTicks {
		if from := w.peer(n); from != nil {
			w.tell("%s fetches its state from %s", n.name, from.name)
			err := n.refetch(from)
			if err == nil {
				return
			}
			w.tell("%s: %v", n.name, err)
			var where *part
			if errors.As(err, &where) && !where.state {
				w.rejoin(n) // the log turned out to be damaged as well
				return
			}
		}
		w.tick()
	}
	w.fail("%s: %v", n.name, errPeer)
}

// peer is a node that leads and is not damaged.
func (w *World) peer(n *node) *node {
	if from := w.leader(); from != nil && from != n && !from.tainted && from.life.member.Status().Proven {
		return from
	}
	return nil
}

// stopped: a process cannot go on because of an error. Only damage may be the
// reason, and only on a disk that was damaged.
func (w *World) stopped(n *node, err error) {
	w.tell("%s stops: %v", n.name, err)
	n.end(100)
	state, inState := scrub.FromState(err)
	_, inLog := scrub.FromLog(err)
	if !n.tainted || !inState && !inLog {
		w.fail("%s stops: %v", n.name, err)
	}
	if w.opt.Nodes == 1 {
		return // the operator
	}
	var entry *raftlog.EntryError
	if errors.As(err, &entry) || !inState || strings.Contains(state.Where, logDir) {
		w.rejoin(n)
		return
	}
	w.refetch(n)
}

// heal does what Plan says of each finding.
func (w *World) heal(n *node, found []scrub.Finding) {
	l := n.life
	applied, _ := l.machine.Applied()
	in := scrub.Situation{Peers: w.opt.Nodes > 1, Applied: applied, StateDamaged: l.scrub.Status().StateDamaged()}
	worst := scrub.Report
	for _, f := range found {
		a := scrub.Plan(f, in)
		w.tell("%s found %v: %s", n.name, f, a)
		switch a {
		case scrub.Rejoin:
			worst = a
		case scrub.RefetchState:
			if worst != scrub.Rejoin {
				worst = a
			}
		case scrub.CutLog, scrub.RewriteAcked:
			var err error
			if !l.call(func() { err = l.scrub.Mend(f, a) }) {
				n.died()
				return
			}
			if err != nil {
				w.tell("%s: %v", n.name, err)
				if in.Peers {
					worst = scrub.Rejoin
				}
			}
		}
	}
	switch worst {
	case scrub.Rejoin:
		w.rejoin(n)
	case scrub.RefetchState:
		w.refetch(n)
	}
}
