//go:build linux

package clustertest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

// newLone has dev make a sandbox of one node without peers, n1, which the test
// runs behind its balancer.
func newLone(t *testing.T) *rig {
	t.Helper()
	r := &rig{bin: proctest.Build(t), dir: t.TempDir(), nodes: map[string]*child{}}
	data := filepath.Join(r.dir, "n1")
	out, err := exec.Command(r.bin, "dev", "--once", "--json", "--data", data, "--addr", "127.0.0.1:0").CombinedOutput()
	if err == nil {
		err = os.Mkdir(filepath.Join(r.dir, "logs"), 0o700)
	}
	if err != nil {
		t.Fatalf("dev --once: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if t.Failed() {
			proctest.TellLogs(t, r.dir)
		}
	})
	r.sandbox = proctest.ReadSandbox(t, data)
	for _, name := range []string{"n1", "n2", "n3"} {
		r.places = append(r.places, proctest.Place{Name: name, Platform: freePort(t), Admin: freePort(t), Inner: freePort(t), Cluster: freePort(t)})
	}
	r.write(t, r.places[0], "")
	return r
}

// write writes a node's configuration: dev's own, with the node's folder and
// addresses, and a section.
func (r *rig) write(t *testing.T, p proctest.Place, section string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "n1", "node.toml"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	part := ""
	at := map[string]string{"[merchant_api]": p.Platform, "[admin]": p.Admin, "[inner]": p.Inner}
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case strings.HasPrefix(line, "["):
			part = line
		case strings.HasPrefix(line, "address = "):
			line = `address = "` + at[part] + `"`
		case strings.HasPrefix(line, "data = "):
			line = `data = "` + filepath.Join(r.dir, p.Name) + `"`
		}
		lines = append(lines, line)
	}
	if err := os.WriteFile(filepath.Join(r.dir, p.Name+".toml"), []byte(strings.Join(lines, "\n")+"\n"+section), 0o600); err != nil {
		t.Fatal(err)
	}
}

func section(p proctest.Place, peers ...string) string {
	s := "[cluster]\nname = \"" + p.Name + "\"\naddress = \"" + p.Cluster + "\"\n"
	if len(peers) > 0 {
		s += `peers = ["` + strings.Join(peers, `", "`) + "\"]\n"
	}
	return s
}

// A node that runs alone becomes three and one again, under load, by the commands
// of docs/guides/cluster.md.
func TestGrowAndShrink(t *testing.T) {
	t.Parallel()
	r := newLone(t)
	r.start(t, "n1")
	r.serve(t)
	n1, data := r.places[0], filepath.Join(r.dir, "n1")

	r.shop.LongestGap()
	r.write(t, n1, section(n1))
	r.command(t, "cluster", "init", "--config", data+".toml")
	r.node("n1").stop()
	r.start(t, "n1")
	r.load.AwaitMore(t, 5, "after the restart")
	t.Logf("n1 becomes a cluster of one: the longest time without an acknowledged payment was %v, its restart", r.shop.LongestGap().Round(time.Millisecond))

	for _, p := range r.places[1:] {
		r.grow(t, p)
	}
	whole(t, r.dir, r.places)
	r.joinAtFollower(t)
	t.Logf("one to three: the longest time without an acknowledged payment was %v", r.shop.LongestGap().Round(time.Millisecond))

	if leader(t, r.dir, r.places).Name != "n1" {
		r.command(t, "cluster", "transfer", "n1", "--data", data)
	}
	r.command(t, "cluster", "remove", "n3", "--force", "--data", data)
	r.node("n3").stop()
	r.load.AwaitMore(t, 5, "with two nodes")
	r.command(t, "cluster", "remove", "n2", "--data", data)
	r.node("n2").stop()
	r.load.AwaitMore(t, 5, "with one node again")
	t.Logf("three to one: the longest time without an acknowledged payment was %v", r.shop.LongestGap().Round(time.Millisecond))
	r.places = r.places[:1]
	r.finish(t)
}

// grow lets a node in by what `cluster add` prints, and waits for its vote.
func (r *rig) grow(t *testing.T, p proctest.Place) {
	t.Helper()
	var add struct {
		Token string
		Peers []string
	}
	out := r.command(t, "cluster", "add", p.Name, "--json", "--data", filepath.Join(r.dir, "n1"))
	if err := json.Unmarshal([]byte(out), &add); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	r.write(t, p, section(p, add.Peers...))
	token := filepath.Join(r.dir, p.Name+".token")
	if err := os.WriteFile(token, []byte(add.Token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.command(t, "cluster", "join", "--config", filepath.Join(r.dir, p.Name+".toml"), "--token-file", token)
	r.start(t, p.Name)
	proctest.WaitFor(t, time.Minute, p.Name+"'s vote", func() bool {
		own := self(status(t, r.dir, p))
		return own != nil && own.Member.Role == pb.MemberRole_MEMBER_ROLE_VOTER
	})
}

// joinAtFollower has a node join that knows one member only, and not the leader.
func (r *rig) joinAtFollower(t *testing.T) {
	t.Helper()
	p := proctest.Place{Name: "n4", Platform: freePort(t), Admin: freePort(t), Inner: freePort(t), Cluster: freePort(t)}
	follower := others(r.places, leader(t, r.dir, r.places))[0]
	r.write(t, p, section(p, follower.Cluster))
	token := filepath.Join(r.dir, p.Name+".token")
	if err := os.WriteFile(token, []byte(r.token(t, follower.Name)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.command(t, "cluster", "join", "--config", filepath.Join(r.dir, p.Name+".toml"), "--token-file", token)
	r.command(t, "cluster", "remove", p.Name, "--data", filepath.Join(r.dir, "n1"))
}
