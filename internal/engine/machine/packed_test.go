package machine

import (
	"fmt"
	"slices"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// journalRows lists the numbers of the last entries of the journal's rows, and
// the length of the longest row.
func (w *world) journalRows() (last []uint64, longest int) {
	from, to := table.Range(table.Journal)
	w.backend.Snapshot().Scan(from, to, func(key, value []byte) bool {
		f := table.F(key)
		last, longest = append(last, f.U64()), max(longest, len(value))
		return true
	})
	return last, longest
}

func (w *world) creates(from, n int) (commands [][]byte) {
	for i := range n {
		commands = append(commands, w.encode(catalogue.OrderCreate, create(fmt.Sprintf("T-%05d", from+i), 10)))
	}
	return commands
}

// TestTheLevelDecidesHowEntriesAreStored: from the entry on that raises the level
// a frame's entries are one row, and a machine that is opened on either side of
// the border goes on. The journal is the same as one that was never packed.
func TestTheLevelDecidesHowEntriesAreStored(t *testing.T) {
	mem := table.NewMem()
	w := newWorldAt(t, mem, journal.LevelPacked-1, Options{})
	w.shop(1000)
	before, _ := w.journalRows()
	size := w.m.Position().JournalSize
	if uint64(len(before)) != size {
		t.Fatalf("below the level %d entries are %d rows", size, len(before))
	}
	raise := w.encode(catalogue.SetLevel, &pb.SetLevel{Level: journal.LevelPacked})
	w.frame(append(append(w.creates(0, 3), raise), w.creates(3, 4)...)...)
	w.reopen()
	w.frame(w.creates(7, 300)...)
	w.reopen()
	w.frame(w.creates(307, 1)...)
	w.frame(w.encode(catalogue.Tick, &pb.Tick{})) // journals nothing
	rows, _ := w.journalRows()
	if want := []uint64{size, size + 1, size + 2, size + 7, size + 307, size + 308}; !slices.Equal(rows[len(before):], want) {
		t.Errorf("the rows end with entries %v, want %v", rows[len(before):], want)
	}
	if err := Audit(mem.Snapshot()); err != nil {
		t.Error(err)
	}
	for seq := range w.m.Position().JournalSize {
		if e, ok := journal.Read(mem.Snapshot(), seq); !ok || e.Seq != seq {
			t.Fatalf("entry %d is %v", seq, e)
		}
	}
}

// reopen goes on with a machine that reads its tree from the rows.
func (w *world) reopen() {
	w.t.Helper()
	m, err := Open(w.backend, Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	if m.Position() != w.m.Position() {
		w.t.Fatalf("opened again the machine is at %+v, it was at %+v", m.Position(), w.m.Position())
	}
	w.m = m
}

// TestM_TheEntriesOfAFrameShareRows: they cost no row each, and the rows they
// share are bounded however large the frame is.
func TestM_TheEntriesOfAFrameShareRows(t *testing.T) {
	w := newWorld(t, table.NewMem())
	p := w.shop(1_000_000)
	const n = 1000
	before, _ := w.journalRows()
	var pays [][]byte
	for _, res := range w.frame(w.creates(0, n)...) {
		pays = append(pays, w.encode(catalogue.OrderPay, pay(res.Body.(*pb.Order), p.Uid, "a")))
	}
	rows := w.m.Rows()
	w.frame(pays...)
	rows += w.m.Rows()
	after, longest := w.journalRows()
	packed := len(after) - len(before)
	if longest > journal.MaxRow || packed > 1+2*n*300/journal.MaxRow {
		t.Errorf("%d entries are %d rows, the longest of %d bytes", 2*n, packed, longest)
	}
	// An order and its number, the order again and its notice; two accounts, and a
	// head for each frame; the tiles.
	if limit := 4*n + packed + 2 + 2 + 2*n/256 + 1; rows > limit {
		t.Errorf("%d pairs wrote %d rows, want at most %d", n, rows, limit)
	}
	if err := Audit(w.backend.Snapshot()); err != nil {
		t.Error(err)
	}
}
