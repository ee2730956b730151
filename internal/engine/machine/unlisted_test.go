package machine

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A state that was made before its level had all its tables goes on: the next frame
// lists the new ones, which changes no digest, and what is in them from then on is
// digested.
func TestATableThatCameToItsLevel(t *testing.T) {
	w := newWorld(t, table.NewMem())
	w.shop(1000)
	mem, before := w.backend.(*table.Mem), w.m.Digest()
	head, _ := Head(mem.Snapshot())
	last := len(head.Digests) - 1
	if table.ID(head.Digests[0].Table) != table.Counters || head.Digests[0].Rows+head.Digests[last].Rows != 0 {
		t.Fatal("the first or the last table has rows")
	}
	head.Digests = head.Digests[1:last]
	k := table.K(table.Head)
	if err := mem.Commit([]table.Write{{Key: k, Stored: table.Seal(nil, k, table.Encode(head))}}); err != nil {
		t.Fatal(err)
	}
	m, err := Open(mem, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Digest() != before {
		t.Error("a table without rows counts in the digest")
	}
	w.m = m
	w.ok(takesFirst, &pb.Tick{})
	head, _ = Head(mem.Snapshot())
	if RowsOf(head, table.Counters) != 1 || len(head.Digests) != m.done.known() {
		t.Errorf("the head lists %d tables of %d, and %d counters", len(head.Digests), m.done.known(), RowsOf(head, table.Counters))
	}
}
