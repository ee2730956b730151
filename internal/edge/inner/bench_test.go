package inner

import (
	"context"
	"errors"
	"testing"

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
		err := New(r, quiet).Stream(context.Background(), &pb.OwedRequest{Courier: "c1"}, func(batch *pb.OwedBatch) error {
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
