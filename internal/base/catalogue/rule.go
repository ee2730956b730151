package catalogue

import (
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Rule is what one rule package brings. Its order among the rules is the order
// in which a Tick sweeps, and so part of what the log means.
type Rule struct {
	// Name is the rule's noun, for reports.
	Name     string
	Commands []*Spec
	// Kinds are the kinds of entities the rule keeps that records can point at.
	Kinds []Kind
	// Tables are those the rule alone writes.
	Tables []table.ID
	// Counters are those the rule alone takes numbers from.
	Counters []deed.Counter
	Due      []Due
	Sweeps   []Sweep
	// Fills are in the order of their levels.
	Fills []Fill
	// Invariants are what holds of the rule's rows between any two commands.
	Invariants []Invariant
}

// Kind is a kind of entity.
type Kind struct {
	// Number stands in subjects.
	Number pb.Kind
	// Name begins the entity's name in the journal: "order" in "order/17".
	Name string
	// Listed are the commands that make such an entity, when views are to list
	// each owner's entities by the time they were made; none when they are not.
	// The owner is the first part of the natural key in the journal, and the
	// entities' numbers grow with time.
	Listed []Number
	// Tells is a person whom a command's entry about such an entity, or about a part of
	// one, concerns though it posts to no account of theirs, 0 when there is none; name is
	// the entity's natural key. nil where there never is one. Nobody is asked about an
	// entry that moves money between two people.
	Tells func(r table.Reader, by Number, id uint64, name []byte) uint64
	// Parts begin the names of entities that belong to one of this kind, whose number
	// follows: "cash" in "cash/7/a1", which was done at the till 7.
	Parts []string
	// TellsMerchant is the merchant whom a command's entry about such an entity, or about a
	// part of one, concerns though it posts to no account of theirs, "" when there is
	// none. nil where there never is one.
	TellsMerchant func(r table.Reader, by Number, id uint64, name []byte) string
}

// Due is a kind of row in the table of things to be done at a time.
type Due struct {
	Kind pb.DueKind
	// Of is the kind of the entity that the row's id names.
	Of pb.Kind
	// Do does what is due for the entity with the id. The row is gone already.
	Do func(d *deed.Deed, id uint64)
}

// Sweep is a cursor that Ticks move over rows which have their own time, so that
// they need none in the table of due things.
type Sweep struct {
	// Name is what the rows are swept for.
	Name string
	// Do looks at no more than limit rows, and returns at how many it looked.
	Do func(d *deed.Deed, limit int) (looked int)
	// Next is when the row at the cursor is to be looked at, business Unix
	// milliseconds; ok is false when there is none.
	Next func(r table.Reader, head *pb.Head) (at int64, ok bool)
}

// Fill is a layout or index of a level that older rows get step by step.
type Fill struct {
	Name string
	// Level is the feature level that asks for it.
	Level uint32
	// Step does at most limit rows from a cursor on, nil at first. It may be
	// repeated.
	Step func(tx table.Txn, cursor []byte, limit int) (next []byte, done bool)
}
