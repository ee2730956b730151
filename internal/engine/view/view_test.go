package view_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Whatever the slices, restarts and rebuilds on the way, the views say what the
// journal says.
func TestViewsAreTheJournal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s, fs := newState(), vfs.NewMem()
		slice := rapid.SampledFrom([]int{1, 2, 7, 60, 100_000}).Draw(rt, "slice")
		v := open(t, "views", fs, view.Options{SlicePostings: slice})
		defer func() { v.Close() }()
		rest := drawEntries(rt)
		for len(rest) > 0 {
			n := rapid.IntRange(1, len(rest)).Draw(rt, "frame")
			s.append(t, rest[:n]...)
			rest = rest[n:]
			switch rapid.IntRange(0, 5).Draw(rt, "then") {
			case 0:
				if err := v.Close(); err != nil {
					rt.Fatal(err)
				}
				v = open(t, "views", fs, view.Options{SlicePostings: slice})
			case 1:
				if err := v.Rebuild(); err != nil {
					rt.Fatal(err)
				}
			case 2, 3:
				if _, err := v.RunOnce(context.Background(), s); err != nil {
					rt.Fatal(err)
				}
			case 4:
				build(rt, v, s)
				agrees(rt, v, s.entries)
			}
		}
		build(rt, v, s)
		agrees(rt, v, s.entries)
	})
}

func drawEntries(rt *rapid.T) []*pb.Entry {
	names := []string{"user/1/balance", "user/2/balance", "user/12/balance", "mch/19/pending", "bank/one/clearing"}
	entities := []string{"order/1", "order/2", "order/10", "order/01", "order/+3", "order/x", "refund/1", "refund/18446744073709551615",
		"refund/18446744073709551616", "merchant/19", "batch/r", "batch/re", "", "notice/1"}
	at := rapid.Int64Range(-2*3_600_000, 2_000_000_000_000).Draw(rt, "at")
	nextOrder, nextBox := 11, 1
	var entries []*pb.Entry
	for range rapid.IntRange(1, 40).Draw(rt, "entries") {
		at += rapid.SampledFrom([]int64{0, 0, 1, 999, 1_800_000, 7_200_000}).Draw(rt, "later")
		e := &pb.Entry{At: at, Number: rapid.SampledFrom([]uint32{orderCreate, 16, boxOpen}).Draw(rt, "number")}
		e.Entity = rapid.SampledFrom(entities).Draw(rt, "entity")
		e.Name = rapid.SampledFrom([]string{"19/T1", "20/T1", "/", "19", ""}).Draw(rt, "name")
		if e.Number == orderCreate { // order numbers only grow
			e.Entity = fmt.Sprintf("order/%d", nextOrder)
			nextOrder += rapid.IntRange(0, 2).Draw(rt, "skip")
		}
		if e.Number == boxOpen { // numbers of their own
			e.Entity = fmt.Sprintf("box/%d", nextBox)
			nextBox += rapid.IntRange(0, 2).Draw(rt, "skip")
		}
		for range rapid.SampledFrom([]int{0, 1, 1, 2, 30}).Draw(rt, "postings") {
			p := pay(rapid.SampledFrom(names).Draw(rt, "debit"), rapid.SampledFrom(names).Draw(rt, "credit"),
				rapid.Int64Range(1, math.MaxInt32).Draw(rt, "amount"))
			if p.Debit != p.Credit {
				p.Currency = rapid.SampledFrom([]uint32{156, 156, 840}).Draw(rt, "currency")
				p.Code = pb.PostingCode(rapid.IntRange(1, 4).Draw(rt, "code"))
				e.Postings = append(e.Postings, p)
			}
		}
		entries = append(entries, e)
	}
	return entries
}

