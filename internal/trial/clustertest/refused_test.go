//go:build linux

package clustertest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

// What must not be let in is refused in one clear sentence, and nobody else is
// disturbed. Expired certificates and clocks that are an hour off need another
// clock than this machine's: engine/credentials tests them.
func TestRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, "3")
	r.open(t)
	n1, n3 := r.places[0], r.places[2]
	stranger := n3
	stranger.Name, stranger.Platform, stranger.Admin, stranger.Inner, stranger.Cluster = "n4", freePort(t), freePort(t), freePort(t), freePort(t)
	toml := func(change ...string) string {
		text, err := os.ReadFile(filepath.Join(r.dir, "n3.toml"))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "node.toml")
		if err := os.WriteFile(path, []byte(strings.NewReplacer(change...).Replace(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fresh := toml(filepath.Join(r.dir, "n3"), filepath.Join(r.dir, "n4"), `"n3"`, `"n4"`, n3.Platform, stranger.Platform, n3.Admin, stranger.Admin,
		n3.Inner, stranger.Inner, n3.Cluster, stranger.Cluster)
	tokenFile := filepath.Join(r.dir, "n4.token")
	join := []string{"cluster", "join", "--config", fresh, "--token-file", tokenFile}
	put := func(token string) {
		if err := os.WriteFile(tokenFile, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	good := r.token(t, "n1")
	put(good[:len(good)-4] + "AAAA")
	r.refused(t, "a token that is not the cluster's", "token", join...)
	put(r.token(t, "n1", "--valid", "1s"))
	time.Sleep(2100 * time.Millisecond) // it is to expire, at a whole second
	r.refused(t, "an expired token", "expired", join...)
	os.Remove(tokenFile)

	r.node("n3").stop()
	data := func(name string) string { return `data = "` + filepath.Join(r.dir, name) + `"` }
	own := "\ncredentials = \"" + filepath.Join(r.dir, "n3-credentials") + "\"\ntoken_file"
	r.refused(t, "the data folder of a node that runs", "another process uses this data folder", "dev", "node", "--config", toml(data("n3"), data("n2"), "\ntoken_file", own))
	r.node("n2").stop()
	r.refused(t, "the data folder of another node", "is node n2's", "dev", "node", "--config", toml(data("n3"), data("n2"), "\ntoken_file", own))
	r.refused(t, "the folders of another node", "are node n2's", "dev", "node", "--config", toml(data("n3"), data("n2")))
	copied := t.TempDir()
	for _, part := range []string{"n2", "n2-credentials"} {
		if out, err := exec.Command("cp", "-a", filepath.Join(r.dir, part), copied).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	r.start(t, "n2")
	proctest.WaitFor(t, time.Minute, "n2", func() bool { return self(status(t, r.dir, r.places[1])).GetProven() })
	twin := toml(data("n3"), `data = "`+filepath.Join(copied, "n2")+`"`, `"n3"`, `"n2"`, n3.Platform, stranger.Platform, n3.Admin, stranger.Admin,
		n3.Inner, stranger.Inner, n3.Cluster, stranger.Cluster)
	r.twins(t, "n2", twin)

	r.command(t, "cluster", "remove", "n3", "--force", "--data", filepath.Join(r.dir, n1.Name))
	r.refused(t, "a removed node", "removed", "dev", "node", "--config", filepath.Join(r.dir, "n3.toml"))
	if err := os.RemoveAll(filepath.Join(r.dir, "n3")); err != nil {
		t.Fatal(err)
	}
	r.refused(t, "a removed node that has only its certificate left", "removed", "dev", "node", "--config", filepath.Join(r.dir, "n3.toml"))
	r.places = r.places[:2]
	r.finish(t)
}

// twins runs a copy of a node's folders beside it: only one of the two goes on, and
// the other says why it doesn't. When the copy is gone the node is itself again.
func (r *rig) twins(t *testing.T, name, config string) {
	t.Helper()
	const says = "error: another process runs with this node's identity"
	from := r.logEnd(name)
	twin := r.run(t, "twin", "dev", "node", "--config", config)
	defer twin.kill()
	proctest.WaitFor(t, 30*time.Second, "one of two twins to end", func() bool {
		return strings.Contains(r.lastWords(name, from), says) || strings.Contains(r.lastWords("twin", 0), says)
	})
	twin.kill()
	proctest.WaitFor(t, time.Minute, name+" to be itself again", func() bool { return self(status(t, r.dir, r.places[1])).GetProven() })
	t.Logf("a copy of %s beside it: one of the two ended, because %s", name, strings.TrimPrefix(says, "error: "))
}

// refused runs a command that must end by itself, in words that contain says.
func (r *rig) refused(t *testing.T, what, says string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.bin, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	var sentences []string
	for line := range strings.Lines(stderr.String()) {
		if text, ok := strings.CutPrefix(line, "error: "); ok {
			sentences = append(sentences, strings.TrimSpace(text))
		}
	}
	switch {
	case ctx.Err() != nil:
		t.Errorf("%s: the command did not end by itself:\n%s", what, stderr.String())
	case !errors.As(err, &exit) || exit.ExitCode() <= 0:
		t.Errorf("%s: %v\n%s", what, err, stderr.String())
	case len(sentences) != 1 || !strings.Contains(sentences[0], says):
		t.Errorf("%s: it should say in one sentence that contains %q what is wrong, and says:\n%s", what, says, stderr.String())
	default:
		t.Logf("%s: exit %d, %s", what, exit.ExitCode(), sentences[0])
	}
}
