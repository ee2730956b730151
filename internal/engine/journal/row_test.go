package journal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Whatever frames entries came in, however long they are and wherever the level
// was raised, each is read as it was written, alone and in every range.
func TestEntriesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b, want := drawBook(t, rt)
		r, n := b.snapshot(), uint64(len(want))
		if err := journal.Check(r, n, b.root(), nil); err != nil {
			rt.Fatal(err)
		}
		if loaded, err := journal.Load(r, n, b.root()); err != nil || loaded.Root() != b.tree.Root() {
			rt.Fatalf("Load: %v", err)
		}
		for seq := range n + 2 {
			got, ok := journal.Entry(r, seq)
			if ok != (seq < n) || ok && !bytes.Equal(got, want[seq]) {
				rt.Fatalf("entry %d of %d: %d bytes, %v", seq, n, len(got), ok)
			}
		}
		from, to := rapid.Uint64Range(0, n+2).Draw(rt, "from"), rapid.Uint64Range(0, n+2).Draw(rt, "to")
		most := rapid.Uint64Range(0, n+2).Draw(rt, "most")
		next := from
		journal.Scan(r, from, to, func(seq uint64, entry []byte) bool {
			if seq != next || !bytes.Equal(entry, want[seq]) {
				rt.Fatalf("a scan from %d to %d came to entry %d, not %d", from, to, seq, next)
			}
			next++
			return next-from != most
		})
		end := max(from, min(to, n))
		if most > 0 {
			end = min(end, from+most)
		}
		if next != end {
			rt.Fatalf("a scan of %d entries from %d to %d of %d ended at %d", most, from, to, n, next)
		}
	})
}

// drawBook makes a journal in frames of any size, and lists its entries.
func drawBook(t *testing.T, rt *rapid.T) (b *book, want [][]byte) {
	b = newBookPackedFrom(rapid.Uint64Range(0, 30).Draw(rt, "border"))
	for range rapid.IntRange(1, 8).Draw(rt, "frames") {
		for range rapid.IntRange(0, 12).Draw(rt, "entries") {
			e := &pb.Entry{Seq: b.tree.Size(), At: 1, Entity: strings.Repeat("x", entrySize(rt))}
			want = append(want, table.Encode(e))
			b.add(e)
		}
		b.frame(t)
	}
	return b, want
}

func entrySize(rt *rapid.T) int {
	return rapid.OneOf(rapid.IntRange(0, 300), rapid.SampledFrom([]int{110, 115, 116, 120, 127, 128, 16_370, 16_384, 59_980})).Draw(rt, "size")
}

// A row takes what fits in it and no more, however entries meet its end.
func TestRowsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBookPackedFrom(0)
	for size := range 400 {
		e := &pb.Entry{Seq: b.tree.Size(), At: 1, Entity: strings.Repeat("x", 32_600+size)}
		b.add(e)
		if size%10 == 9 {
			b.frame(t)
		}
	}
	longest, rows := 0, 0
	from, to := table.Range(table.Journal)
	b.snapshot().Scan(from, to, func(_, value []byte) bool {
		longest, rows = max(longest, len(value)), rows+1
		return true
	})
	if longest != journal.MaxRow {
		t.Errorf("the longest of %d rows has %d bytes, and one could be filled to %d", rows, longest, journal.MaxRow)
	}
	big := &pb.Entry{Seq: b.tree.Size(), At: 1, CommandHash: make([]byte, journal.MaxEntry)}
	big.CommandHash = big.CommandHash[:2*journal.MaxEntry-big.SizeVT()]
	if big.SizeVT() != journal.MaxEntry {
		t.Fatalf("the longest entry has %d bytes", big.SizeVT())
	}
	b.append(t, big)
	if got, ok := journal.Entry(b.snapshot(), big.Seq); !ok || !bytes.Equal(got, table.Encode(big)) {
		t.Error("the longest entry is not read back")
	}
}

