package sim

import (
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// broken is what is wrong on purpose in a run: places where the driver does what
// a careless one would. All zero is the driver as it should be.
type broken struct {
	onStart   func(*process)
	onCommit  func(*process, *member.Commit)
	onPropose func(*process, *frame, []byte)
	onApply   func(p *process, index uint64, data []byte) []byte
	onMessage func(*process, *pb.PeerMessage)

	readsLocally  bool
	guesses       bool
	losesIdentity bool
	reportsFirst  bool
	cutsTooMuch   bool
}

// Variant is a driver that is broken on purpose.
type Variant struct {
	// Why says what a careless driver does here.
	Why string
	// Checker is the rule that must catch it.
	Checker string
	make    func() broken
}

// Variants are the broken drivers, by name.
var Variants = map[string]Variant{}
