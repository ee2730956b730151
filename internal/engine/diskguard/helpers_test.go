package diskguard_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// faults collects what fatal was called with.
type faults struct {
	mu   sync.Mutex
	errs []error
}

func (f *faults) fatal(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}

func (f *faults) all() []error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]error(nil), f.errs...)
}

func readAll(t testing.TB, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeAll(t testing.TB, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Clone(b)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// openPebble opens a small store in "db" that reports to f.
func openPebble(t testing.TB, fs vfs.FS, f *faults) *pebble.DB {
	t.Helper()
	opts := &pebble.Options{FS: fs, MemTableSize: 256 << 10, FormatMajorVersion: pebble.FormatNewest}
	diskguard.NewEvents("test store", slog.New(slog.DiscardHandler), f.fatal).Apply(opts)
	db, err := pebble.Open("db", opts)
	if err != nil {
		t.Fatal(err)
	}
	return db
}
