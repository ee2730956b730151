package simdisk

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// settle waits until all nodes run, vote, and have come to one index, and sees to
// it that the log goes on being written to.
func (w *World) settle() {
	for _, n := range w.nodes {
		if n.life == nil && (n.known != nil || n.first) {
			w.restart(n)
		}
	}
	before := w.acks
	w.until("all nodes run and vote, and commands are acknowledged", func() bool { return w.acks > before && w.together() || w.idle && w.together() })
	idle := w.idle
	w.idle = true
	w.until("all nodes have applied the same", func() bool {
		if !w.together() || w.waiting() > 0 {
			return false
		}
		index, _ := w.nodes[0].life.machine.Applied()
		for _, n := range w.nodes {
			if i, _ := n.life.machine.Applied(); i != index {
				return false
			}
		}
		return true
	})
	w.idle = idle
}

// together says whether there is a leader and all nodes are voters at work.
func (w *World) together() bool {
	lead := w.leader()
	if lead == nil {
		return false
	}
	for _, n := range w.nodes {
		if n.life == nil || !n.life.member.Status().Proven {
			// A node that died by itself is started again, as its supervisor would.
			if n.life == nil && (n.known != nil || n.first) {
				w.restart(n)
			}
			return false
		}
	}
	return len(lead.life.member.Status().Voters) == len(w.nodes)
}

// present checks that whatever was acknowledged is there, on every node, and that
// all nodes hold the same. The nodes have settled.
func (w *World) present() {
	first := w.nodes[0].life
	for _, n := range w.nodes {
		if index, _ := n.life.machine.Applied(); index < w.topIndex {
			w.fail("%s has applied %d, but entry %d was acknowledged", n.name, index, w.topIndex)
		}
		if n.life.machine.Digest() != first.machine.Digest() || n.life.machine.Position() != first.machine.Position() {
			w.fail("%s holds another state than %s", n.name, w.nodes[0].name)
		}
	}
	w.served(w.any(), false) // they hold the same
}

// served reads every acknowledged fact that a node has come to from it. With excused a row may be
// refused as damaged; it must never read as something else.
func (w *World) served(n *node, excused bool) (refused int) {
	l := n.life
	var wrong string
	alive := l.call(func() {
		snap := l.store.Snapshot()
		defer snap.Close()
		applied, _ := l.machine.Applied()
		for _, f := range w.order {
			if f.madeAt > applied {
				continue
			}
			o, err := l.read(snap, f.no)
			if err != nil {
				if _, named := scrub.FromState(err); !excused || !named {
					wrong = fmt.Sprintf("order %s cannot be read: %v", f.no, err)
					return
				}
				refused++
				continue
			}
			if wrong = f.differs(o, applied); wrong != "" {
				return
			}
		}
	})
	if !alive {
		n.died()
		return 0
	}
	if wrong != "" {
		w.fail("%s: %s", n.name, wrong)
	}
	return refused
}

// differs says how an order differs from what was acknowledged of it up to an
// index.
func (f *fact) differs(o *pb.Order, applied uint64) string {
	switch {
	case o == nil:
		return fmt.Sprintf("order %s was acknowledged and is not there", f.no)
	case f.paid && f.paidAt <= applied && !order.Paid(o):
		return fmt.Sprintf("the payment of order %s was acknowledged and is not there", f.no)
	case o.Total != 100 || o.PrepayId != f.prepay:
		return fmt.Sprintf("order %s reads as another one", f.no)
	}
	return ""
}

// whole is the end of a run: every store is read from end to end, the books
// balance, and a majority has agreed on what is newest.
func (w *World) whole() {
	w.present()
	w.idle = true
	at, _ := w.nodes[0].life.machine.Applied()
	w.until("a majority agrees on the state", func() bool { return w.agreed >= at })
	for _, n := range w.nodes {
		w.served(n, false)
		if found := w.pass(n); len(found) > 0 {
			w.fail("%s: nothing is damaged any more, and the scrubber finds %v", n.name, found)
		}
		n.tainted = false
		w.audit(n)
	}
}

// audit checks what must hold of every state.
func (w *World) audit(n *node) {
	snap := n.life.store.Snapshot()
	defer snap.Close()
	if err := machine.Audit(snap); err != nil {
		w.fail("%s: %v", n.name, err)
	}
}

// pass is one scrubber's pass over a node that runs.
func (w *World) pass(n *node) (found []scrub.Finding) {
	l := n.life
	if !l.call(func() { found = l.pass() }) {
		n.died()
		return nil
	}
	if l.err != nil {
		w.stopped(n, l.err)
	}
	return found
}
