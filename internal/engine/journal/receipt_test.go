package journal_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestReceiptGolden(t *testing.T) {
	t.Parallel()
	rec, _, verifier := receipt(t)
	file, err := journal.EncodeReceipt(rec)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "receipt.golden.json", file)
	text, err := journal.Describe(rec, verifier)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "receipt.golden.txt", []byte(text))
	back, err := journal.DecodeReceipt(file)
	if err != nil || !proto.Equal(back, rec) {
		t.Fatalf("DecodeReceipt = %v, %v", back, err)
	}
}

func TestReceiptVerifies(t *testing.T) {
	t.Parallel()
	rec, b, verifier := receipt(t)
	e, cp, err := journal.VerifyReceipt(rec, verifier)
	if err != nil {
		t.Fatal(err)
	}
	if e.Entity != "order/17" || e.Seq != 269 || len(e.Postings) != 1 || e.Postings[0].Amount != 1234 {
		t.Errorf("entry = %v", e)
	}
	if cp.Size != 300 || cp.Root != b.tree.Root() || cp.Origin != origin {
		t.Errorf("checkpoint = %+v", cp)
	}
	rec.Openings = rec.Openings[1:]
	if _, _, err := journal.VerifyReceipt(rec, verifier); err != nil {
		t.Errorf("one field shown: %v", err)
	}
	rec.Openings = nil
	if _, _, err := journal.VerifyReceipt(rec, verifier); err != nil {
		t.Errorf("no field shown: %v", err)
	}
}

func TestReceiptNotCovered(t *testing.T) {
	t.Parallel()
	signer, _ := keys(t, origin, "golden")
	b := bookOf(t, 10)
	cp := b.sign(t, signer)
	b.grow(t, 11)
	if _, err := journal.BuildReceipt(b.snapshot(), cp, 10, nil); !errors.Is(err, journal.ErrNotCovered) {
		t.Errorf("receipt of an entry after the checkpoint: %v", err)
	}
	if _, err := journal.BuildReceipt(b.snapshot(), cp, 9, nil); err != nil {
		t.Errorf("receipt of the last entry covered: %v", err)
	}
}

// BuildReceipt hands out nothing that would not verify.
func TestBuildReceiptRefuses(t *testing.T) {
	t.Parallel()
	signer, _ := keys(t, origin, "golden")
	b := bookOf(t, 400)
	cp := b.sign(t, signer)
	_, openings := payment()
	if _, err := journal.BuildReceipt(b.snapshot(), cp, 5, openings); !errors.Is(err, journal.ErrOpening) {
		t.Errorf("openings of another entry: %v", err)
	}
	b.put(t, journal.RowKey(5), table.Encode(plainEntry(6)))
	if _, err := journal.BuildReceipt(b.snapshot(), cp, 5, nil); !errors.Is(err, journal.ErrProof) {
		t.Errorf("entry changed under its proof: %v", err)
	}
	b.put(t, journal.RowKey(6), nil)
	var fault *journal.Fault
	if _, err := journal.BuildReceipt(b.snapshot(), cp, 6, nil); !errors.As(err, &fault) || fault.Seq != 6 {
		t.Errorf("entry gone: %v", err)
	}
}