// Rows stay what they are when more are packed: whoever reads a frame's entries
// later may hold them.
func TestPackedRowsAreNeverWrittenAgain(t *testing.T) {
	t.Parallel()
	var kept keeper
	var p journal.Packer
	for seq := range uint64(5000) {
		e := plainEntry(seq)
		p.Add(&kept, seq, e, e.SizeVT())
		if seq%7 == 0 {
			p.Close(&kept)
		}
	}
	for i, row := range kept.rows {
		if string(row) != kept.then[i] {
			t.Fatalf("row %d was written again", i)
		}
		if cap(row) != len(row) {
			t.Fatalf("row %d has room for its neighbour's bytes", i)
		}
	}
}

// keeper keeps rows, and copies of them.
type keeper struct {
	rows [][]byte
	then []string
}

func (k *keeper) Adopt(_, row []byte) {
	k.rows, k.then = append(k.rows, row), append(k.then, string(row))
}

// TestPackingAllocatesBlocksOnly: an entry costs no allocation, and a frame none
// but its share of a block.
func TestPackingAllocatesBlocksOnly(t *testing.T) {
	var p journal.Packer
	var sink nowhere
	e, seq := plainEntry(1), uint64(0)
	size := e.SizeVT()
	per := testing.AllocsPerRun(2000, func() {
		for range 10 {
			p.Add(sink, seq, e, size)
			seq++
		}
		p.Close(sink)
	})
	if per > 0.1 {
		t.Errorf("a frame of 10 entries costs %.2f allocations", per)
	}
}

type nowhere struct{}

func (nowhere) Adopt(_, _ []byte) {}

// Every kind of damage to a packed row is named: by the entry where the journal
// stops, or by the row that cannot be read at all.
//
//test:cases
func TestCheckNamesTheDamageOfAPackedRow(t *testing.T) {
	t.Parallel()
	b := newBookPackedFrom(100)
	for _, size := range []uint64{100, 400, 700, 1000, 1020} {
		b.grow(t, size) // a frame each; the packed ones make one row
	}
	size, root := b.tree.Size(), b.root()
	at := func(last uint64, change func(v []byte) []byte) func() ([]byte, []byte) {
		return func() ([]byte, []byte) {
			key := journal.RowKey(last)
			return key, change(b.row(t, key))
		}
	}
	flip := func(v []byte) []byte { v[bytes.Index(v, []byte("order/530"))] ^= 1; return v }
	count := func(n uint16) func([]byte) []byte {
		return func(v []byte) []byte { binary.BigEndian.PutUint16(v[1:], n); return v }
	}
	for name, c := range map[string]struct {
		row  func() (key, value []byte)
		want string
	}{
		"an entry changed":        {at(699, flip), "entry 530 is not the one hashed in tile 2"},
		"the row gone":            {at(699, func([]byte) []byte { return nil }), "entry 400 is missing"},
		"the last row gone":       {at(1019, func([]byte) []byte { return nil }), "entry 1000 is missing"},
		"one entry fewer":         {at(699, count(299)), "entry 400 is missing"},
		"one entry more":          {at(699, count(301)), "entry 399 stands in two rows"},
		"no entry":                {at(699, count(0)), "does not hold the entries"},
		"more than there can be":  {at(399, count(500)), "does not hold the entries"},
		"cut":                     {at(699, func(v []byte) []byte { return v[:len(v)-1] }), "does not hold the entries"},
		"cut to its mark":         {at(699, func(v []byte) []byte { return v[:1] }), "does not hold the entries"},
		"longer":                  {at(699, func(v []byte) []byte { return append(v, 0) }), "does not hold the entries"},
		"a length beyond the end": {at(699, func(v []byte) []byte { v[3], v[4], v[5] = 0xff, 0xff, 0x7f; return v }), "does not hold the entries"},
		"a length of ten bytes":   {at(699, func(v []byte) []byte { copy(v[3:], bytes.Repeat([]byte{0xff}, 11)); return v }), "does not hold the entries"},
		"an entry twice":          {func() ([]byte, []byte) { return journal.RowKey(500), table.Encode(plainEntry(500)) }, "entry 400 is missing"},
		"a row twice": {func() ([]byte, []byte) {
			return journal.RowKey(698), count(299)(shorter(b.row(t, journal.RowKey(699))))
		}, "entry 400 stands in two rows"},
		"entries beyond":   {func() ([]byte, []byte) { return journal.RowKey(1039), b.row(t, journal.RowKey(1019)) }, "entry 1020 lies beyond"},
		"in another place": {func() ([]byte, []byte) { return journal.RowKey(1018), b.row(t, journal.RowKey(1019)) }, "entry 999 stands in two rows"},
	} {
		t.Run(name, func(t *testing.T) {
			key, value := c.row()
			before, had := b.snapshot().Get(key)
			before = bytes.Clone(before)
			b.put(t, key, value)
			err := journal.Check(b.snapshot(), size, root, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Check = %v, want an error with %q", err, c.want)
			}
			if !had {
				before = nil
			}
			b.put(t, key, before)
		})
	}
	if err := journal.Check(b.snapshot(), size, root, nil); err != nil {
		t.Fatalf("the journal as it was: %v", err)
	}
}

