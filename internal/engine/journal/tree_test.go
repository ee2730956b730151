package journal_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
)

// slowRoot is RFC 6962, section 2.1, word for word.
func slowRoot(leaves []tlog.Hash) tlog.Hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	left, right := slowRoot(leaves[:k]), slowRoot(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

func TestRootIsTheRFCs(t *testing.T) {
	t.Parallel()
	b := newBook()
	var leaves []tlog.Hash
	for seq := uint64(0); seq < 600; seq++ {
		if got, want := b.tree.Root(), slowRoot(leaves); got != want || b.tree.Size() != seq {
			t.Fatalf("root at size %d (%d) is %v, want %v", seq, b.tree.Size(), got, want)
		}
		leaves = append(leaves, tlog.RecordHash(table.Encode(plainEntry(seq))))
		b.grow(t, seq+1)
	}
}

// Every proof of every journal is checked by x/mod's own verifier, and the
// roots it is checked against by the slow tree.
func TestProofsVerify(t *testing.T) {
	t.Parallel()
	const most = 1500
	var layouts []table.Snapshot
	for _, b := range books() {
		b.grow(t, most)
		layouts = append(layouts, b.snapshot())
	}
	leaves := make([]tlog.Hash, most)
	for i := range leaves {
		leaves[i] = tlog.RecordHash(table.Encode(plainEntry(uint64(i))))
	}
	shared := journal.NewProver()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(1, most).Draw(t, "size")
		seq := rapid.Uint64Range(0, size-1).Draw(t, "seq")
		old := rapid.Uint64Range(1, size).Draw(t, "old")
		p := rapid.SampledFrom([]*journal.Prover{shared, journal.NewProver()}).Draw(t, "prover")
		r := rapid.SampledFrom(layouts).Draw(t, "layout")
		root, err := p.RootAt(r, size)
		if err != nil || root != slowRoot(leaves[:size]) {
			t.Fatalf("RootAt(%d) = %v, %v", size, root, err)
		}
		proof, err := p.Prove(r, size, seq)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(hashes(proof), int64(size), root, int64(seq), leaves[seq]); err != nil {
			t.Fatalf("proof of %d in %d: %v", seq, size, err)
		}
		consistent, err := p.ProveConsistency(r, old, size)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckTree(hashes(consistent), int64(size), root, int64(old), slowRoot(leaves[:old])); err != nil {
			t.Fatalf("consistency from %d to %d: %v", old, size, err)
		}
	})
}

func TestProofsThatCannotBeMade(t *testing.T) {
	t.Parallel()
	r := bookOf(t, 300).snapshot()
	if _, err := journal.Prove(r, 10, 10); err == nil {
		t.Error("an entry beyond the size was proved")
	}
	if _, err := journal.ProveConsistency(r, 11, 10); err == nil {
		t.Error("a journal was proved to begin with a larger one")
	}
	if proof, err := journal.ProveConsistency(r, 0, 300); err != nil || len(proof) != 0 {
		t.Errorf("from nothing: %v, %v", proof, err)
	}
	for _, size := range []uint64{301, 512, 70_000, 1 << 63} {
		if _, err := journal.RootAt(r, size); err == nil {
			t.Errorf("RootAt(%d) of 300 entries answered a root", size)
		}
	}
}

// A tree loaded at any size is the tree that grew there, and goes on growing
// the same way. The sizes around 65,536 have a tile of every kind.
//
//test:cases
func TestLoadIsWhatGrew(t *testing.T) {
	t.Parallel()
	for name, b := range books() {
		t.Run(name, func(t *testing.T) { t.Parallel(); loadsAsItGrew(t, b) })
	}
}

func loadsAsItGrew(t *testing.T, b *book) {
	sizes := []uint64{0, 1, 2, 255, 256, 257, 511, 512, 513, 10_000, 65_279, 65_280, 65_535, 65_536, 65_537, 65_792, 66_048}
	type moment struct {
		snap table.Snapshot
		tree *journal.Tree
	}
	var moments []moment
	for _, size := range sizes {
		b.grow(t, size)
		moments = append(moments, moment{b.snapshot(), b.tree.Clone()})
	}
	last := b.tree.Size()
	for i, m := range moments {
		want := m.tree.Root()
		loaded, err := journal.Load(m.snap, sizes[i], want[:])
		if err != nil {
			t.Fatalf("Load(%d): %v", sizes[i], err)
		}
		if loaded.Size() != sizes[i] || loaded.Root() != want {
			t.Fatalf("Load(%d) has size %d, root %v", sizes[i], loaded.Size(), loaded.Root())
		}
		if sizes[i] > 60_000 || i < 6 {
			growsAlike(t, loaded, m.tree, min(last, sizes[i]+700))
		}
	}
}

// growsAlike appends to both trees and compares what they write.
func growsAlike(t *testing.T, a, b *journal.Tree, size uint64) {
	t.Helper()
	var rowsA, rowsB recorder
	for a.Size() < size {
		entry := table.Encode(plainEntry(a.Size()))
		a.Append(&rowsA, entry)
		b.Append(&rowsB, entry)
	}
	if a.Root() != b.Root() || !bytes.Equal(rowsA.all, rowsB.all) {
		t.Fatalf("trees that went on to %d differ", size)
	}
}

// recorder keeps what is appended.
type recorder struct{ all []byte }

