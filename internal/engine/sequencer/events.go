package sequencer

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// events is the Sequencer as its member sees it.
type events Sequencer

// Send implements member.Events.
func (e *events) Send(msg *pb.PeerMessage) { e.opt.Driver.Send(msg) }

// Behind implements member.Events.
func (e *events) Behind(s *pb.SnapshotManifest) { e.opt.Driver.Behind(s) }

// Mark implements member.Events.
func (e *events) Mark(from uint64, m *pb.Mark) { e.opt.Driver.Mark(from, m) }

// Refused implements member.Events.
func (e *events) Refused(err *member.RefusedError) { e.opt.Driver.Refused(err) }

// Read implements member.Events.
func (e *events) Read(token, index uint64) { e.reads.answer(token, index) }

// Commit implements member.Events.
func (e *events) Commit(c member.Commit) {
	s := (*Sequencer)(e)
	s.follow() // before who applies sees the term's first entry
	out := Commit{Commit: c}
	switch tag := c.Tag.(type) {
	case *Frame:
		out.Frame = tag
		s.lag.Add(1)
		s.lagging.Add(int64(len(tag.Waiters)))
	case change:
		s.look() // before who asked for it looks
		tag(nil)
	}
	s.opt.Driver.Commit(out)
}

// Lost implements member.Events: the callers of a proposal whose outcome is open
// must ask again.
func (e *events) Lost(tag any) {
	switch t := tag.(type) {
	case *Frame:
		(*Sequencer)(e).settled(t)
		t.refuse(code.Unknown)
	case change:
		t(ErrChangeLost)
	}
}