// shorter takes the last entry off a packed row.
func shorter(v []byte) []byte {
	rest, n := v[3:], 0
	for len(rest) > 0 {
		l, size := binary.Uvarint(rest)
		n, rest = len(rest), rest[size+int(l):]
	}
	return v[:len(v)-n]
}

// A row that cannot be read is damage that names it, to whoever reads any of its
// entries.
func TestDamagedPackedRowIsNamed(t *testing.T) {
	t.Parallel()
	b := newBookPackedFrom(0)
	b.grow(t, 10)
	b.grow(t, 30)
	key := journal.RowKey(29)
	whole := b.row(t, key)
	unsealed := table.Write{Key: key, Stored: bytes.Clone(table.Seal(nil, key, whole))}
	unsealed.Stored[200] ^= 1
	if err := b.mem.Commit([]table.Write{unsealed}); err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{10, 29} {
		named(t, key, table.Read(b.snapshot(), func(r table.Reader) error { journal.Entry(r, seq); return nil }))
	}
	if _, ok := journal.Entry(b.snapshot(), 9); !ok {
		t.Error("an entry of the row before is not read any more")
	}
	named(t, key, journal.Check(b.snapshot(), 30, b.root(), nil))
	_, err := journal.Load(b.snapshot(), 30, b.root())
	named(t, key, err)
	b.put(t, key, whole[:len(whole)-1])
	named(t, key, table.Read(b.snapshot(), func(r table.Reader) error { journal.Entry(r, 29); return nil }))
	b.put(t, key, []byte{0xff})
	named(t, journal.RowKey(29), table.Read(b.snapshot(), func(r table.Reader) error { journal.Read(r, 29); return nil }))
	b.put(t, key, whole)
	if e, ok := journal.Read(b.snapshot(), 29); !ok || e.Entity != "order/29" {
		t.Errorf("entry 29 is %v", e)
	}
}

func named(t *testing.T, key []byte, err error) {
	t.Helper()
	var d *table.Damage
	if !errors.As(err, &d) || !bytes.Equal(d.Key, key) {
		t.Errorf("%v does not name row %x", err, key)
	}
}

// Receipts are the same whatever rows the entries lie in.
func TestReceiptsDoNotTellTheRows(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t, origin, "golden")
	var want map[uint64]string
	for name, b := range books() {
		for _, size := range []uint64{3, 250, 280, 320, 700} {
			b.grow(t, size)
		}
		cp, got := b.sign(t, signer), map[uint64]string{}
		for seq := range b.tree.Size() {
			rec, err := journal.BuildReceipt(b.snapshot(), cp, seq, nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, _, err := journal.VerifyReceipt(rec, verifier); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got[seq] = string(table.Encode(rec))
		}
		if want == nil {
			want = got
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: the receipts are others", name)
		}
	}
}

// BenchmarkEntry is the cost of reading one entry of many, from rows in memory.
func BenchmarkEntry(b *testing.B) {
	for name, book := range books() {
		for book.tree.Size() < 20_000 {
			book.grow(b, book.tree.Size()+1000)
		}
		r := book.snapshot()
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if _, ok := journal.Entry(r, uint64(n*7919)%20_000); !ok {
					b.Fatal("an entry is missing")
				}
			}
		})
	}
}