func (r *recorder) Append(key, value []byte) { r.all = append(append(r.all, key...), value...) }

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	b := bookOf(t, 700)
	root := b.root()
	at512, err := journal.RootAt(b.snapshot(), 512)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		size   uint64
		root   []byte
		damage func(*book)
		want   string
	}{
		{"size too small", 512, at512[:], nil, "entry 512 lies beyond the journal's size 512"},
		{"size too large", 701, root, nil, "entry 700 is missing"},
		{"size absurd", 1 << 63, root, nil, "beyond what a journal can hold"},
		{"other root", 700, at512[:], nil, "journal of size 700 has root"},
		{"no root", 700, nil, nil, "journal of size 700 has root"},
		{"entry gone", 700, root, func(b *book) { b.put(t, journal.RowKey(600), nil) }, "entry 600 is missing"},
		{"entry changed", 700, root, func(b *book) { b.put(t, journal.RowKey(600), []byte("other")) }, "has root"},
		{"tile gone", 700, root, func(b *book) { b.put(t, journal.TileKey(0, 1), nil) }, "tile 1 of level 0 is missing"},
		{"tile short", 700, root, func(b *book) { b.put(t, journal.TileKey(0, 1), make([]byte, 32)) }, "has 32 bytes"},
		{"tile changed", 700, root, func(b *book) { b.put(t, journal.TileKey(0, 0), make([]byte, 8192)) }, "has root"},
		{"row damaged", 700, root, func(b *book) {
			key := journal.RowKey(650)
			if err := b.mem.Commit([]table.Write{{Key: key, Stored: []byte("junk, not sealed")}}); err != nil {
				t.Fatal(err)
			}
		}, "table journal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := bookOf(t, 700)
			if c.damage != nil {
				c.damage(b)
			}
			_, err := journal.Load(b.snapshot(), c.size, c.root)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("Load = %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestCloneIsIndependent(t *testing.T) {
	t.Parallel()
	b := bookOf(t, 255)
	before := b.tree.Root()
	clone := b.tree.Clone()
	var rows recorder
	for range 300 {
		clone.Append(&rows, table.Encode(plainEntry(clone.Size())))
	}
	if b.tree.Root() != before || b.tree.Size() != 255 {
		t.Fatal("appending to a clone changed the tree")
	}
	b.grow(t, 555)
	if b.tree.Root() != clone.Root() {
		t.Fatal("tree and clone differ after the same entries")
	}
}

func TestAppendStopsOnBrokenPromises(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string][]byte{
		"empty": {}, "too long": make([]byte, journal.MaxEntry+1),
		"not an entry": []byte("junk"), "another's number": table.Encode(plainEntry(7)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !must.Enabled && (name == "not an entry" || name == "another's number") {
				t.Skip("checked with -tags invariants only")
			}
			defer func() {
				err, ok := recover().(error)
				var v *must.Violation
				if !ok || !errors.As(err, &v) {
					t.Errorf("no violation: %v", err)
				}
			}()
			journal.New().Append(&recorder{}, entry)
		})
	}
}

// Many goroutines share one prover over snapshots of different ages.
func TestProverIsShared(t *testing.T) {
	t.Parallel()
	b := newBook()
	var snaps []table.Snapshot
	for size := uint64(50); size <= 1050; size += 250 {
		b.grow(t, size)
		snaps = append(snaps, b.snapshot())
	}
	p := journal.NewProver()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range uint64(60) {
				n := (i + uint64(g)) % uint64(len(snaps))
				size := 50 + 250*n
				seq := i * 17 % size
				proof, err := p.Prove(snaps[n], size, seq)
				if err != nil {
					t.Error(err)
					return
				}
				root, err := journal.RootAt(snaps[n], size)
				if err != nil {
					t.Error(err)
					return
				}
				leaf := tlog.RecordHash(table.Encode(plainEntry(seq)))
				if err := tlog.CheckRecord(hashes(proof), int64(size), root, int64(seq), leaf); err != nil {
					t.Errorf("proof of %d in %d: %v", seq, size, err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkAppend(b *testing.B) {
	entry := table.Encode(plainEntry(1 << 40))
	if must.Enabled {
		b.Skip("measure without -tags invariants")
	}
	b.Run("tree", func(b *testing.B) {
		tree, tx := journal.New(), &discard{}
		b.ReportAllocs()
		b.SetBytes(int64(len(entry)))
		for b.Loop() {
			tree.Append(tx, entry)
		}
	})
	b.Run("root of each", func(b *testing.B) {
		tree, tx := journal.New(), &discard{}
		b.ReportAllocs()
		for b.Loop() {
			tree.Append(tx, entry)
			tree.Root()
		}
	})
	b.Run("overlay", func(b *testing.B) {
		tree, tx := journal.New(), table.NewOverlay(table.NewMem())
		b.ReportAllocs()
		for b.Loop() {
			if tree.Append(tx, entry)%4096 == 0 {
				tx.Reset()
			}
		}
	})
}

type discard struct{}

func (discard) Append(_, _ []byte) {}

func BenchmarkProve(b *testing.B) {
	bk := bookOf(b, 100_000)
	r := bk.snapshot()
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			if _, err := journal.Prove(r, 100_000, 99_000); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("warm", func(b *testing.B) {
		p := journal.NewProver()
		seq := uint64(0)
		for b.Loop() {
			seq = (seq + 7919) % 100_000
			if _, err := p.Prove(r, 100_000, seq); err != nil {
				b.Fatal(err)
			}
		}
	})
}
