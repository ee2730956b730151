package diskguard_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// manyEdits makes a store whose MANIFEST has many records, a block's end among
// them, and returns the MANIFEST's name.
func manyEdits(t *testing.T, fs vfs.FS, edits int) string {
	t.Helper()
	var f faults
	db := openPebble(t, fs, &f)
	for i := range edits {
		key := fmt.Appendf(nil, "key %d %s", i, strings.Repeat("k", 100))
		if err := db.Set(key, []byte("value"), pebble.NoSync); err != nil {
			t.Fatal(err)
		}
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	desc, err := pebble.Peek("db", fs)
	if err != nil {
		t.Fatal(err)
	}
	if name := desc.ManifestFilename; fs.PathBase(name) != name {
		return name
	}
	return fs.PathJoin("db", desc.ManifestFilename)
}

// Pebble takes a flipped bit in the MANIFEST for its end; CheckManifest does
// not. Every byte is tried.
func TestEveryFlippedByteOfAManifestIsNoticed(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	name := manyEdits(t, fs, 12)
	good := readAll(t, fs, name)
	if err := diskguard.CheckManifest(fs, "db"); err != nil {
		t.Fatalf("a sound MANIFEST: %v", err)
	}
	for at := range good {
		bad := bytes.Clone(good)
		bad[at] ^= 1 << (at % 8)
		writeAll(t, fs, name, bad)
		err := diskguard.CheckManifest(fs, "db")
		var m *diskguard.ManifestError
		if !errors.As(err, &m) || m.File != name || m.Offset > int64(at) || !diskguard.Corrupt(err) {
			t.Fatalf("byte %d of %d flipped: %v", at, len(good), err)
		}
	}
}

// A MANIFEST cut anywhere but between records is torn, which is what a crash
// leaves; between records nobody can tell.
func TestTornManifest(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	name := manyEdits(t, fs, 12)
	good := readAll(t, fs, name)
	whole := 0
	for n := range good {
		writeAll(t, fs, name, good[:n])
		err := diskguard.CheckManifest(fs, "db")
		var m *diskguard.ManifestError
		switch {
		case err == nil:
			whole++
		case !errors.As(err, &m) || !m.Torn:
			t.Fatalf("cut to %d of %d bytes: %v", n, len(good), err)
		}
	}
	if whole < 12 || whole > 40 {
		t.Errorf("%d cuts fall between records; there are about 24 records", whole)
	}
	zeros := append(bytes.Clone(good), make([]byte, 500)...)
	writeAll(t, fs, name, zeros)
	var m *diskguard.ManifestError
	if err := diskguard.CheckManifest(fs, "db"); !errors.As(err, &m) || !m.Torn {
		t.Errorf("zeros after the end: %v", err)
	}
}

// A MANIFEST longer than a block is read to its end.
func TestLongManifest(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	name := manyEdits(t, fs, 250)
	good := readAll(t, fs, name)
	if len(good) < 40<<10 {
		t.Fatalf("the MANIFEST has only %d bytes", len(good))
	}
	if err := diskguard.CheckManifest(fs, "db"); err != nil {
		t.Fatal(err)
	}
	for at := 32<<10 - 40; at < 32<<10+40; at++ {
		bad := bytes.Clone(good)
		bad[at] ^= 0x80
		writeAll(t, fs, name, bad)
		var m *diskguard.ManifestError
		// Zero bytes that fill a block's end carry nothing; only they may hide a flip.
		if err := diskguard.CheckManifest(fs, "db"); !errors.As(err, &m) || m.Torn {
			t.Errorf("byte %d flipped: %v", at, err)
		}
	}
}

func TestManifestOfNothing(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	if err := fs.MkdirAll("db", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := diskguard.CheckManifest(fs, "db"); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if err := diskguard.CheckManifest(fs, "nowhere"); err == nil {
		t.Error("a folder that is not there passes")
	}
}
