package inner

import (
	"context"
	"errors"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/vtcodec"
)

var errEnough = errors.New("enough")

// BenchmarkBacklog is what a notice of a backlog costs the node: its row is
// read and its head encoded.
func BenchmarkBacklog(b *testing.B) {
	r := newRows(b)
	writes := make([]table.Write, b.N)
	for i := range writes {
		writes[i] = owedRow(uint64(i+1), nil)
	}
	r.commit(b, writes...)
	b.ReportAllocs()
	b.ResetTimer()
	err := New(r, quiet).Owed(context.Background(), "c1", func(batch *pb.OwedBatch) error {
		if _, err := (vtcodec.Codec{}).Marshal(batch); err != nil {
			return err
		}
		if batch.CaughtUp {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		b.Fatal(err)
	}
}

// BenchmarkFull is what a notice costs the node to tell in full, fetched 256 at
// a time.
func BenchmarkFull(b *testing.B) {
	r := newRows(b)
	var writes []table.Write
	var ids []uint64
	for id := uint64(1); id <= maxFetch; id++ {
		writes, ids = append(writes, owedRow(id, nil)), append(ids, id)
	}
	r.commit(b, writes...)
	svc := New(r, quiet)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += maxFetch {
		batch, err := svc.Fetch(ids)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := (vtcodec.Codec{}).Marshal(batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSweep is what an unchanged row costs a sweep.
func BenchmarkSweep(b *testing.B) {
	r := newRows(b)
	writes := make([]table.Write, 100_000)
	for i := range writes {
		writes[i] = owedRow(uint64(i+1), nil)
	}
	r.commit(b, writes...)
	svc := New(r, quiet)
	svc.sweepRows = len(writes) + 1
	st := &stream{s: svc, told: newTold(), send: func(*pb.OwedBatch) error { return nil }}
	if err := st.forward(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for n := 0; n < b.N; n += len(writes) {
		st.applied = 0 // as if a frame had been applied
		if err := st.sweep(); err != nil {
			b.Fatal(err)
		}
	}
}
