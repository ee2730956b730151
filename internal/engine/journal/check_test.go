package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

//test:cases
func TestCheckPasses(t *testing.T) {
	t.Parallel()
	for name, b := range books() {
		for _, size := range []uint64{0, 1, 255, 256, 257, 1000, 65_535, 65_536, 65_800} {
			b.grow(t, size)
			var visited uint64
			err := journal.Check(b.snapshot(), size, b.root(), func(seq uint64, e *pb.Entry) error {
				if seq != visited || e.Seq != seq {
					return fmt.Errorf("visited %d (%d) after %d", seq, e.Seq, visited)
				}
				visited++
				return nil
			})
			if err != nil || visited != size {
				t.Fatalf("%s: Check at %d: %v after %d entries", name, size, err, visited)
			}
		}
	}
}

func TestCheckStopsForItsVisitor(t *testing.T) {
	t.Parallel()
	b, stop := bookOf(t, 10), errors.New("enough")
	n := 0
	err := journal.Check(b.snapshot(), 10, b.root(), func(uint64, *pb.Entry) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("Check = %v after %d entries", err, n)
	}
}

// Every kind of damage to a journal of 66,000 entries is named. Rows are
// changed with good CRCs, as somebody with access to the disk would.
//
//test:cases
func TestCheckNamesTheDamage(t *testing.T) {
	t.Parallel()
	b := bookOf(t, 66_000)
	size, root := uint64(66_000), b.root()
	changed := func(seq uint64) []byte {
		e := plainEntry(seq)
		e.Postings[0].Amount++
		return table.Encode(e)
	}
	misplaced := plainEntry(4)
	tile := func(level uint32, n uint64, at int) []byte {
		v := b.row(t, journal.TileKey(level, n))
		v[at*32] ^= 1
		return v
	}
	for _, c := range []struct {
		name  string
		key   []byte
		value []byte
		want  string
	}{
		{"entry changed under a whole tree", journal.RowKey(1000), changed(1000), "entry 1000 is not the one hashed in tile 3"},
		{"entry changed under a lone tile", journal.RowKey(65_600), changed(65_600), "entry 65600 is not the one hashed in tile 256"},
		{"entry changed at the edge", journal.RowKey(65_999), changed(65_999), "one of the entries 65792 to 65999"},
		{"entry misplaced at the edge", journal.RowKey(65_900), table.Encode(misplaced), "entry 65900 says that it is entry 4"},
		{"entry undecodable at the edge", journal.RowKey(65_900), []byte{0xff}, "entry 65900 cannot be decoded"},
		{"entry emptied", journal.RowKey(65_900), []byte{}, "entry 65900 has 0 bytes"},
		{"entry too long", journal.RowKey(65_900), bytes.Repeat([]byte{8}, journal.MaxEntry+1), "entry 65900 has 60001 bytes"},
		{"entry gone", journal.RowKey(1000), nil, "entry 1000 is missing"},
		{"last entry gone", journal.RowKey(65_999), nil, "entry 65999 is missing"},
		{"first entry gone", journal.RowKey(0), nil, "entry 0 is missing"},
		{"entry beyond", journal.RowKey(66_000), changed(66_000), "entry 66000 lies beyond"},
		{"entry far beyond", journal.RowKey(1 << 40), changed(1 << 40), "entry 1099511627776 lies beyond"},
		{"tile changed", journal.TileKey(0, 3), tile(0, 3, 200), "tile 3 of level 0 has a wrong hash at place 200"},
		{"upper tile changed", journal.TileKey(1, 0), tile(1, 0, 77), "tile 0 of level 1 has a wrong hash at place 77"},
		{"tile gone", journal.TileKey(0, 3), nil, "tile 3 of level 0 is missing"},
		{"upper tile gone", journal.TileKey(1, 0), nil, "tile 0 of level 1 is missing"},
		{"tile cut", journal.TileKey(0, 3), make([]byte, 8191), "tile 3 of level 0 has 8191 bytes"},
		{"tile beyond", journal.TileKey(0, 257), make([]byte, 8192), "tile 257 of level 0 lies beyond"},
		{"tile of a level beyond", journal.TileKey(9, 0), make([]byte, 8192), "tile 0 of level 9 lies beyond"},
		{"foreign row among the entries", append(journal.RowKey(7), 1), []byte("x"), "is no entry's"},
		{"foreign row among the tiles", append(journal.TileKey(0, 7), 1), []byte("x"), "is no tile's"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, had := b.snapshot().Get(c.key)
			before = slices.Clone(before)
			b.put(t, c.key, c.value)
			err := journal.Check(b.snapshot(), size, root, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Check = %v, want an error with %q", err, c.want)
			}
			if !had {
				before = nil
			}
			b.put(t, c.key, before)
		})
	}
	if err := journal.Check(b.snapshot(), size, root, nil); err != nil {
		t.Fatalf("the journal as it was: %v", err)
	}
}

func TestCheckComparesTheRoot(t *testing.T) {
	t.Parallel()
	b := bookOf(t, 512)
	wrong := b.root()
	wrong[5] ^= 1
	err := journal.Check(b.snapshot(), 512, wrong, nil)
	if err == nil || !strings.Contains(err.Error(), "the remembered root was changed") {
		t.Errorf("Check with another root: %v", err)
	}
	if err := journal.Check(b.snapshot(), 512, nil, nil); err == nil {
		t.Error("Check without a root passed")
	}
	key := journal.RowKey(7)
	if err := b.mem.Commit([]table.Write{{Key: key, Stored: []byte("not sealed")}}); err != nil {
		t.Fatal(err)
	}
	var d *table.Damage
	if err := journal.Check(b.snapshot(), 512, b.root(), nil); !errors.As(err, &d) || string(d.Key) != string(key) {
		t.Errorf("Check over a damaged row: %v", err)
	}
}

