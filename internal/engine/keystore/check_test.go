package keystore_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

// A file altered while the keystore is open is named by Check and mended by
// Rewrite from memory; only the master key is beyond that.
func TestRewriteMendsWhatCheckNames(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	s := open(t, dir)
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	before := s.Generation()
	for _, name := range files(t, dir) {
		path := filepath.Join(dir, name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range [][]byte{bytes.Replace(good, good[len(good)/2:len(good)/2+1], []byte{good[len(good)/2] ^ 4}, 1), good[:len(good)/2], nil} {
			overwrite(t, path, bad)
			var d *keystore.Damage
			if err := s.Check(); !errors.As(err, &d) {
				t.Fatalf("%s with %d of %d bytes: Check answers %v", name, len(bad), len(good), err)
			}
			if strings.HasSuffix(name, "master.key") {
				if d.File != s.MasterKeyPath() || s.Rewrite() == nil {
					t.Errorf("a lost master key is named as %s, and Rewrite makes one", d.File)
				}
				overwrite(t, path, good)
				continue
			}
			if d.File != path && len(bad) > 0 {
				t.Errorf("%s is altered, %s is named", path, d.File)
			}
			if err := s.Rewrite(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := s.Check(); err != nil {
				t.Fatalf("%s is mended: %v", name, err)
			}
		}
	}
	if s = open(t, dir); s.Generation() != before {
		t.Errorf("generation %d became %d", before, s.Generation())
	}
}
