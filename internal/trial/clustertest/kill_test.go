//go:build linux

package clustertest

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
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
	t.Parallel()
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
	r.shop.LongestGap()
	r.Signal(t, process(old), syscall.SIGSTOP)
	defer r.Signal(t, process(old), syscall.SIGCONT)
	began := time.Now()
	window := r.shop.Window(t, "the stopped leader "+old.Name, old.Platform)
	asked := make(chan bool, 256)
	waiting, last := 0, ""
	extra := r.shop.Load(t, 1, "S"+began.Format("150405"), func(_ context.Context, no string) {
		last = no
		if waiting < cap(asked)-1 {
			waiting++
			go func() { asked <- window.CheckPaid(context.WithoutCancel(t.Context()), no) }()
		}
	})
	time.Sleep(pause) // how long it is stopped is the point
	r.load.AwaitMore(t, 1, "without the leader")
	gap := r.shop.LongestGap()
	r.Signal(t, process(old), syscall.SIGCONT)
	extra.Stop()
	waiting++
	asked <- window.CheckPaid(t.Context(), last) // the first question after its return
	answered := 0
	for range waiting {
		if <-asked {
			answered++
		}
	}
	t.Logf("the leader stopped for %v, the longest time without an acknowledged payment %v: %d payments asked for at it meanwhile, %d answered when it went on, none stale", pause, gap.Round(time.Millisecond), waiting, answered)
}

// A node's folder is deleted under its feet: payments go on, and it comes back as
// a learner, fetches everything, gets its vote, and is what the others are.
func TestDeletedFolder(t *testing.T) {
	t.Parallel()
	r := startRunning(t)
	victim := others(r.places, leader(t, r.Dir, r.places))[0]
	before := self(status(t, r.Dir, victim)).Member.RaftId
	r.load.AwaitMore(t, 20, "before the folder is deleted")
	r.shop.LongestGap()
	began := time.Now()
	// The node goes on making files, so its folder is never seen empty: it is renamed
	// first, which to the node is the same.
	gone := filepath.Join(t.TempDir(), victim.Name)
	if err := errors.Join(os.Rename(filepath.Join(r.Dir, victim.Name), gone), os.RemoveAll(gone)); err != nil {
		t.Fatal(err)
	}
	proctest.WaitFor(t, time.Minute, victim.Name+" to come back as another member", func() bool {
		own := self(status(t, r.Dir, victim))
		return own != nil && own.Member.RaftId != before && own.Member.Role == pb.MemberRole_MEMBER_ROLE_VOTER
	})
	gap := r.shop.LongestGap()
	t.Logf("%s lost its folder and had a vote again %v later; the longest time without an acknowledged payment was %v", victim.Name, time.Since(began).Round(time.Millisecond), gap.Round(time.Millisecond))
	if gap > 5*time.Second {
		t.Errorf("payments paused for %v when a follower lost its folder", gap)
	}
	r.finish(t)
}
