package inner

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/vtcodec"
)

var errEnough = errors.New("enough")

// backends runs a benchmark over memory and over Pebble.
func backends(b *testing.B, f func(*testing.B, *rows)) {
	b.Run("memory", func(b *testing.B) { f(b, newRows(b)) })
	b.Run("pebble", func(b *testing.B) {
		s, err := store.Open(b.TempDir(), store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		f(b, newRowsIn(b, s))
	})
}

// BenchmarkSteady is what telling a notice costs the node while notices come
// two at a time, are delivered soon after, and a sweep runs every five hundred:
// the rows of those delivered leave tombstones behind that sweeps step over.
func BenchmarkSteady(b *testing.B) {
	backends(b, func(b *testing.B, r *rows) {
		svc := New(r, quiet)
		st := &stream{s: svc, told: newTold(), send: func(batch *pb.OwedBatch) error {
			_, err := vtcodec.Codec{}.Marshal(batch)
			return err
		}}
		var forward, sweep time.Duration
		for id := uint64(1); id <= uint64(b.N); id += 2 {
			r.commit(b, owedRow(id, nil), owedRow(id+1, nil))
			start := time.Now()
			if err := st.forward(context.Background()); err != nil {
				b.Fatal(err)
			}
			forward += time.Since(start)
			if id > 20 {
				r.commit(b, table.Write{Key: owedKey(id - 20)}, table.Write{Key: owedKey(id - 19)})
			}
			if id%500 == 1 {
				start := time.Now()
				st.rested = time.Time{}
				if err := st.sweep(context.Background()); err != nil {
					b.Fatal(err)
				}
				sweep += time.Since(start)
			}
		}
		b.ReportMetric(float64(forward.Nanoseconds())/float64(b.N)/1000, "tell-us/notice")
		b.ReportMetric(float64(sweep.Nanoseconds())/float64(b.N)/1000, "sweep-us/notice")
	})
}

// BenchmarkBacklog is what a notice of a backlog costs the node: its row is
// read and its head encoded.
func BenchmarkBacklog(b *testing.B) {
	backends(b, func(b *testing.B, r *rows) {
		writes := make([]table.Write, b.N)
		for i := range writes {
			writes[i] = owedRow(uint64(i+1), nil)
		}
		r.commit(b, writes...)
		b.ReportAllocs()
		b.ResetTimer()
		err := New(r, quiet).Owed(context.Background(), &pb.OwedRequest{Courier: "c1"}, func(batch *pb.OwedBatch) error {
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
	})
}

// BenchmarkFull is what a notice costs the node to tell in full, fetched 256 at
// a time.
func BenchmarkFull(b *testing.B) {
	backends(b, func(b *testing.B, r *rows) {
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
			batch, err := svc.Fetch(context.Background(), &pb.FetchRequest{Ids: ids})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := (vtcodec.Codec{}).Marshal(batch); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSweep is what an unchanged row costs a sweep.
func BenchmarkSweep(b *testing.B) {
	backends(b, func(b *testing.B, r *rows) {
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
			st.applied, st.rested = 0, time.Time{} // as if a frame had been applied, a while ago
			if err := st.sweep(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