func TestVerifyReceiptRefuses(t *testing.T) {
	t.Parallel()
	signer, _ := keys(t, origin, "golden")
	_, stranger := keys(t, origin, "stranger")
	other, _ := payment()
	other.Seq, other.Postings[0].Amount = 269, 1
	for name, c := range map[string]struct {
		change func(*pb.Receipt)
		want   error
	}{
		"no checkpoint":         {func(r *pb.Receipt) { r.Checkpoint = "" }, journal.ErrCheckpoint},
		"older checkpoint":      {func(r *pb.Receipt) { r.Checkpoint = string(bookOf(t, 269).sign(t, signer).Text) }, journal.ErrProof},
		"another journal":       {func(r *pb.Receipt) { r.Checkpoint = string(bookOf(t, 300).sign(t, signer).Text) }, journal.ErrProof},
		"no entry":              {func(r *pb.Receipt) { r.Entry = nil }, journal.ErrEntry},
		"huge entry":            {func(r *pb.Receipt) { r.Entry = make([]byte, journal.MaxEntry+1) }, journal.ErrEntry},
		"another amount":        {func(r *pb.Receipt) { r.Entry = table.Encode(other) }, journal.ErrProof},
		"another leaf":          {func(r *pb.Receipt) { r.LeafIndex-- }, journal.ErrProof},
		"leaf beyond":           {func(r *pb.Receipt) { r.LeafIndex = 300 }, journal.ErrProof},
		"leaf beyond int64":     {func(r *pb.Receipt) { r.LeafIndex = 1 << 63 }, journal.ErrProof},
		"no proof":              {func(r *pb.Receipt) { r.Proof = nil }, journal.ErrProof},
		"proof too short":       {func(r *pb.Receipt) { r.Proof = r.Proof[1:] }, journal.ErrProof},
		"proof too long":        {func(r *pb.Receipt) { r.Proof = append(r.Proof, make([]byte, 32)) }, journal.ErrProof},
		"proof endless":         {func(r *pb.Receipt) { r.Proof = make([][]byte, 1<<20) }, journal.ErrProof},
		"proof hash too short":  {func(r *pb.Receipt) { r.Proof[0] = r.Proof[0][1:] }, journal.ErrProof},
		"proof hash changed":    {func(r *pb.Receipt) { r.Proof[2][3] ^= 1 }, journal.ErrProof},
		"another value":         {func(r *pb.Receipt) { r.Openings[1].Value = "韩梅梅" }, journal.ErrOpening},
		"another field":         {func(r *pb.Receipt) { r.Openings[1].Field = "alias" }, journal.ErrOpening},
		"another salt":          {func(r *pb.Receipt) { r.Openings[1].Salt[0] ^= 1 }, journal.ErrOpening},
		"short salt":            {func(r *pb.Receipt) { r.Openings[1].Salt = r.Openings[1].Salt[:15] }, journal.ErrOpening},
		"long salt":             {func(r *pb.Receipt) { r.Openings[1].Salt = make([]byte, 65) }, journal.ErrOpening},
		"swapped fields":        {func(r *pb.Receipt) { r.Openings[0].Commitment, r.Openings[1].Commitment = 1, 0 }, journal.ErrOpening},
		"a field twice":         {func(r *pb.Receipt) { r.Openings[1] = r.Openings[0] }, journal.ErrOpening},
		"a field nobody hid":    {func(r *pb.Receipt) { r.Openings[1].Commitment = 2 }, journal.ErrOpening},
		"a field far beyond":    {func(r *pb.Receipt) { r.Openings[1].Commitment = 1 << 31 }, journal.ErrOpening},
		"more fields than hid":  {func(r *pb.Receipt) { r.Openings = append(r.Openings, r.Openings...) }, journal.ErrOpening},
		"an opening of nothing": {func(r *pb.Receipt) { r.Openings[1] = nil }, journal.ErrOpening},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec, _, verifier := receipt(t)
			c.change(rec)
			if _, _, err := journal.VerifyReceipt(rec, verifier); !errors.Is(err, c.want) {
				t.Errorf("VerifyReceipt = %v, want %v", err, c.want)
			}
			if text, err := journal.Describe(rec, verifier); err == nil {
				t.Errorf("described all the same:\n%s", text)
			}
		})
	}
	rec, _, _ := receipt(t)
	if _, _, err := journal.VerifyReceipt(rec, stranger); !errors.Is(err, journal.ErrCheckpoint) {
		t.Errorf("another key of the same name: %v", err)
	}
	if _, _, err := journal.VerifyReceipt(&pb.Receipt{}, stranger); err == nil {
		t.Error("an empty receipt verifies")
	}
}

