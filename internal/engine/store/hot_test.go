package store_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
)

func personKey(uid uint64) table.Key { return table.K(table.Persons).U64(uid) }

func sealed(k table.Key, value string) table.Write {
	return table.Write{Key: k, Stored: table.Seal(nil, k, []byte(value))}
}

func commit(t testing.TB, s *store.Store, writes ...table.Write) {
	t.Helper()
	if err := s.Commit(writes); err != nil {
		t.Fatal(err)
	}
}

func wantRow(t testing.TB, when string, r table.Reader, k table.Key, want string) {
	t.Helper()
	if got, ok := r.Get(k); string(got) != want || ok != (want != "") {
		t.Errorf("%s the row is %q (%v), want %q", when, got, ok, want)
	}
}

// Remembered rows are those of the snapshot, before and after they change.
func TestRememberedRows(t *testing.T) {
	t.Parallel()
	s := open(t, options(t, vfs.NewMem()))
	defer closed(t, s.Close)
	k := personKey(1)
	commit(t, s, sealed(k, "first"))
	before := s.Snapshot()
	defer closed(t, before.Close)
	for range 2 {
		wantRow(t, "at first", before, k, "first")
	}
	commit(t, s, sealed(k, "second"), sealed(personKey(2), "another"))
	wantRow(t, "in the old snapshot", before, k, "first")
	wantRow(t, "in the old snapshot", before, personKey(2), "")
	for range 2 {
		after := s.Snapshot()
		wantRow(t, "changed", after, k, "second")
		closed(t, after.Close)
	}
	commit(t, s, table.Write{Key: k})
	gone := s.Snapshot()
	defer closed(t, gone.Close)
	wantRow(t, "deleted", gone, k, "")
}

// Whoever reads while rows change sees one state: the remembered row and the one
// that is looked up are of the same commit.
func TestRememberedRowsWhileTheyChange(t *testing.T) {
	t.Parallel()
	s := open(t, options(t, vfs.NewMem()))
	defer closed(t, s.Close)
	at := func(i int) []table.Write {
		text := fmt.Sprint("commit ", i)
		return []table.Write{sealed(personKey(1), text), sealed(orderKey(1), text), sealed(personKey(2+uint64(i%2)), text)}
	}
	commit(t, s, at(0)...)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				snap := s.Snapshot()
				first, _ := snap.Get(personKey(1))
				looked, _ := snap.Get(orderKey(1))
				again, _ := snap.Get(personKey(1))
				if string(first) != string(looked) || string(again) != string(looked) {
					t.Errorf("one snapshot has %q, %q and %q", first, looked, again)
				}
				_ = snap.Close()
			}
		})
	}
	for i := range 3000 {
		commit(t, s, at(i)...)
		if i%3 == 0 { // and some that change nothing of it
			commit(t, s, order(uint64(100+i), "x"))
		}
	}
	close(done)
	readers.Wait()
}

func BenchmarkSnapshotGet(b *testing.B) {
	s := open(b, options(b, vfs.NewMem()))
	defer closed(b, s.Close)
	for uid := range uint64(10_000) {
		commit(b, s, sealed(personKey(uid), "a person's row is about as long as this text, or a little longer than that"), order(uid, "an order"))
	}
	for name, key := range map[string]func(uint64) table.Key{"remembered": personKey, "looked-up": orderKey} {
		b.Run(name, func(b *testing.B) {
			for i := range b.N {
				snap := s.Snapshot()
				if _, ok := snap.Get(key(uint64(i) % 1000)); !ok {
					b.Fatal("a row is missing")
				}
				_ = snap.Close()
			}
		})
	}
}
