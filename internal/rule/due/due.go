// Package due is the table of things to be done at a time. Tick does them; no
// rule relies on it having run.
package due

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Item is one row: what is due when.
type Item struct {
	At   int64
	Kind pb.DueKind
	ID   uint64
}

func key(i Item) table.Key {
	return table.K(table.Due).I64(i.At).U32(uint32(i.Kind)).U64(i.ID)
}

// Put makes something due at a time, Unix milliseconds.
func Put(tx table.Txn, at int64, kind pb.DueKind, id uint64) {
	tx.Set(key(Item{at, kind, id}), nil)
}

// Done removes an item.
func Done(tx table.Txn, i Item) { tx.Delete(key(i)) }

// List returns the items due by a time, earliest first, at most limit.
func List(r table.Reader, by int64, limit int) []Item {
	var items []Item
	from, _ := table.Range(table.Due)
	r.Scan(from, table.K(table.Due).I64(by+1), func(k, _ []byte) bool {
		items = append(items, parse(k))
		return len(items) < limit
	})
	return items
}

// Scan visits all items, earliest first.
func Scan(r table.Reader, visit func(Item) bool) {
	from, to := table.Range(table.Due)
	r.Scan(from, to, func(k, _ []byte) bool { return visit(parse(k)) })
}

func parse(key []byte) Item {
	f := table.F(key)
	return Item{f.I64(), pb.DueKind(f.U32()), f.U64()}
}

// Rule is what this package brings: the table that other rules write through it.
var Rule = catalogue.Rule{Name: "due", Tables: []table.ID{table.Due}}
