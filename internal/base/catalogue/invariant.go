package catalogue

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Invariant is something that holds of the rows between any two commands. One
// list of them serves whoever checks a state: verify, simulators, stories.
type Invariant struct {
	// Name is the sentence that holds.
	Name string
	// Check reports every breach it finds, until report returns false. A row
	// that cannot be read panics with a *table.Damage.
	Check func(r table.Reader, head *pb.Head, report Report)
}

// Report takes one breach: the row or account, and what is wrong with it. It
// returns false when no more are wanted.
type Report func(where, format string, args ...any) (more bool)

// Breach is a place where an invariant does not hold.
type Breach struct {
	Invariant string
	Where     string
	What      string
}

func (b *Breach) Error() string {
	return fmt.Sprintf("%s: %s (it should hold that %s)", b.Where, b.What, b.Invariant)
}

// Check checks the rule's invariants and hands out each breach until found
// returns false; it returns false then too.
func (rule *Rule) Check(r table.Reader, head *pb.Head, found func(*Breach) bool) bool {
	more := true
	for _, i := range rule.Invariants {
		i.Check(r, head, func(where, format string, args ...any) bool {
			more = more && found(&Breach{Invariant: i.Name, Where: where, What: fmt.Sprintf(format, args...)})
			return more
		})
		if !more {
			return false
		}
	}
	return true
}
