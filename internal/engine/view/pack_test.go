package view

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Entries read in place are what the generated decoder reads.
func TestEntryIsReadInPlace(t *testing.T) {
	t.Parallel()
	var e entry
	rapid.Check(t, func(t *rapid.T) {
		want := drawEntry(t)
		if err := e.read(table.Encode(want)); err != nil {
			t.Fatal(err)
		}
		compareEntry(t, &e, want)
	})
}

func drawEntry(t *rapid.T) *pb.Entry {
	e := &pb.Entry{
		Seq: rapid.Uint64().Draw(t, "seq"), At: rapid.Int64().Draw(t, "at"), Number: rapid.Uint32().Draw(t, "number"),
		Entity: rapid.String().Draw(t, "entity"), Name: rapid.String().Draw(t, "name"),
		CommandHash: rapid.SliceOf(rapid.Byte()).Draw(t, "hash"), Commitments: [][]byte{{1}, {}}, Actor: "a", Part: 1, Parts: 2,
	}
	for range rapid.IntRange(0, 5).Draw(t, "postings") {
		e.Postings = append(e.Postings, &pb.Posting{
			Code: pb.PostingCode(rapid.Int32().Draw(t, "code")), Debit: rapid.String().Draw(t, "debit"),
			Credit: rapid.String().Draw(t, "credit"), Amount: rapid.Int64().Draw(t, "amount"), Currency: rapid.Uint32().Draw(t, "currency"),
		})
	}
	return e
}

func compareEntry(t interface{ Fatalf(string, ...any) }, e *entry, want *pb.Entry) {
	if e.at != want.At || e.number != want.Number || string(e.entity) != want.Entity || string(e.name) != want.Name ||
		len(e.postings) != len(want.Postings) {
		t.Fatalf("read %+v, want %v", e, want)
	}
	for i, p := range want.Postings {
		g := e.postings[i]
		if pb.PostingCode(int32(g.code)) != p.Code || string(g.debit) != p.Debit || string(g.credit) != p.Credit ||
			g.amount != p.Amount || g.currency != p.Currency {
			t.Fatalf("posting %d is %+v, want %v", i, g, p)
		}
	}
}

// Any bytes are read or refused; what the protobuf library reads whole, this
// package reads the same.
func FuzzEntry(f *testing.F) {
	f.Add(table.Encode(&pb.Entry{Seq: 1, At: 2, Number: 3, Entity: "order/1", Name: "n", Postings: []*pb.Posting{{Debit: "a", Credit: "b", Amount: 5}}}))
	f.Add([]byte{0x0b, 0x0c})
	f.Fuzz(func(t *testing.T, data []byte) {
		var e entry
		err := e.read(data)
		want := new(pb.Entry)
		if proto.Unmarshal(data, want) != nil || len(want.ProtoReflect().GetUnknown()) > 0 {
			return
		}
		for _, p := range want.Postings {
			if len(p.ProtoReflect().GetUnknown()) > 0 {
				return
			}
		}
		if err != nil {
			t.Fatalf("refused %v: %v", want, err)
		}
		compareEntry(t, &e, want)
	})
}

func TestPackedLines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Uint64Max(1<<62).Draw(t, "first")
		seq, at := first, rapid.Int64().Draw(t, "at")
		var p linePacker
		p.start(first)
		var want, got []*pb.HistoryLine
		for range rapid.IntRange(1, 10).Draw(t, "lines") {
			l := &pb.HistoryLine{
				Seq: seq, At: at, Code: pb.PostingCode(rapid.Int32Min(0).Draw(t, "code")), Amount: rapid.Int64().Draw(t, "amount"),
				Counter: rapid.StringN(0, 200, -1).Draw(t, "counter"),
			}
			run := rapid.IntRange(0, 2).Draw(t, "run")
			l.Entity = []string{"", "order/1", "batch/9"}[run]
			p.add(seq, at, uint64(l.Code), l.Amount, []byte(l.Counter), []byte(l.Entity), uint64(run)+1)
			want = append(want, l)
			seq += rapid.Uint64Max(1<<40).Draw(t, "step")
			at += rapid.Int64Range(0, 1<<40).Draw(t, "later")
		}
		err := unpackLines(p.row, first, func(l *pb.HistoryLine) bool { got = append(got, l); return true })
		if err != nil || !slices.EqualFunc(got, want, func(a, b *pb.HistoryLine) bool { return proto.Equal(a, b) }) {
			t.Fatalf("unpacked %v, %v; want %v", got, err, want)
		}
	})
}

// Rows come from disk: any bytes give lines or an error.
func FuzzUnpack(f *testing.F) {
	var p linePacker
	p.start(7)
	p.add(7, 1000, 1, -5, []byte("user/1/balance"), []byte("order/1"), 1)
	p.add(9, 1001, 1, 5, []byte("user/2/balance"), []byte("order/1"), 1)
	f.Add(p.row)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, row []byte) {
		n := 0
		_ = unpackLines(row, 7, func(*pb.HistoryLine) bool { n++; return true })
		if n > len(row) {
			t.Fatalf("%d lines from %d bytes", n, len(row))
		}
		if seqs, err := unpackSeqs(nil, row, 7); err == nil && len(seqs) > len(row)+1 {
			t.Fatalf("%d seqs from %d bytes", len(seqs), len(row))
		}
		if marks, err := unpackMarks(Mark{}, row); err == nil && len(marks) > len(row)+1 {
			t.Fatalf("%d marks from %d bytes", len(marks), len(row))
		}
	})
}

func TestNumberedEntities(t *testing.T) {
	t.Parallel()
	for entity, want := range map[string]bool{
		"order/17": true, "order/0": true, "refund/18446744073709551615": true, "/5": true,
		"order/": false, "order": false, "order/017": false, "order/+1": false, "order/-1": false, "order/1x": false,
		"order/18446744073709551616": false, "order/1/2": false, "order/1_0": false, "": false,
	} {
		if _, _, ok := numbered(entity); ok != want {
			t.Errorf("numbered(%q) = %v", entity, ok)
		}
	}
}

func TestHours(t *testing.T) {
	t.Parallel()
	for at, want := range map[int64]int64{0: 0, 1: 0, hour - 1: 0, hour: 1, -1: -1, -hour: -1, -hour - 1: -2} {
		if got := hourOf(at); got != want {
			t.Errorf("hourOf(%d) = %d, want %d", at, got, want)
		}
	}
}
