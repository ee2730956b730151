package machine

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Outdated is why a machine stopped, or did not open, that is older than what
// it was given: a state or a log that only a newer binary understands. Nothing of
// the frame was written, and the newer binary goes on from there.
//
// It is no broken invariant. The other nodes did what this one cannot, so the
// command must not be passed over here: this node would hold another state than
// they do.
type Outdated struct {
	// Index is the frame's, 0 when it is the state that is newer; Position the
	// command's in it, from 0.
	Index    uint64
	Position int
	// Level is what the state or the command asks for; 0 for a command whose
	// number is unknown.
	Level  uint32
	Number catalogue.Number
	// Version is of the binary that raised the level, "" when it did not say.
	Version string
	// Known is the highest level that this binary knows.
	Known uint32
}

func (o *Outdated) Error() string {
	switch {
	case o.Index == 0:
		return fmt.Sprintf("the state is at feature level %d and this binary knows %d", o.Level, o.Known)
	case o.Level == 0:
		return fmt.Sprintf("frame %d, command %d has number %d, which this binary does not know; it knows feature level %d", o.Index, o.Position, o.Number, o.Known)
	}
	return fmt.Sprintf("frame %d, command %d sets the feature level to %d and this binary knows %d", o.Index, o.Position, o.Level, o.Known)
}

// Start says which binary goes on.
func (o *Outdated) Start() string {
	switch {
	case o.Version != "":
		return fmt.Sprintf("start version %s or a newer one on this data folder", o.Version)
	case o.Level != 0:
		return fmt.Sprintf("start a version that knows feature level %d on this data folder", o.Level)
	}
	return "start the version that the other nodes run on this data folder"
}

// maxLevel is what this binary knows, or the older one that a test plays.
func (m *Machine) maxLevel() uint32 {
	if m.opt.MaxLevel != 0 {
		return m.opt.MaxLevel
	}
	return MaxLevel
}

// tooNew stops at a command that sets a level which this binary does not know.
// Refusing it would part this node from those that know it. Apply adds the place.
func (m *Machine) tooNew(cmd *pb.Command) error {
	if level, version := asksFor(cmd, m.head.Level); level > m.maxLevel() {
		return &Outdated{Level: level, Version: version, Known: m.maxLevel()}
	}
	return nil
}

// Admissible says whether a leader may put the command into the log now, at the
// state's level, knowing levels up to known: OK or why not. A follower with an
// older binary, for which the level was not raised, must never meet a command
// that it does not know; and nobody may raise the level beyond what the leader
// itself knows, since all nodes would stop at it.
func Admissible(cmd *pb.Command, level, known uint32) code.Code {
	c := set.Command(catalogue.Number(cmd.Number))
	sets, _ := asksFor(cmd, level)
	switch {
	case c == nil || c.Level > known:
		return code.CommandUnknown
	case c.Level > level && level != 0:
		return code.LevelTooLow
	case sets > known:
		return code.LevelUnsupported
	}
	return code.OK
}

// asksFor is the level that a command sets for a state at level at, 0 for those
// that set none, and the version that asked for it. What cannot be decoded is the
// handler's affair.
func asksFor(cmd *pb.Command, at uint32) (level uint32, version string) {
	switch n := catalogue.Number(cmd.Number); {
	case n == catalogue.Genesis && at == 0: // a second one is refused, whatever it asks for
		var body pb.Genesis
		_ = body.UnmarshalVT(cmd.Body)
		return body.Level, ""
	case n == catalogue.SetLevel:
		var body pb.SetLevel
		_ = body.UnmarshalVT(cmd.Body)
		return body.Level, body.Version
	}
	return 0, ""
}
