//go:build linux

package clustertest

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/proctest"
)

// running is a cluster under `holdfast dev`, under load.
type running struct {
	*proctest.Dev
	places []proctest.Place
	shop   *proctest.Shop
	load   *proctest.Load
}

func startRunning(t *testing.T) *running {
	t.Helper()
	r := &running{Dev: proctest.StartDev(t, proctest.Build(t), "--nodes", "3")}
	r.places = proctest.Places(t, r.Dir)
	r.shop = proctest.OpenShop(t, r.Sandbox)
	r.load = r.shop.Load(t, customers, "C", fresh(t, r.shop, r.places))
	return r
}

// process names a node's process for Dev.Signal.
func process(p proctest.Place) string { return "/" + p.Name + ".toml\x00" }

// finish ends the load and holds everything against the shop's books.
func (r *running) finish(t *testing.T) {
	t.Helper()
	r.load.AwaitMore(t, customers+1, "at the end")
	r.load.Stop()
	whole(t, r.Dir, r.places)
	r.shop.Check(t)
	r.Stop(t)
	for _, p := range r.places {
		proctest.Verify(t, r.Bin, filepath.Join(r.Dir, p.Name))
	}
}

// Nodes and couriers are killed one by one, then all nodes at once; then the
// leader is stopped and continued, again and again.
func TestKilledAndStopped(t *testing.T) {
	rng := dice(t)
	r := startRunning(t)
	r.killSome(t, rng, number("HOLDFAST_CLUSTER_KILLS", 10))
	for _, p := range r.places {
		r.Signal(t, process(p), syscall.SIGKILL)
	}
	began := time.Now()
	r.load.AwaitMore(t, 1, "after all nodes were killed")
	t.Logf("all nodes killed: the next payment after %v", time.Since(began).Round(time.Millisecond))
	stops, longest := 2, 4000
	if soak() {
		stops, longest = 10, 29000
	}
	for range stops {
		r.pauseLeader(t, time.Duration(1000+rng.IntN(longest))*time.Millisecond)
	}
	r.finish(t)
}

func (r *running) killSome(t *testing.T, rng *rand.Rand, kills int) {
	t.Helper()
	r.shop.LongestGap()
	var longest time.Duration
	for i := range kills {
		time.Sleep(time.Duration(100+rng.IntN(1400)) * time.Millisecond) // the moment of the kill is what is random here
		victim := process(r.places[rng.IntN(len(r.places))])
		if i%5 == 4 {
			r.Signal(t, "\x00courier-1\x00", syscall.SIGKILL)
		}
		r.Signal(t, victim, syscall.SIGKILL)
		longest = max(longest, r.shop.LongestGap())
	}
	r.load.AwaitMore(t, customers+1, "after the last kill")
	t.Logf("%d kills: the longest time without an acknowledged payment was %v", kills, max(longest, r.shop.LongestGap()).Round(time.Millisecond))
}

// pauseLeader stops the leader and continues it. Meanwhile payments go on, and
// questions wait at the stopped leader for its return: it must answer them with
// what came to be without it, or not at all.
func (r *running) pauseLeader(t *testing.T, pause time.Duration) {
	t.Helper()
	old := leader(t, r.Dir, r.places)
	r.Signal(t, process(old), syscall.SIGSTOP)
	defer r.Signal(t, process(old), syscall.SIGCONT)
	began := time.Now()
	window := r.shop.Window(t, "the stopped leader "+old.Name, old.Platform)
	asked := make(chan bool, 256)
	waiting := 0
	extra := r.shop.Load(t, 1, "S"+old.Name+began.Format("150405.000"), func(_ context.Context, no string) {
		if waiting < cap(asked) {
			waiting++
			go func() { asked <- window.CheckPaid(context.WithoutCancel(t.Context()), no) }()
		}
	})
	r.shop.LongestGap()
	proctest.WaitFor(t, 30*time.Second, "payments without the leader", func() bool { return r.shop.LongestGap() < time.Second && time.Since(began) > pause })
	r.Signal(t, process(old), syscall.SIGCONT)
	extra.Stop()
	answered := 0
	for range waiting {
		if <-asked {
			answered++
		}
	}
	t.Logf("the leader stopped for %v: %d payments asked for at it meanwhile, %d answered when it went on, none stale", time.Since(began).Round(time.Millisecond), waiting, answered)
}
