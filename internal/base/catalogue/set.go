package catalogue

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Set is rules put together, found by their numbers.
type Set struct {
	Rules    []*Rule
	commands []*Spec // by number; nil where there is none
	due      map[pb.DueKind]*Due
}

// maxNumber bounds command numbers, so that a slice finds them.
const maxNumber = 4096

// NewSet puts rules together. It fails when two of them claim the same command
// number or name, table, kind of due row, sweep or backfill.
func NewSet(rules ...*Rule) (*Set, error) {
	s := &Set{Rules: rules, due: map[pb.DueKind]*Due{}}
	taken := map[string]string{}
	for _, r := range rules {
		for _, what := range r.owns() {
			if by, ok := taken[what]; ok {
				return nil, fmt.Errorf("%s is declared by %s and by %s", what, by, r.Name)
			}
			taken[what] = r.Name
		}
		for _, c := range r.Commands {
			if c.Number == 0 || c.Number >= maxNumber {
				return nil, fmt.Errorf("command number %d of %s is none of 1 to %d", uint32(c.Number), r.Name, maxNumber-1)
			}
			if n := int(c.Number); n >= len(s.commands) {
				s.commands = slices.Grow(s.commands, n+1-len(s.commands))[:n+1]
			}
			s.commands[c.Number] = c
		}
		for i := range r.Due {
			s.due[r.Due[i].Kind] = &r.Due[i]
		}
	}
	return s, nil
}

// owns lists the things of which there is one among all rules.
func (r *Rule) owns() (list []string) {
	list = append(list, "rule "+r.Name)
	for _, c := range r.Commands {
		list = append(list, fmt.Sprintf("command number %d", uint32(c.Number)), "command "+c.Name)
	}
	for _, id := range r.Tables {
		list = append(list, fmt.Sprintf("table %#x (%s)", byte(id), id))
	}
	for _, c := range r.Counters {
		list = append(list, fmt.Sprintf("counter %d", c))
	}
	for _, k := range r.Kinds {
		list = append(list, "kind "+k.Number.String(), "entities "+k.Name)
	}
	for _, d := range r.Due {
		list = append(list, "due kind "+d.Kind.String())
	}
	for _, w := range r.Sweeps {
		list = append(list, "sweep "+w.Name)
	}
	for _, b := range r.Fills {
		list = append(list, "backfill "+b.Name)
	}
	for _, i := range r.Invariants {
		list = append(list, "invariant "+i.Name)
	}
	return list
}

// Command finds a command by its number; nil when no rule has it.
func (s *Set) Command(n Number) *Spec {
	if int64(n) >= int64(len(s.commands)) {
		return nil
	}
	return s.commands[n]
}

// Commands lists all commands in the order of their numbers.
func (s *Set) Commands() (list []*Spec) {
	for _, c := range s.commands {
		if c != nil {
			list = append(list, c)
		}
	}
	return list
}

// Due finds the kind of a due row; nil when no rule has it.
func (s *Set) Due(kind pb.DueKind) *Due { return s.due[kind] }

// Kinds lists all kinds of entities, in the order of the rules.
func (s *Set) Kinds() (list []Kind) {
	for _, r := range s.Rules {
		list = append(list, r.Kinds...)
	}
	return list
}

// Kind finds a kind by its number; false when no rule keeps it.
func (s *Set) Kind(number pb.Kind) (Kind, bool) {
	kinds := s.Kinds()
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Number == number })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}

// Entity is what the journal calls an entity, "order/17".
func (k Kind) Entity(id uint64) string { return k.Name + "/" + strconv.FormatUint(id, 10) }

// Owner names the rule that declares the table, "" when none does.
func (s *Set) Owner(id table.ID) string {
	for _, r := range s.Rules {
		if slices.Contains(r.Tables, id) {
			return r.Name
		}
	}
	return ""
}

// Fills lists all backfills in the order of their levels.
func (s *Set) Fills() (list []Fill) {
	for _, r := range s.Rules {
		list = append(list, r.Fills...)
	}
	slices.SortStableFunc(list, func(a, b Fill) int { return int(a.Level) - int(b.Level) })
	return list
}