// The bookkeeper agrees with what the ledger's own rules write, for any run of
// transfers, and names every account that somebody changed behind their back.
func TestBalances(t *testing.T) {
	t.Parallel()
	names := []string{"user/1/balance", "user/2/balance", "mch/1900000001/pending", "bank/one/clearing"}
	rapid.Check(t, func(t *rapid.T) {
		mem := table.NewMem()
		over := table.NewOverlay(mem)
		for _, name := range names {
			putAccount(over, &pb.Account{Name: name, Currency: 156})
		}
		books := journal.NewBalances()
		for seq := range rapid.Uint64Range(0, 40).Draw(t, "entries") {
			book := ledger.Begin(over, 156)
			for range rapid.IntRange(1, 4).Draw(t, "postings") {
				from, to := rapid.SampledFrom(names).Draw(t, "from"), rapid.SampledFrom(names).Draw(t, "to")
				book.Post(pb.PostingCode_POSTING_CODE_TRANSFER, from, to, rapid.Int64Range(1, 1000).Draw(t, "amount"))
			}
			if err := books.Add(seq, &pb.Entry{Postings: book.Commit()}); err != nil {
				t.Fatal(err)
			}
		}
		if differ, err := books.Compare(over); err != nil || len(differ) != 0 {
			t.Fatalf("Compare = %v, %v", differ, err)
		}
		victim := rapid.SampledFrom(names).Draw(t, "victim")
		a, _ := ledger.Get(over, victim, 156)
		a.CreditsPosted++
		putAccount(over, a)
		differ, err := books.Compare(over)
		if err != nil || len(differ) != 1 || differ[0].Account != victim || differ[0].TableCredits != differ[0].JournalCredits+1 {
			t.Fatalf("Compare after a change = %v, %v", differ, err)
		}
	})
}

// putAccount stores an account's row; name and currency are its key.
func putAccount(tx table.Txn, a *pb.Account) {
	key := ledger.Key(a.Name, a.Currency)
	a.Name, a.Currency = "", 0
	tx.Set(key, table.Encode(a))
}

func TestBalancesOfMissingAccounts(t *testing.T) {
	t.Parallel()
	books := journal.NewBalances()
	p := func(debit, credit string, currency uint32) *pb.Posting {
		return &pb.Posting{Debit: debit, Credit: credit, Amount: 5, Currency: currency}
	}
	if err := books.Add(0, &pb.Entry{Postings: []*pb.Posting{p("b/1", "a/1", 156), p("b/1", "a/1", 840)}}); err != nil {
		t.Fatal(err)
	}
	over := table.NewOverlay(table.NewMem())
	putAccount(over, &pb.Account{Name: "b/1", Currency: 156, DebitsPosted: 5})
	putAccount(over, &pb.Account{Name: "idle/1", Currency: 156})
	differ, err := books.Compare(over)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range differ {
		got = append(got, d.String())
	}
	want := []string{
		"account a/1 (currency 156) is missing; the journal has debits 0 and credits 5",
		"account a/1 (currency 840) is missing; the journal has debits 0 and credits 5",
		"account b/1 (currency 840) is missing; the journal has debits 5 and credits 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("Compare =\n%s", strings.Join(got, "\n"))
	}
}

// An escrow account may be gone when its two sides are equal, and only then; any
// other account that is missing is told of.
func TestBalancesOfEscrowThatHasEnded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		account string
		back    int64
		gone    bool
	}{
		"given out": {"escrow/transfer/1", 5, true},
		"some left": {"escrow/transfer/1", 4, false},
		"no escrow": {"test/1", 5, false},
	} {
		books := journal.NewBalances()
		in := &pb.Posting{Debit: "user/1/balance", Credit: test.account, Amount: 5, Currency: 156}
		out := &pb.Posting{Debit: test.account, Credit: "user/1/balance", Amount: test.back, Currency: 156}
		if err := books.Add(0, &pb.Entry{Postings: []*pb.Posting{in, out}}); err != nil {
			t.Fatal(err)
		}
		over := table.NewOverlay(table.NewMem())
		putAccount(over, &pb.Account{Name: "user/1/balance", Currency: 156, DebitsPosted: 5, CreditsPosted: test.back})
		differ, err := books.Compare(over)
		if err != nil || (len(differ) == 0) != test.gone {
			t.Errorf("%s: Compare says %v, %v", name, differ, err)
		}
	}
}

func TestBalancesRefusesImpossiblePostings(t *testing.T) {
	t.Parallel()
	const most = 1<<63 - 1
	for name, ps := range map[string][]*pb.Posting{
		"nothing":    {{Debit: "a/1", Credit: "b/1"}},
		"negative":   {{Debit: "a/1", Credit: "b/1", Amount: -1}},
		"to itself":  {{Debit: "a/1", Credit: "a/1", Amount: 1}},
		"from none":  {{Credit: "a/1", Amount: 1}},
		"to none":    {{Debit: "a/1", Amount: 1}},
		"too much":   {{Debit: "a/1", Credit: "b/1", Amount: most}, {Debit: "a/1", Credit: "c/1", Amount: 1}},
		"too much 2": {{Debit: "a/1", Credit: "b/1", Amount: most}, {Debit: "c/1", Credit: "b/1", Amount: 1}},
	} {
		var fault *journal.Fault
		if err := journal.NewBalances().Add(33, &pb.Entry{Postings: ps}); !errors.As(err, &fault) || fault.Seq != 33 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	const n = 50_000
	bk := bookOf(b, n)
	r, root := bk.snapshot(), bk.root()
	for b.Loop() {
		books := journal.NewBalances()
		if err := journal.Check(r, n, root, books.Add); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/entry")
}
