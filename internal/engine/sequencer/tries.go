package sequencer

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Tries is what is known of a command that is tried more than once, here or at
// whichever node leads. Commands have identities, so a later try finds what an
// earlier one did, and its answer is true; it may tell of what others have done
// with it since.
type Tries struct{ open bool }

// Again says whether a refused command is to be tried where the lead is next.
func (t *Tries) Again(refusal code.Code) bool {
	t.open = t.open || refusal == code.Unknown
	return refusal == code.NotLeader || refusal == code.Unknown
}

// Open says whether a try may have been taken without an answer.
func (t *Tries) Open() bool { return t.open }

// Last is what the caller is told after a refusal when there is no other try: that
// nobody knows, once an earlier one may have been taken.
func (t *Tries) Last(refusal code.Code) code.Code {
	if t.open {
		return code.Unknown
	}
	return refusal
}

// Copy is the envelope for one try: each is stamped anew.
func Copy(cmd *pb.Command) *pb.Command {
	return &pb.Command{Number: cmd.Number, Actor: cmd.Actor, RequestId: cmd.RequestId, Body: cmd.Body, Until: cmd.Until}
}

// Where says where a command is to be run now: here, on the member to, or, with a
// refusal, nowhere.
func (s *Sequencer) Where() (here bool, to *pb.Member, refusal code.Code) {
	switch {
	case s.readOnly.Load():
		return false, nil, code.ReadOnly
	case s.leads.Load():
		return true, nil, code.OK
	}
	to = s.Leader()
	if to == nil || to.RaftId == s.opt.Member.Identity.RaftID {
		return false, nil, code.NotLeader
	}
	return false, to, code.OK
}