// Pages, put one after the other, are the whole; lines of one entry are never
// torn between two pages.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newState()
	s.append(t, sample(400)...)
	v := open(t, "views", vfs.NewMem(), view.Options{SlicePostings: 300})
	defer v.Close()
	build(t, v, s)
	for _, limit := range []int{1, 2, 3, 10, 1000} {
		whole, err := v.History("user/2/balance", 156, 0, math.MaxInt)
		if err != nil || len(whole) < 100 {
			t.Fatalf("history has %d lines, %v", len(whole), err)
		}
		var paged []*pb.HistoryLine
		for before := uint64(0); ; {
			page, err := v.History("user/2/balance", 156, before, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			if len(page) < limit && len(paged)+len(page) != len(whole) {
				t.Fatalf("a page of %d lines in the middle, limit %d", len(page), limit)
			}
			paged = append(paged, page...)
			before = page[len(page)-1].Seq
			if before == 0 {
				break
			}
		}
		if !slices.EqualFunc(paged, whole, func(a, b *pb.HistoryLine) bool { return proto.Equal(a, b) }) {
			t.Errorf("pages of %d give %d lines of %d", limit, len(paged), len(whole))
		}
		orders, err := v.List(pb.Kind_KIND_ORDER, "1900000000", view.Mark{}, math.MaxInt)
		if err != nil || len(orders) < 20 {
			t.Fatalf("%d orders, %v", len(orders), err)
		}
		var listed []view.Mark
		for mark := (view.Mark{}); ; mark = listed[len(listed)-1] {
			page, err := v.List(pb.Kind_KIND_ORDER, "1900000000", mark, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			listed = append(listed, page...)
		}
		if !slices.Equal(listed, orders) {
			t.Errorf("pages of %d orders give %d of %d", limit, len(listed), len(orders))
		}
		steps, err := v.Steps("order/3", 0, math.MaxInt)
		if err != nil || len(steps) != 4 {
			t.Fatalf("steps = %v, %v", steps, err)
		}
		var stepped []uint64
		for before := uint64(0); ; before = stepped[0] {
			page, err := v.Steps("order/3", before, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			stepped = append(page, stepped...)
		}
		if !slices.Equal(stepped, steps) {
			t.Errorf("pages of %d steps give %v of %v", limit, stepped, steps)
		}
	}
}

func TestNothingKnown(t *testing.T) {
	t.Parallel()
	s := newState()
	v := open(t, "views", vfs.NewMem(), view.Options{})
	defer v.Close()
	build(t, v, s) // there is no head row yet
	agrees(t, v, nil)
	s.append(t, sample(10)...)
	build(t, v, s)
	if lines, err := v.History("user/2/balanc", 156, 0, 10); err != nil || lines != nil {
		t.Errorf("history of an unknown account = %v, %v", lines, err)
	}
	if lines, err := v.History("user/2/balance", 840, 0, 10); err != nil || lines != nil {
		t.Errorf("history in another currency = %v, %v", lines, err)
	}
	if steps, err := v.Steps("order", 0, 10); err != nil || steps != nil {
		t.Errorf("steps of an unknown entity = %v, %v", steps, err)
	}
	if marks, err := v.List(pb.Kind_KIND_ORDER, "19000000", view.Mark{}, 10); err != nil || marks != nil {
		t.Errorf("orders of an unknown merchant = %v, %v", marks, err)
	}
	if d, c, err := v.BalanceAt("user/2/balance", 156, 0); err != nil || d != 0 || c != 0 {
		t.Errorf("balance before everything = %d, %d, %v", d, c, err)
	}
}

// A hot account's rows are cut before they grow large, and a great entry stays whole.
//
//test:cases
func TestHotAccount(t *testing.T) {
	t.Parallel()
	s := newState()
	for i := range 5 {
		e := &pb.Entry{At: int64(i), Entity: "batch/" + strings.Repeat("x", 40)}
		for j := range 900 { // more bytes than a row should have
			e.Postings = append(e.Postings, pay("bank/one/clearing", fmt.Sprintf("user/%040d/balance", j), int64(i*j)+1))
		}
		s.append(t, e)
	}
	v := open(t, "views", vfs.NewMem(), view.Options{})
	defer v.Close()
	build(t, v, s)
	agrees(t, v, s.entries)
}

// After a power cut the views have lost slices, at most, and never the cursor
// without its rows or the other way round.
//
//test:cases
func TestPowerCut(t *testing.T) {
	t.Parallel()
	s, fs := newState(), vfs.NewCrashableMem()
	v := open(t, "views", fs, view.Options{SlicePostings: 50, MemTableBytes: 32 << 10})
	var clones []*vfs.MemFS
	for i, e := range sample(300) {
		s.append(t, e)
		build(t, v, s)
		if i%50 == 49 {
			clones = append(clones, fs.CrashClone(vfs.CrashCloneCfg{}))
		}
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	survived := false
	for _, clone := range clones {
		v := open(t, "views", clone, view.Options{SlicePostings: 50})
		survived = survived || v.Next() > 0
		build(t, v, s)
		agrees(t, v, s.entries)
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !survived {
		t.Error("no power cut left anything: the test cuts too early to tell")
	}
}

func TestRestartGoesOn(t *testing.T) {
	t.Parallel()
	s, fs := newState(), vfs.NewMem()
	s.append(t, sample(300)...)
	v := open(t, "views", fs, view.Options{SlicePostings: 20})
	for range 10 {
		if more, err := v.RunOnce(context.Background(), s); err != nil || !more {
			t.Fatalf("RunOnce = %v, %v", more, err)
		}
	}
	at := v.Next()
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Steps("order/1", 0, 1); !errors.Is(err, view.ErrUnavailable) {
		t.Errorf("a closed view answers: %v", err)
	}
	v = open(t, "views", fs, view.Options{SlicePostings: 20})
	defer v.Close()
	if v.Next() != at || at == 0 || at == 300 {
		t.Fatalf("after a restart at %d the views go on at %d", at, v.Next())
	}
	build(t, v, s)
	agrees(t, v, s.entries)
}

func TestAnotherJournalIsNoticed(t *testing.T) {
	t.Parallel()
	s, fs := newState(), vfs.NewMem()
	s.append(t, sample(200)...)
	v := open(t, "views", fs, view.Options{})
	defer v.Close()
	build(t, v, s)
	shorter, other := newState(), newState()
	shorter.append(t, sample(100)...)
	build(t, v, shorter)
	agrees(t, v, shorter.entries)
	entries := sample(300)
	entries[99].Postings = []*pb.Posting{pay("user/99/balance", "mch/19/pending", 1)}
	other.append(t, entries...)
	build(t, v, other)
	agrees(t, v, other.entries)
}

// Damage of the journal itself is not the views' to repair: they wait.
func TestJournalDamageIsAnError(t *testing.T) {
	t.Parallel()
	s := newState()
	s.append(t, sample(50)...)
	v := open(t, "views", vfs.NewMem(), view.Options{})
	defer v.Close()
	for name, c := range map[string]struct {
		seq    uint64
		stored []byte
		want   string
	}{
		"missing":     {20, nil, "entry 20: it is missing"},
		"last":        {49, nil, "entry 49: it is missing"},
		"undecodable": {30, table.Seal(nil, table.K(table.Journal).U64(30), []byte{0xff}), "entry 30: "},
		"not sealed":  {30, []byte("not sealed"), "table journal"},
	} {
		key := table.K(table.Journal).U64(c.seq)
		good := table.Seal(nil, key, table.Encode(s.entries[c.seq]))
		if err := s.mem.Commit([]table.Write{{Key: key, Stored: c.stored}}); err != nil {
			t.Fatal(err)
		}
		if _, err := v.RunOnce(context.Background(), s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: RunOnce = %v", name, err)
		}
		if v.Lag() != 50 {
			t.Errorf("%s: lag %d", name, v.Lag())
		}
		if err := s.mem.Commit([]table.Write{{Key: key, Stored: good}}); err != nil {
			t.Fatal(err)
		}
	}
	build(t, v, s)
	agrees(t, v, s.entries)
}

func TestFolderInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newState()
	s.append(t, sample(20)...)
	v := open(t, dir, vfs.Default, view.Options{})
	build(t, v, s)
	if second, err := view.Open(dir, view.Options{}); err == nil {
		second.Close()
		t.Fatal("two views in one folder")
	}
	agrees(t, v, s.entries)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	v = open(t, dir, vfs.Default, view.Options{})
	defer v.Close()
	if v.Next() != 20 {
		t.Errorf("views were lost: next is %d", v.Next())
	}
}

func TestAnotherLayoutIsBuiltAnew(t *testing.T) {
	t.Parallel()
	s, fs := newState(), vfs.NewMem()
	s.append(t, sample(60)...)
	v := open(t, "views", fs, view.Options{})
	build(t, v, s)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := pebble.Open("views", &pebble.Options{FS: fs, Merger: view.Merger, Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Set([]byte{1}, []byte("written by a newer version"), pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
	v = open(t, "views", fs, view.Options{})
	defer v.Close()
	if v.Next() != 0 {
		t.Fatalf("a store of another layout was taken over at %d", v.Next())
	}
	build(t, v, s)
	agrees(t, v, s.entries)
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(string, ...any) {}

// Run follows the state, somebody's Wait ends when the entry is in, and the lag
// goes to zero.
func TestRunFollows(t *testing.T) {
	t.Parallel()
	s := newState()
	v := open(t, "views", vfs.NewMem(), view.Options{Pause: time.Millisecond})
	defer v.Close()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx, s) }()
	limit, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, e := range sample(120) {
		s.append(t, e)
		if e.Seq%10 == 3 {
			if err := v.Wait(limit, e.Seq); err != nil {
				t.Fatalf("Wait(%d): %v; the views are at %d", e.Seq, err, v.Next())
			}
		}
		if e.Seq == 77 {
			if err := v.Rebuild(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := v.Wait(limit, 119); err != nil {
		t.Fatalf("Wait: %v; the views are at %d", err, v.Next())
	}
	agrees(t, v, s.entries)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := v.Wait(ctx, 1000); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait for what never comes: %v", err)
	}
}

// Readers, rebuilds and the builder at once: answers are right or unavailable.
func TestQueriesWhileRebuilding(t *testing.T) {
	t.Parallel()
	s := newState()
	s.append(t, sample(300)...)
	v := open(t, "views", vfs.NewMem(), view.Options{SlicePostings: 40, Pause: time.Microsecond})
	defer v.Close()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 3)
	go func() { done <- v.Run(ctx, s) }()
	whole := newModel(s.entries).lines[account{"user/2/balance", 156}]
	for range 2 {
		go func() {
			for ctx.Err() == nil {
				lines, err := v.History("user/2/balance", 156, 0, math.MaxInt)
				if err != nil && !errors.Is(err, view.ErrUnavailable) {
					done <- err
					return
				}
				if older := len(whole) - len(lines); older < 0 || len(lines) > 0 && !proto.Equal(lines[0], whole[older]) {
					done <- fmt.Errorf("history of %d lines is no part of the whole", len(lines))
					return
				}
			}
			done <- nil
		}()
	}
	limit, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for range 8 {
		if err := v.Rebuild(); err != nil {
			t.Fatal(err)
		}
		if err := v.Wait(limit, 299); err != nil {
			t.Fatalf("Wait: %v; the views are at %d", err, v.Next())
		}
	}
	stop()
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
