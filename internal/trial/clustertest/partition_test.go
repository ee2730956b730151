//go:build linux

package clustertest

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

// Links between the nodes are cut one way and flap: payments go on or wait, none
// is lost or made twice, and the nodes don't elect one leader after the other.
func TestLinks(t *testing.T) {
	t.Parallel()
	rng := dice(t)
	r := newRig(t, "3")
	l := &links{cut: map[[2]string]bool{}, pids: func(name string) int { return r.node(name).pid() }}
	for _, p := range r.places {
		own := freePort(t)
		r.configure(t, p.Name, func(toml string) string {
			return strings.Replace(toml, `address = "`+p.Cluster+`"`, `address = "`+own+`"`+"\nadvertise = \""+p.Cluster+`"`, 1)
		})
		l.serve(t, p.Name, p.Cluster, own)
	}
	r.open(t)
	whole(t, r.dir, r.places)
	if l.known.Load() < 6 {
		t.Fatalf("%d connections between the nodes are led through the test and known by whose they are, of six at least", l.known.Load())
	}
	lasts := 3 * time.Second
	for _, c := range []struct {
		name string
		cut  func(leader, other, third string)
		most uint64 // terms
	}{
		{"the leader is not heard by one", func(a, b, _ string) { l.set(a, b, true) }, 2},
		{"one is not heard by the leader", func(a, b, _ string) { l.set(b, a, true) }, 2},
		{"one is not heard by anybody", func(a, b, c string) { l.set(b, a, true); l.set(b, c, true) }, 2},
		{"one hears nobody", func(a, b, c string) { l.set(a, b, true); l.set(c, b, true) }, 2},
		{"the leader is not heard by anybody", func(a, b, c string) { l.set(a, b, true); l.set(a, c, true) }, 4},
		{"the leader hears nobody", func(a, b, c string) { l.set(b, a, true); l.set(c, a, true) }, 4},
	} {
		lead := leader(t, r.dir, r.places)
		rest := others(r.places, lead)
		r.during(t, c.name, c.most, func() {
			c.cut(lead.Name, rest[0].Name, rest[1].Name)
			time.Sleep(lasts) // how long the link is down
			l.heal()
		})
	}
	r.during(t, "links flap", 12, func() {
		for end := time.Now().Add(2 * lasts); time.Now().Before(end); {
			a, b := rng.IntN(3), rng.IntN(2)
			l.set(r.places[a].Name, others(r.places, r.places[a])[b].Name, rng.IntN(2) == 0)
			time.Sleep(time.Duration(50+rng.IntN(350)) * time.Millisecond) // the moments are what is random
		}
		l.heal()
	})
	r.finish(t)
}

// during does something to the links and holds the terms against what an
// undisturbed election takes.
func (r *rig) during(t *testing.T, name string, most uint64, do func()) {
	t.Helper()
	before := r.term(t)
	r.shop.LongestGap()
	do()
	r.load.AwaitMore(t, customers+1, "after: "+name)
	gap, grown := r.shop.LongestGap(), r.term(t)-before
	t.Logf("%s: %d terms; the longest time without an acknowledged payment was %v", name, grown, gap.Round(time.Millisecond))
	if grown > most {
		t.Errorf("%s: %d terms passed, more than %d", name, grown, most)
	}
}

// term is the highest that any node is in.
func (r *rig) term(t *testing.T) (term uint64) {
	t.Helper()
	proctest.WaitFor(t, 10*time.Second, "a node's term", func() bool {
		for _, p := range r.places {
			term = max(term, status(t, r.dir, p).GetTerm())
		}
		return term > 0
	})
	return term
}

// freePort is an address on this machine where nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
