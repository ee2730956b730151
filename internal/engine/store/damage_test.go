package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
)

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

// files lists the store's files that match the pattern.
func files(t testing.TB, fs vfs.FS, pattern string) (names []string) {
	t.Helper()
	list, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		if ok, _ := filepath.Match(pattern, name); ok {
			names = append(names, fs.PathJoin(dir, name))
		}
	}
	return names
}

// manifest is the newest MANIFEST.
func manifest(t testing.TB, fs vfs.FS) (newest string) {
	t.Helper()
	for _, name := range files(t, fs, "MANIFEST-*") {
		newest = max(newest, name)
	}
	return newest
}

// Every byte of a table file is covered by a checksum: flipped, the file is
// named by VerifyFiles, and a reader meets an error or the value as it was
// written, never another. Every ninth byte is tried, and the whole footer.
//
//test:cases
func TestFlippedBytesOfATableAreNamed(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	const frames = 40
	s := open(t, options(t, fs))
	for i := range uint64(frames) {
		frame(t, s, i+1)
	}
	if err := s.Commit([]table.Write{{Key: orderKey(1000)}}); err != nil { // a tombstone
		t.Fatal(err)
	}
	closed(t, s.Close)
	names := files(t, fs, "*.sst")
	if len(names) == 0 {
		t.Fatal("the store has no table files")
	}
	checked := 0
	for _, name := range names {
		good := readAll(t, fs, name)
		for at := range good {
			if at%9 != 0 && at < len(good)-64 {
				continue
			}
			checked++
			bad := bytes.Clone(good)
			bad[at] ^= 1 << (at % 8)
			writeAll(t, fs, name, bad)
			if err := damageNamed(t, fs, name, frames); err != nil {
				t.Errorf("%s, byte %d of %d: %v", name, at, len(good), err)
			}
		}
		writeAll(t, fs, name, good)
	}
	t.Logf("%d positions in %d files", checked, len(names))
	s = open(t, options(t, fs))
	wantFrames(t, s, frames)
	closed(t, s.Close)
}

// damageNamed opens the damaged store for reading.
func damageNamed(t *testing.T, fs vfs.FS, name string, frames uint64) error {
	opt := options(t, fs)
	opt.ReadOnly = true
	s, err := store.Open(dir, opt)
	if err != nil {
		if !strings.Contains(err.Error(), name) {
			return fmt.Errorf("open does not name the file: %w", err)
		}
		return nil
	}
	defer closed(t, s.Close)
	named := false
	err = s.VerifyFiles(func(err error) bool {
		named = named || strings.Contains(err.Error(), name)
		return true
	})
	if err != nil || !named {
		return fmt.Errorf("not named by VerifyFiles (%v)", err)
	}
	return readsTrue(s, frames)
}

// readsTrue fails when a row reads as something that was never written.
func readsTrue(s *store.Store, frames uint64) error {
	for i := range frames {
		raw, ok, err := s.Load(orderKey(i+1), nil)
		if err != nil || !ok {
			continue // a missing row is the digests' affair; the file was named
		}
		v, err := table.Open(orderKey(i+1), raw)
		if err == nil && string(v) != fmt.Sprint("order of ", i+1) {
			return fmt.Errorf("order %d reads %q", i+1, v)
		}
	}
	return nil
}
