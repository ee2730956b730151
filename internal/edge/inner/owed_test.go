package inner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/owed"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var quiet = slog.New(slog.DiscardHandler)

// All that is owed is told once, oldest first: a backlog by heads, the last of
// it in full; then each new notice in full as it is committed.
func TestOwedTellsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRows(t)
		const backlog = 2*owed.BatchRows + 500
		var writes []table.Write
		for id := uint64(1); id <= backlog; id++ {
			writes = append(writes, owedRow(3*id, nil))
		}
		r.commit(t, writes...)
		l := listen(t, New(r, quiet), "c1")
		var got []uint64
		var full, caught int
		for len(got) < backlog {
			b := l.next(t)
			for _, h := range b.Waiting {
				got = append(got, h.Id)
			}
			for _, n := range b.Notices {
				got = append(got, n.Notice.Id)
			}
			full += len(b.Notices)
			if b.CaughtUp {
				caught++
			}
			if b.Now == 0 || b.Applied != 2 || b.Oldest != 1003 {
				t.Fatalf("batch says now %d, applied %d, oldest %d", b.Now, b.Applied, b.Oldest)
			}
		}
		if !slices.IsSorted(got) || got[0] != 3 || got[backlog-1] != 3*backlog || full != 500 || caught != 1 {
			t.Errorf("told %d notices (sorted %t), %d of them in full, caught up %d times; want 500 in full, once",
				len(got), slices.IsSorted(got), full, caught)
		}
		for id := uint64(3*backlog + 1); id < 3*backlog+4; id++ {
			r.commit(t, owedRow(id, nil))
			if b := l.next(t); len(b.Notices) != 1 || b.Notices[0].Notice.Id != id {
				t.Errorf("after notice %d was committed the stream tells %v", id, b)
			}
		}
		r.commit(t, owedRow(9000, func(n *pb.Notice) { n.NextAt = time.Now().Add(time.Hour).UnixMilli() }))
		if b := l.next(t); len(b.Waiting) != 1 || b.Waiting[0].Id != 9000 {
			t.Errorf("a notice that is not due for an hour is told as %v, want its head", b)
		}
	})
}

// What a notice says in full.
func TestFullNotice(t *testing.T) {
	t.Parallel()
	r := newRows(t)
	r.commit(t, owedRow(7, func(n *pb.Notice) { n.Attempts, n.Tries, n.Recent = 1, 1, []*pb.Attempt{{Number: 1}} }),
		owedRow(8, func(n *pb.Notice) { n.Format = 99 }), owedRow(9, func(n *pb.Notice) { n.Event = 99 }),
		owedRow(10, func(n *pb.Notice) { n.OrderId = 5 }), owedRow(11, func(n *pb.Notice) { n.Mchid = "1900000002" }))
	b, err := New(r, quiet).Fetch(context.Background(), &pb.FetchRequest{Ids: []uint64{7, 8, 9, 10, 11, 12}})
	if err != nil || len(b.Notices) != 5 {
		t.Fatalf("%v, %v; want five notices, the sixth is not owed", b, err)
	}
	n := b.Notices[0]
	want, err := wechatjson.Plaintext(owedNotice(7, nil), wechatjson.Records{Order: paidOrder()}, 8*3600)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case n.EventId != ident.EventID("test.example", 7), n.EventType != "TRANSACTION.SUCCESS", n.ResourceType != "encrypt-resource",
		n.OriginalType != "transaction", n.AssociatedData != "transaction", n.Summary != "支付成功",
		string(n.Plaintext) != string(want), n.CreateTime != "1970-01-01T08:00:01+08:00", n.Apiv3KeyId != "k2", !n.SignWithPublicKey,
		!n.AllowHttp, len(n.CallbackHosts) != 1, n.Problem != "", n.Notice.Attempts != 1:
		t.Errorf("notice 7 is %v", n)
	}
	for _, n := range b.Notices[1:4] {
		if n.Problem == "" || n.Plaintext != nil {
			t.Errorf("notice %d can't be written by this version and says %q", n.Notice.Id, n.Problem)
		}
	}
	if n := b.Notices[4]; n.Apiv3KeyId != "" || n.SignWithPublicKey || n.AllowHttp {
		t.Errorf("a notice of an unknown merchant has rules: %v", n)
	}
	if _, err := New(r, quiet).Fetch(context.Background(), &pb.FetchRequest{Ids: make([]uint64, maxFetch+1)}); !errors.Is(err, owed.ErrInvalid) {
		t.Errorf("fetching too many: %v", err)
	}
}

// Whatever happens to rows, and however a sweep is cut up, the courier is told
// the last version of every row, and no version twice.
func TestStreamMissesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { missNothing(t, seed) })
		})
	}
}

