package scrub_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
)

// Damage in what the state has on disk too is healed by cutting the log, and the
// acked file from memory, while the node works on.
func TestMendLog(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.pairs(600)
	r.flush()
	opt := r.options(newClock())
	s := scrub.New(opt)
	files := r.files("log", ".sst")
	if len(files) == 0 {
		t.Fatal("the log has no file")
	}
	for _, f := range append(files, r.files("log", "acked")...) {
		b, there := r.held(f)
		if !there {
			continue // the store has replaced the file
		}
		b[len(b)/2] ^= 4
		if err := s.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		open := s.Status().Open
		if len(open) == 0 {
			b[len(b)/2] ^= 4
			continue // the store had replaced the file
		}
		for _, found := range open {
			a := scrub.Plan(found, scrub.Situation{Applied: r.index})
			if a == scrub.Report {
				b[len(b)/2] ^= 4 // a file with the vote: nobody alone can heal it
				if err := s.Mend(found, a); !errors.Is(err, scrub.ErrNotMine) {
					t.Errorf("%v is mended: %v", found, err)
				}
				s.Healed(found)
			} else if err := s.Mend(found, a); err != nil {
				t.Errorf("%v", err)
			}
		}
		r.pairs(5)
		if err := s.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		if open := s.Status().Open; len(open) != 0 {
			t.Fatalf("%s: after healing: %v", f, open)
		}
	}
}

// What is beyond the state cannot be cut.
func TestCutNeedsTheState(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := scrub.New(r.options(newClock()))
	if err := s.Mend(scrub.Finding{Kind: scrub.LogEntry, Where: "entry", Last: r.index + 1}, scrub.CutLog); err == nil {
		t.Error("an entry that the state lacks is cut off")
	}
	for _, a := range []scrub.Action{scrub.Report, scrub.RefetchState, scrub.Rejoin, scrub.RewriteKeys} {
		if err := s.Mend(scrub.Finding{}, a); !errors.Is(err, scrub.ErrNotMine) {
			t.Errorf("%s: %v", a, err)
		}
	}
}

func TestMendKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dir := t.TempDir()
	k, err := keystore.Create(dir, keystore.Options{LogName: "scrub.example", At: 1_780_000_000_000})
	if err != nil {
		t.Fatal(err)
	}
	opt := r.options(newClock())
	opt.Copies = []scrub.Copy{scrub.Keys(k)}
	s := scrub.New(opt)
	for name, want := range map[string]scrub.Action{
		"keystore.sealed": scrub.RewriteKeys, "public/checkpoint.vkey": scrub.RewriteKeys, "public/SHA256SUMS": scrub.RewriteKeys, "master.key": scrub.Report,
	} {
		path := filepath.Join(dir, "keys", name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bad := append([]byte(nil), good...)
		bad[len(bad)-1] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		open := s.Status().Open
		if len(open) != 1 || scrub.Plan(open[0], scrub.Situation{}) != want {
			t.Errorf("%s: found %v", name, open)
			continue
		}
		if want == scrub.Report {
			if err := os.WriteFile(path, good, 0o600); err != nil {
				t.Fatal(err)
			}
			s.Healed(open[0])
			continue
		}
		if err := s.Mend(open[0], want); err != nil {
			t.Error(err)
		}
	}
	if err := s.RunOnce(t.Context()); err != nil || len(s.Status().Open) != 0 {
		t.Errorf("%v, %v", err, s.Status().Open)
	}
}
