package journal_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/base/commitment"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const origin = "journal.holdfast.example/test"

var rewrite = flag.Bool("rewrite", false, "write golden files instead of comparing with them")

// book is a journal in memory with its tree.
type book struct {
	mem    *table.Mem
	over   *table.Overlay
	tree   *journal.Tree
	packer journal.Packer
	// border is the first entry that is packed: there the level was raised.
	border uint64
}

func newBook() *book { return newBookPackedFrom(math.MaxUint64) }

func newBookPackedFrom(border uint64) *book {
	mem := table.NewMem()
	return &book{mem: mem, over: table.NewOverlay(mem), tree: journal.New(), border: border}
}

// books are a journal of one entry a row, one of packed rows, and one that
// changed from the first to the second in the middle of a frame.
func books() map[string]*book {
	return map[string]*book{"one a row": newBook(), "packed": newBookPackedFrom(0), "raised": newBookPackedFrom(290)}
}

// bookOf returns a journal of n plain entries.
func bookOf(tb testing.TB, n uint64) *book {
	tb.Helper()
	b := newBook()
	b.grow(tb, n)
	return b
}

// grow appends plain entries, in frames, until the journal has n.
func (b *book) grow(tb testing.TB, n uint64) {
	tb.Helper()
	for b.tree.Size() < n {
		for i := 0; i < 4000 && b.tree.Size() < n; i++ {
			seq := b.tree.Size()
			if got := b.add(plainEntry(seq)); got != seq {
				tb.Fatalf("the entry at size %d became entry %d", seq, got)
			}
		}
		b.frame(tb)
	}
}

// append adds one entry in a frame of its own; its seq is filled in.
func (b *book) append(tb testing.TB, e *pb.Entry) uint64 {
	tb.Helper()
	e.Seq = b.tree.Size()
	seq := b.add(e)
	b.frame(tb)
	return seq
}

// add adds an entry to the frame.
func (b *book) add(e *pb.Entry) uint64 {
	if e.Seq < b.border {
		return b.tree.Append(b.over, table.Encode(e))
	}
	b.packer.Add(b.over, e.Seq, e, e.SizeVT())
	return b.tree.Add(b.over, table.Encode(e))
}

func (b *book) frame(tb testing.TB) {
	tb.Helper()
	b.packer.Close(b.over)
	if err := b.mem.Commit(b.over.Flush(map[table.ID]*table.Digest{})); err != nil {
		tb.Fatal(err)
	}
	b.over.Reset()
}

func (b *book) root() []byte {
	r := b.tree.Root()
	return r[:]
}

func (b *book) snapshot() table.Snapshot { return b.mem.Snapshot() }

// put stores a row as if it had always been so: with a good CRC.
func (b *book) put(tb testing.TB, key, value []byte) {
	tb.Helper()
	w := table.Write{Key: key}
	if value != nil {
		w.Stored = table.Seal(nil, key, value)
	}
	if err := b.mem.Commit([]table.Write{w}); err != nil {
		tb.Fatal(err)
	}
}

func (b *book) row(tb testing.TB, key []byte) []byte {
	tb.Helper()
	value, ok := b.snapshot().Get(key)
	if !ok {
		tb.Fatalf("no row %x", key)
	}
	return append([]byte(nil), value...)
}

func plainEntry(seq uint64) *pb.Entry {
	return &pb.Entry{
		Seq: seq, Index: seq/3 + 1, At: 1_700_000_000_000 + int64(seq), Number: 15,
		CommandHash: make([]byte, 32), Entity: fmt.Sprintf("order/%d", seq), Actor: "cashier",
		Postings: []*pb.Posting{{
			Code:  pb.PostingCode_POSTING_CODE_PAYMENT,
			Debit: fmt.Sprintf("user/%d/balance", seq%7), Credit: "mch/1900000001/pending", Amount: int64(seq%100) + 1, Currency: 156,
		}},
	}
}

// keys makes a note key from a seed, so that golden files stay what they are.
func keys(tb testing.TB, name, seed string) (note.Signer, note.Verifier) {
	tb.Helper()
	vkey := verifierKey(tb, name, seed)
	hash := strings.Split(vkey, "+")[1]
	skey := fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", name, hash, base64.StdEncoding.EncodeToString(append([]byte{1}, keySeed(seed)...)))
	signer, err := note.NewSigner(skey)
	if err != nil {
		tb.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		tb.Fatal(err)
	}
	return signer, verifier
}

func keySeed(seed string) []byte {
	full := make([]byte, ed25519.SeedSize)
	copy(full, seed)
	return full
}

func verifierKey(tb testing.TB, name, seed string) string {
	tb.Helper()
	public := ed25519.NewKeyFromSeed(keySeed(seed)).Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		tb.Fatal(err)
	}
	return vkey
}

// sign makes a checkpoint of the book as it stands.
func (b *book) sign(tb testing.TB, signer note.Signer) journal.Signed {
	tb.Helper()
	c := journal.Checkpoint{Origin: signer.Name(), Size: b.tree.Size(), Root: b.tree.Root(), Index: b.tree.Size() + 9}
	text, err := journal.SignCheckpoint(signer, c)
	if err != nil {
		tb.Fatal(err)
	}
	return journal.Signed{Checkpoint: c, Text: text}
}

// payment is the entry that receipts in these tests are about, with openings
// for its two personal fields.
func payment() (*pb.Entry, []*pb.Opening) {
	salt := []byte("0123456789abcdef")
	e := &pb.Entry{
		Index: 41, At: 1_767_225_600_123, Number: 16, CommandHash: []byte(strings.Repeat("\x5a", 32)),
		Entity: "order/17", Name: "1900000001/T2026-1", Actor: "cashier",
		Postings: []*pb.Posting{{
			Code:  pb.PostingCode_POSTING_CODE_PAYMENT,
			Debit: "user/3/balance", Credit: "mch/1900000001/pending", Amount: 1234, Currency: 156,
		}},
		Commitments: [][]byte{commitment.Field(salt, "openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"), commitment.Field(salt, "name", "李雷")},
	}
	return e, []*pb.Opening{
		journal.Opening(0, salt, "openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
		journal.Opening(1, salt, "name", "李雷"),
	}
}

// receipt builds a genuine receipt in a journal of 300 entries.
func receipt(tb testing.TB) (*pb.Receipt, *book, note.Verifier) {
	tb.Helper()
	signer, verifier := keys(tb, origin, "golden")
	b := bookOf(tb, 269)
	e, openings := payment()
	seq := b.append(tb, e)
	b.grow(tb, 300)
	rec, err := journal.BuildReceipt(b.snapshot(), b.sign(tb, signer), seq, openings)
	if err != nil {
		tb.Fatal(err)
	}
	return rec, b, verifier
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs (go test -run %s -rewrite, once understood):\n got %s\nwant %s", path, t.Name(), got, want)
	}
}

func hashes(proof [][]byte) []tlog.Hash {
	out := make([]tlog.Hash, len(proof))
	for i, b := range proof {
		out[i] = tlog.Hash(b)
	}
	return out
}
