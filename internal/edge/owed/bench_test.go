package owed

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/vtcodec"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// rows is a core that is nothing but rows.
type rows struct {
	backend table.Backend

	mu      sync.Mutex
	applied uint64
	changed chan struct{}
}

func (r *rows) commit(b *testing.B, writes ...table.Write) {
	b.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.backend.Commit(writes); err != nil {
		b.Fatal(err)
	}
	r.applied++
}

func (*rows) Do(context.Context, *pb.Command) (res catalogue.Result, err error) { return res, err }

func (r *rows) ReadLocal(_ context.Context, f func(table.Reader) error) error {
	snap := r.backend.Snapshot()
	defer snap.Close()
	return table.Read(snap, f)
}

func (r *rows) Applied() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.applied
}

func (*rows) Now() int64                 { return time.Now().UnixMilli() }
func (r *rows) Changed() <-chan struct{} { return r.changed }

func at(number uint64) table.Key { return table.K(table.Owed).U64(number) }

// row has the size of an owed notice.
func row(number uint64) table.Write {
	n := &pb.Notice{Id: number, Mchid: "1900000001", Event: pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS, OrderId: 1,
		Url: "https://shop.example/n", CreatedAt: int64(1000 + number), NextAt: int64(1000 + number), Format: 1, State: pb.NoticeState_NOTICE_STATE_OWED}
	return table.Write{Key: at(number), Stored: table.Seal(nil, at(number), table.Encode(n))}
}

var notices = table.Of[pb.Notice, *pb.Notice]{ID: table.Owed}

// streamOf is a stream of notices told by their heads, at its beginning.
func streamOf(r *rows, sweep int, send func(*pb.OwedBatch) error) *stream[*pb.Notice, *pb.OwedBatch] {
	s := New(r, Kind[*pb.Notice, *pb.OwedBatch]{
		Work: lane.Notices, Lease: lane.Lease, Rows: table.Owed, Decode: notices.Decode,
		Owner: (*pb.Notice).GetMchid, Since: (*pb.Notice).GetCreatedAt, SweepRows: sweep,
		Message: func(_ table.Reader, n News[*pb.Notice]) (*pb.OwedBatch, error) {
			b := &pb.OwedBatch{Now: n.Now, Applied: n.Applied}
			for _, row := range n.Rows {
				b.Waiting = append(b.Waiting, row.Head())
			}
			return b, nil
		},
	})
	return &stream[*pb.Notice, *pb.OwedBatch]{s: s, known: newKnown(), send: send}
}

// backends runs a benchmark over memory and over Pebble.
func backends(b *testing.B, f func(*testing.B, *rows)) {
	b.Run("memory", func(b *testing.B) { f(b, &rows{backend: table.NewMem()}) })
	b.Run("pebble", func(b *testing.B) {
		s, err := store.Open(b.TempDir(), store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		f(b, &rows{backend: s})
	})
}

// BenchmarkSteady is what telling a row costs the node while rows come
// two at a time, are done soon after, and a sweep runs every five hundred:
// those done leave tombstones behind that sweeps step over.
func BenchmarkSteady(b *testing.B) {
	backends(b, func(b *testing.B, r *rows) {
		st := streamOf(r, 0, func(batch *pb.OwedBatch) error {
			_, err := vtcodec.Codec{}.Marshal(batch)
			return err
		})
		var forward, sweep time.Duration
		for id := uint64(1); id <= uint64(b.N); id += 2 {
			r.commit(b, row(id), row(id+1))
			start := time.Now()
			if err := st.forward(context.Background()); err != nil {
				b.Fatal(err)
			}
			forward += time.Since(start)
			if id > 20 {
				r.commit(b, table.Write{Key: at(id - 20)}, table.Write{Key: at(id - 19)})
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
		b.ReportMetric(float64(forward.Nanoseconds())/float64(b.N)/1000, "tell-us/row")
		b.ReportMetric(float64(sweep.Nanoseconds())/float64(b.N)/1000, "sweep-us/row")
	})
}

// BenchmarkSweep is what an unchanged row costs a sweep.
func BenchmarkSweep(b *testing.B) {
	backends(b, func(b *testing.B, r *rows) {
		writes := make([]table.Write, 100_000)
		for i := range writes {
			writes[i] = row(uint64(i + 1))
		}
		r.commit(b, writes...)
		st := streamOf(r, len(writes)+1, func(*pb.OwedBatch) error { return nil })
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
