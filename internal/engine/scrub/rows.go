package scrub

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// RowCheck says how rows are checked.
type RowCheck struct {
	// Damaged is told of each finding until it answers false.
	Damaged func(Finding) bool
	// Pace, when not nil, is told how many bytes were read; it may wait. An error
	// from it ends the work and is answered.
	Pace func(bytes int) error
}

// pieceBytes is how much is read through one iterator: a longer one would hold
// on to files that the store has replaced.
const pieceBytes = 1 << 20

// Head reads the Head row among stored rows.
func Head(rows table.Stored) (head *pb.Head, ok bool, err error) {
	err = table.Read(table.NewView(rows, nil), func(r table.Reader) error {
		head, ok = machine.Head(r)
		return nil
	})
	return head, ok, err
}

// Table reads all rows of a table and checks each by its CRC and all of them by
// what head, of the same view, says: their number, their number in each bucket,
// and the sum of their hashes. So rows that vanished silently are noticed and, for
// counted tables, narrowed down. Tables without a digest (the head and the
// journal's, see Journal) are checked row by row only. It returns how many rows
// it read.
func (c RowCheck) Table(rows table.Stored, head *pb.Head, id table.ID) (n uint64, err error) {
	var found table.Digest
	var hasher table.Hasher
	from, to := table.Range(id)
	whole, more := true, true
	err = c.paced(rows).Iterate(from, to, func(key, stored []byte) bool {
		n++
		if _, err := table.Open(key, stored); err != nil {
			whole = false
			more = c.Damaged(Finding{Kind: StateRow, Where: rowName(key), Table: id, Key: slices.Clone(key), Cause: err})
			return more
		}
		if id.Digested() {
			found.Add(&hasher, key, stored)
		}
		return true
	})
	switch {
	case ended(err):
		return n, err
	case err != nil: // the file that cannot be read is named by its own check
		c.Damaged(Finding{Kind: StateTable, Where: "table " + id.String(), Table: id, Cause: err})
		return n, nil
	case !whole || !more || !id.Digested():
		return n, nil
	}
	c.compare(id, &found, digestIn(head, id))
	return n, nil
}

func digestIn(head *pb.Head, id table.ID) *pb.TableDigest {
	for _, d := range head.Digests {
		if table.ID(d.Table) == id {
			return d
		}
	}
	return &pb.TableDigest{} // no row yet
}

// compare reports the most telling difference of a table first.
func (c RowCheck) compare(id table.ID, found *table.Digest, stored *pb.TableDigest) {
	say := func(format string, args ...any) bool {
		return c.Damaged(Finding{Kind: StateTable, Where: "table " + id.String(), Table: id, Cause: fmt.Errorf(format, args...)})
	}
	for i, n := range stored.GetBuckets() {
		if i < len(found.Buckets) && found.Buckets[i] != n {
			say("bucket %d has %d rows, the head says %d", i, found.Buckets[i], n)
			return
		}
	}
	switch {
	case found.Rows != stored.GetRows():
		say("has %d rows, the head says %d", found.Rows, stored.GetRows())
	case found.Hi != stored.GetHi() || found.Lo != stored.GetLo():
		say("digest is %016x%016x, the head says %016x%016x", found.Hi, found.Lo, stored.GetHi(), stored.GetLo())
	}
}

// Journal re-derives the journal's root from its entries and compares tiles and
// root with what is stored.
func (c RowCheck) Journal(rows table.Stored, head *pb.Head) error {
	if head.JournalSize == 0 {
		return nil
	}
	err := journal.Check(table.NewView(c.paced(rows), nil), head.JournalSize, head.JournalRoot, nil)
	if err == nil || ended(err) {
		return err
	}
	f, ok := FromState(err)
	if !ok {
		f = Finding{Kind: StateTable, Where: "journal", Table: table.Journal, Cause: err}
	}
	c.Damaged(f)
	return nil
}

// Strangers reports rows that belong to no table.
func (c RowCheck) Strangers(rows table.Stored) error {
	from := []byte{byte(table.Head)} // below it are the store's own records
	for _, id := range append(table.All(), 0) {
		var to []byte // beyond the last table: no bound
		if id != 0 {
			to, _ = table.Range(id)
		}
		err := c.paced(rows).Iterate(from, to, func(key, _ []byte) bool {
			return c.Damaged(Finding{Kind: StateRow, Where: rowName(key), Table: table.ID(key[0]), Key: slices.Clone(key),
				Cause: fmt.Errorf("belongs to no table")})
		})
		if err != nil {
			return err
		}
		if id != 0 {
			_, from = table.Range(id)
		}
	}
	return nil
}

// Tables are the tables that have a digest.
func Tables() []table.ID {
	return slices.DeleteFunc(table.All(), func(id table.ID) bool { return !id.Digested() })
}

// paced reads through c.Pace.
func (c RowCheck) paced(rows table.Stored) table.Stored { return pacedRows{rows, c.Pace} }

type pacedRows struct {
	table.Stored
	pace func(bytes int) error
}

// Iterate reads a piece at a time, each through an iterator of its own.
func (p pacedRows) Iterate(from, to []byte, visit func(key, stored []byte) bool) error {
	for {
		size, next, stopped := 0, []byte(nil), false
		err := p.Stored.Iterate(from, to, func(key, stored []byte) bool {
			if size >= pieceBytes {
				next = slices.Clone(key)
				return false
			}
			size += len(key) + len(stored)
			stopped = !visit(key, stored)
			return !stopped
		})
		if err == nil && p.pace != nil {
			err = p.pace(size)
		}
		if err != nil || stopped || next == nil {
			return err
		}
		from = next
	}
}

// tableOf is the table that a step's name ends with.
func tableOf(step string) (table.ID, bool) {
	name, ok := strings.CutPrefix(step, "table ")
	for _, id := range Tables() {
		if ok && id.String() == name {
			return id, true
		}
	}
	return 0, false
}
