package store_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const dir = "state"

// options are small, and a fault of the disk fails the test.
func options(t testing.TB, fs vfs.FS) store.Options {
	return store.Options{
		FS:            fs,
		Fatal:         func(err error) { t.Errorf("fatal: %v", err) },
		Logger:        slog.New(slog.DiscardHandler),
		MemTableBytes: 1 << 20,
		CacheBytes:    1 << 20,
	}
}

func open(t testing.TB, opt store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(dir, opt)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

func closed(t testing.TB, close func() error) {
	t.Helper()
	if err := close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

func head(index uint64) table.Write {
	k := table.K(table.Head)
	return table.Write{Key: k, Stored: table.Seal(nil, k, table.Encode(&pb.Head{AppliedIndex: index, AppliedTerm: 1}))}
}

func orderKey(n uint64) table.Key { return table.K(table.Orders).U64(n) }

func order(n uint64, value string) table.Write {
	k := orderKey(n)
	return table.Write{Key: k, Stored: table.Seal(nil, k, []byte(value))}
}

// frame commits one row with a head, as the machine does.
func frame(t testing.TB, s *store.Store, index uint64) {
	t.Helper()
	if err := s.Commit([]table.Write{head(index), order(index, fmt.Sprint("order of ", index))}); err != nil {
		t.Fatalf("commit frame %d: %v", index, err)
	}
}

// wantHead checks the durable head; 0 is none.
func wantHead(t testing.TB, s *store.Store, want uint64) {
	t.Helper()
	h, ok, err := s.DurableHead()
	if err != nil {
		t.Fatalf("durable head: %v", err)
	}
	if ok != (want != 0) || h.GetAppliedIndex() != want {
		t.Fatalf("durable head is %d (%v), want %d", h.GetAppliedIndex(), ok, want)
	}
}

// wantFrames checks that the store holds exactly the frames up to last.
func wantFrames(t testing.TB, s *store.Store, last uint64) {
	t.Helper()
	snap := s.Snapshot()
	defer snap.Close()
	for i := uint64(1); i <= last+1; i++ {
		v, ok := snap.Get(orderKey(i))
		if ok != (i <= last) || ok && string(v) != fmt.Sprint("order of ", i) {
			t.Fatalf("order %d is %q (%v); the store should hold frames 1 to %d", i, v, ok, last)
		}
	}
}
