package sim

import (
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// checkpointEvery is how often the leader asks whether all have the same state.
const checkpointEvery = 600

// mark is where the process's state stands.
func (p *process) mark() agree.Mark {
	at := p.machine.Position()
	return agree.Mark{Index: at.Index, Size: at.JournalSize, Root: at.JournalRoot, Digest: p.machine.Digest()}
}

// Mark implements sequencer.Driver.
func (p *process) Mark(from uint64, m *pb.Mark) {
	p.agreed(p.agree.Step(from, m, p.seq.Electorate()))
}

// agreed keeps what the agreement asks for, in its order, for the next turn.
func (p *process) agreed(events []agree.Event) {
	if len(events) > 0 {
		p.asked = append(p.asked, events...)
		p.Wake()
	}
}

// doAsked does what the agreement asked for. A checkpoint is signed only after a
// majority had its root.
func (p *process) doAsked() {
	asked := p.asked
	p.asked = nil
	for _, e := range asked {
		switch e := e.(type) {
		case agree.Send:
			p.member.SendMark(e.To, e.Mark)
		case agree.Agreed:
			p.sign(e.Mark)
		case agree.Diverged:
			p.w.fail("digests", "%s learns at entry %d that a majority has another state", p.node.name, e.Mine.Index)
		}
	}
}

// sign publishes a checkpoint over a mark: on each node they only grow.
func (p *process) sign(m agree.Mark) {
	if m.Size < p.signed {
		p.w.fail("journal", "%s signs %d entries after it signed %d", p.node.name, m.Size, p.signed)
	}
	p.signed = m.Size
	p.w.seen.signed = max(p.w.seen.signed, m.Index)
	p.w.publish(m.Size, m.Root, p.node.name)
	p.w.reach("checkpoint signed")
}
