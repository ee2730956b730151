package node

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDamageIsRefusedAndMended flips one bit in the middle of every file of a
// stopped node: the node refuses to start (or the bit was of no use to anybody),
// nothing is changed by the refusal, and with the file put back all is there.
func TestDamageIsRefusedAndMended(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	s.purchase(n)
	s.stop(n)
	whole := folderNow(t, s.cfg.Data)
	want := n.Replica().Position()
	refused := 0
	for name, data := range whole {
		if len(data) == 0 || strings.HasPrefix(name, "views/") {
			continue // views are built anew
		}
		broken := append([]byte(nil), data...)
		broken[len(broken)/2] ^= 0x10
		restore(t, s.cfg.Data, whole)
		if err := os.WriteFile(filepath.Join(s.cfg.Data, name), broken, 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := s.try()
		t.Logf("%s: %v", name, err)
		if err != nil {
			refused++
			if after := folderNow(t, s.cfg.Data); string(after[name]) != string(broken) {
				t.Errorf("%s: the refusal (%v) changed the file", name, err)
			}
		} else {
			s.stopQuietly(n)
		}
		// Only the one file is put back after a refusal.
		if err != nil {
			if err := os.WriteFile(filepath.Join(s.cfg.Data, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
			again := s.open()
			if got := again.Replica().Position(); got.JournalRoot != want.JournalRoot {
				t.Errorf("%s put back: journal root %x, want %x", name, got.JournalRoot, want.JournalRoot)
			}
			s.stop(again)
		}
	}
	if refused < 6 {
		t.Errorf("only %d of %d damaged files were noticed at the start", refused, len(whole))
	}
}

// stopQuietly closes a node whose disk may have failed under it.
func (s *site) stopQuietly(n *Node) {
	if err := n.close(); err != nil {
		s.Logf("closing after damage: %v", err)
	}
}

// snapshot reads every file below dir.
func folderNow(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		files[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// restore makes the folder hold exactly these files.
func restore(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name := range folderNow(t, dir) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