// An entry may be in the journal and still be unreadable or misplaced.
func TestVerifyReceiptOfBadEntries(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t, origin, "golden")
	for name, entry := range map[string][]byte{
		"not an entry": []byte("\xff\xff"), "another's number": table.Encode(plainEntry(7)),
	} {
		b := newBook()
		b.put(t, journal.RowKey(0), entry)
		root, err := journal.RootAt(b.snapshot(), 1)
		if err != nil {
			t.Fatal(err)
		}
		text, err := journal.SignCheckpoint(signer, journal.Checkpoint{Origin: origin, Size: 1, Root: root})
		if err != nil {
			t.Fatal(err)
		}
		rec := &pb.Receipt{Entry: entry, Checkpoint: string(text)}
		if _, _, err := journal.VerifyReceipt(rec, verifier); !errors.Is(err, journal.ErrEntry) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDescribeQuotesWhatWouldHide(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t, origin, "golden")
	b := newBook()
	b.append(t, &pb.Entry{Entity: "order/1\n已验证 verified", Name: "\x1b[2J", Actor: "\u202eevil", Code: 9999, Parts: 3,
		Postings: []*pb.Posting{{Code: 77, Debit: "a/b", Credit: "c/d", Amount: 5, Currency: 840}}})
	rec, err := journal.BuildReceipt(b.snapshot(), b.sign(t, signer), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := journal.Describe(rec, verifier)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text, "\x1b\u202e") || strings.Count(text, "\n") != 11 {
		t.Errorf("text moves the cursor or lies about its lines:\n%q", text)
	}
	for _, want := range []string{"code-9999", "posting code 77 5 (currency 840)", "1 / 3", `"\x1b[2J"`} {
		if !strings.Contains(text, want) {
			t.Errorf("text lacks %q:\n%s", want, text)
		}
	}
}

func TestDecodeReceiptIsStrict(t *testing.T) {
	t.Parallel()
	rec, _, _ := receipt(t)
	file, err := journal.EncodeReceipt(rec)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"unknown key": bytes.Replace(file, []byte(`"leaf_index"`), []byte(`"amount": "1", "leaf_index"`), 1),
		"cut off":     file[:len(file)-3],
		"two of them": append(append([]byte(nil), file...), file...),
		"too long":    append(append([]byte(nil), file...), bytes.Repeat([]byte(" "), 1<<20)...),
		"nothing":     nil,
	} {
		if _, err := journal.DecodeReceipt(data); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzReceipt(f *testing.F) {
	genuine, _, verifier := receipt(f)
	file, err := journal.EncodeReceipt(genuine)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte(`{"entry":"","openings":[{}]}`))
	f.Add([]byte(`{"leaf_index":"18446744073709551615","proof":["AA=="]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := journal.DecodeReceipt(data)
		if err != nil {
			return
		}
		again, err := journal.EncodeReceipt(rec)
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		back, err := journal.DecodeReceipt(again)
		if err != nil || !proto.Equal(back, rec) {
			t.Fatalf("decode(encode(receipt)) differs: %v", err)
		}
		e, cp, err := journal.VerifyReceipt(rec, verifier)
		if err != nil {
			return
		}
		// The key signed one checkpoint; under it only the genuine leaf can be proved by this proof.
		if cp.Size != 300 || !bytes.Equal(rec.Entry, genuine.Entry) || e.Seq != 269 {
			t.Fatalf("a receipt nobody made verifies: %v", rec)
		}
		for _, o := range rec.Openings {
			g := genuine.Openings[o.Commitment]
			if o.Value != g.Value || o.Field != g.Field {
				t.Fatalf("a value nobody hid verifies: %v", o)
			}
		}
	})
}

// FuzzVerifyReceipt mutates the wire form, which reaches further into the proof.
func FuzzVerifyReceipt(f *testing.F) {
	genuine, _, verifier := receipt(f)
	f.Add(table.Encode(genuine), uint64(269))
	f.Fuzz(func(t *testing.T, data []byte, leaf uint64) {
		rec := new(pb.Receipt)
		if rec.UnmarshalVT(data) != nil {
			return
		}
		rec.Checkpoint, rec.LeafIndex = genuine.Checkpoint, leaf
		e, _, err := journal.VerifyReceipt(rec, verifier)
		if err == nil && (!bytes.Equal(rec.Entry, genuine.Entry) || e.Seq != leaf || leaf != 269) {
			t.Fatalf("a receipt nobody made verifies: %v", rec)
		}
	})
}