func missNothing(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	r := newRows(t)
	sweepRows := 1 + rnd.IntN(40)
	svc := newService(r, quiet, sweepRows)
	l := listen(t, svc, "c1")
	told, again := map[uint64]int64{}, 0 // by notice: next_at as told last
	tell := func(id uint64, at int64) {
		if old, ok := told[id]; ok && old == at {
			again++
		}
		told[id] = at
	}
	go func() {
		for b := range l.out {
			for _, h := range b.Waiting {
				tell(h.Id, h.NextAt)
			}
			for _, n := range b.Notices {
				tell(n.Notice.Id, n.Notice.NextAt)
			}
		}
	}()
	model := map[uint64]int64{}
	next := uint64(1)
	for version := range int64(300) {
		var w table.Write
		switch id := 1 + rnd.Uint64N(next); {
		case rnd.IntN(3) == 0:
			next += 1 + rnd.Uint64N(3)
			model[next] = version
			w = owedRow(next, func(n *pb.Notice) { n.NextAt = version })
		case rnd.IntN(2) == 0:
			delete(model, id)
			w = table.Write{Key: owedAt(id)}
		default: // changes a row, or brings one back
			model[id] = version
			w = owedRow(id, func(n *pb.Notice) { n.NextAt = version })
		}
		r.commit(t, w)
		time.Sleep(time.Duration(rnd.Int64N(int64(200 * time.Millisecond))))
	}
	passes := time.Duration(2 * (len(model)/sweepRows + 2))
	time.Sleep(passes*owed.Heartbeat + owed.Heartbeat)
	synctest.Wait()
	for id, at := range model {
		if got, ok := told[id]; !ok || got != at {
			t.Errorf("version %d of notice %d was not told; the courier knows %d (told %t)", at, id, got, ok)
		}
	}
	if again > 0 {
		t.Errorf("%d versions were told twice", again)
	}
	l.stop()
	close(l.out)
}

// A frame that is applied while the stream reads is not missed until the next.
func TestFrameDuringRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &busyRows{rows: newRows(t)}
		r.after = sync.OnceFunc(func() { r.commit(t, owedRow(2, nil)) })
		r.commit(t, owedRow(1, nil))
		l := listen(t, New(r, quiet), "c1")
		l.next(t)
		start := time.Now()
		if b := l.next(t); len(b.Notices) != 1 || time.Since(start) > owed.Heartbeat/2 {
			t.Errorf("told %v after %v, want notice 2 at once", b, time.Since(start))
		}
	})
}

// busyRows applies a frame just after the first read.
type busyRows struct {
	*rows
	after func()
}

func (r *busyRows) ReadLocal(ctx context.Context, f func(table.Reader) error) error {
	err := r.rows.ReadLocal(ctx, f)
	r.after()
	return err
}

// A row that has not changed is not told twice, sweeps or not.
func TestStreamRepeatsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRows(t)
		r.commit(t, owedRow(1, nil), owedRow(2, nil), owedRow(3, nil))
		l := listen(t, New(r, quiet), "c1")
		if b := l.next(t); len(b.Notices) != 3 {
			t.Fatal(b)
		}
		for i := range 20 {
			r.commit(t, row(table.K(table.Orders).U64(uint64(10+i)), paidOrder())) // frames that change no notice
			select {
			case b := <-l.out:
				if len(b.Notices)+len(b.Waiting) > 0 {
					t.Fatalf("told again: %v", b)
				}
			case <-time.After(2 * owed.Heartbeat):
				t.Fatal("no owed.Heartbeat")
			}
		}
		r.commit(t, table.Write{Key: owedAt(1)}, table.Write{Key: owedAt(2)}, table.Write{Key: owedAt(3)})
		time.Sleep(time.Millisecond)
		<-l.out
		if b := <-l.out; b.Oldest != 0 {
			t.Errorf("nothing is owed and the oldest is said to be of %d", b.Oldest)
		}
	})
}

// since counts from when a notice was owed again.
func TestSince(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		n    *pb.Notice
		want int64
	}{
		"never tried":            {&pb.Notice{CreatedAt: 100, NextAt: 100}, 100},
		"tried":                  {&pb.Notice{CreatedAt: 100, NextAt: 900, Tries: 2, Attempts: 2}, 100},
		"owed again":             {&pb.Notice{CreatedAt: 100, NextAt: 900, Attempts: 5}, 900},
		"owed again and tried":   {&pb.Notice{CreatedAt: 100, NextAt: 990, Attempts: 3, Tries: 1, Recent: []*pb.Attempt{{At: 100}, {At: 120}, {At: 950}}}, 950},
		"the attempt is too old": {&pb.Notice{CreatedAt: 100, NextAt: 990, Attempts: 50, Tries: 30}, 100},
	} {
		if got := since(c.n); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// One courier at a time; the same one may come again.
func TestOneCourier(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := New(newRows(t), quiet)
		first := listen(t, svc, "c1")
		<-first.out
		if err := svc.Stream(context.Background(), &pb.OwedRequest{Courier: "c2"}, nil); !errors.Is(err, owed.ErrTaken) {
			t.Errorf("a second courier gets %v, want owed.ErrTaken", err)
		}
		again := listen(t, svc, "c1")
		<-again.out
		if err := first.stop(); !errors.Is(err, owed.ErrReplaced) {
			t.Errorf("the first stream ended with %v, want %v", err, owed.ErrReplaced)
		}
		if err := again.stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("the second stream ended with %v", err)
		}
		other := listen(t, svc, "c2")
		<-other.out
		for _, name := range []string{"", "a b", "a/b", "é", string(make([]byte, 65))} {
			if err := svc.Stream(context.Background(), &pb.OwedRequest{Courier: name}, nil); !errors.Is(err, owed.ErrInvalid) {
				t.Errorf("courier %q: %v, want owed.ErrInvalid", name, err)
			}
		}
	})
}

// A backlog costs the node a few bytes a notice, however slow the courier reads.
func TestBacklogMemory(t *testing.T) {
	const backlog = 200_000
	r := newRows(t)
	writes := make([]table.Write, backlog)
	for i := range writes {
		writes[i] = owedRow(uint64(i+1), nil)
	}
	r.commit(t, writes...)
	before := heap()
	l := listen(t, New(r, quiet), "c1")
	for told := 0; told < backlog; {
		b := l.next(t)
		told += len(b.Waiting) + len(b.Notices)
	}
	if per := float64(heap()-before) / backlog; per > 64 {
		t.Errorf("the stream holds %.0f bytes a notice, want at most 64", per)
	}
	runtime.KeepAlive(writes)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
