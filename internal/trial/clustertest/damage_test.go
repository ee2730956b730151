//go:build linux

package clustertest

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

// kinds of files in a data folder, each with a pattern for those of its kind.
var kinds = []struct{ name, pattern string }{
	{"log, table", "log/*.sst"},
	{"log, write-ahead", "log/*.log"},
	{"log, manifest", "log/MANIFEST-*"},
	{"acknowledged index", "log/acked"},
	{"state, table", "state/*.sst"},
	{"state, write-ahead", "state/*.log"},
	{"state, manifest", "state/MANIFEST-*"},
	{"checkpoint", "checkpoint"},
	{"copy of a key", "keys/public/*"},
	{"keystore", "keys/keystore.sealed"},
}

// One byte is flipped in each kind of file of one node, a minority: the node finds
// it at its start or by reading everything, and heals, or refuses to start in one
// clear sentence. No node ever answers a question wrongly meanwhile.
func TestFlippedBytes(t *testing.T) {
	t.Parallel()
	rng := dice(t)
	r := newRig(t, "3")
	for _, p := range r.places {
		r.configure(t, p.Name, func(toml string) string {
			return strings.Replace(toml, "[disk]\n", "[disk]\nscrub_every = \"1m\"\nscrub_rate = \"64MiB\"\n", 1)
		})
	}
	r.open(t)
	rounds := 1
	if soak() {
		rounds = 5
	}
	for range rounds {
		for _, kind := range kinds {
			r.flip(t, rng, kind.name, kind.pattern)
		}
	}
	r.finish(t)
}

func (r *rig) flip(t *testing.T, rng *rand.Rand, name, pattern string) {
	t.Helper()
	victim := r.places[rng.IntN(len(r.places))]
	// An orderly stop leaves tables, a kill what is in the write-ahead log only.
	r.node(victim.Name).end([]syscall.Signal{syscall.SIGTERM, syscall.SIGKILL}[rng.IntN(2)])
	data := filepath.Join(r.dir, victim.Name)
	files, _ := filepath.Glob(filepath.Join(data, pattern))
	files = notEmpty(files)
	if len(files) == 0 {
		t.Logf("%s: %s has no such file now", name, victim.Name)
		r.start(t, victim.Name)
		return
	}
	path := files[rng.IntN(len(files))]
	intact, at := flipByte(t, rng, path)
	_ = os.Remove(filepath.Join(data, "scrub")) // reading everything is due
	from, began := r.logEnd(victim.Name), time.Now()
	r.start(t, victim.Name)
	outcome := r.outcome(t, victim, from)
	if outcome == "refused" {
		said := r.lastWords(victim.Name, from)
		if strings.Count(said, "\n") < 1 || strings.Contains(said, "panic") {
			t.Errorf("%s: %s ended without a clear sentence: %q", name, victim.Name, said)
		}
		outcome = "refused: " + strings.ReplaceAll(strings.SplitAfterN(said, "\n", 2)[0], "\n", "")
		r.node(victim.Name).kill()
		if err := os.WriteFile(path, intact, 0o600); err != nil { // an operator puts the file back
			t.Fatal(err)
		}
		r.start(t, victim.Name)
	}
	whole(t, r.dir, r.places)
	rel, _ := filepath.Rel(data, path)
	t.Logf("%s: byte %d of %s/%s: %s (%v)", name, at, victim.Name, rel, outcome, time.Since(began).Round(time.Millisecond))
}

// outcome waits until the node has read all it has, healed, or refused.
func (r *rig) outcome(t *testing.T, victim proctest.Place, from int64) (outcome string) {
	t.Helper()
	node := r.node(victim.Name)
	began := time.Now().UnixMilli()
	proctest.WaitFor(t, time.Minute, victim.Name+" to find what is wrong", func() bool {
		if node.ends() >= 2 { // once may be part of healing
			outcome = "refused"
			return true
		}
		own := self(status(t, r.dir, victim))
		if own == nil || !own.Health.GetServing() || own.Health.GetScrubDone() < began {
			return false
		}
		outcome = r.healed(victim.Name, from)
		return true
	})
	return outcome
}

// healed is what the node's log says it did about damage.
func (r *rig) healed(name string, from int64) string {
	text, err := os.ReadFile(filepath.Join(r.dir, "logs", name+".log"))
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(text[from:])) {
		if strings.Contains(line, "level=INFO") {
			continue
		}
		if strings.Contains(line, "the node helps itself") || strings.Contains(line, "amage") || strings.Contains(line, "mended") {
			_, what, _ := strings.Cut(strings.TrimSpace(line), "msg=")
			return "found: " + what[:min(len(what), 200)]
		}
	}
	return "all was read: what it held was not needed any more, or is in the log"
}

// flipByte turns one bit of a file over, answering its contents before.
func flipByte(t *testing.T, rng *rand.Rand, path string) (before []byte, at int) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	after := append([]byte(nil), before...)
	at = rng.IntN(len(after))
	after[at] ^= 1 << rng.IntN(8)
	if err := os.WriteFile(path, after, 0o600); err != nil {
		t.Fatal(err)
	}
	return before, at
}

// notEmpty leaves out empty files.
func notEmpty(files []string) (list []string) {
	for _, f := range files {
		if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			list = append(list, f)
		}
	}
	return list
}
