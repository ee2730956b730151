//go:build linux

package clustertest

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

// customers buy at once in every test.
const customers = 4

func TestMain(m *testing.M) { proctest.Main(m) }

// soak says whether this is the long run.
func soak() bool { return os.Getenv("HOLDFAST_CLUSTER_SOAK") != "" }

func number(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return usual
}

// dice are the choices of one run.
func dice(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("HOLDFAST_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("HOLDFAST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// status is what the cluster looks like from one node, nil when it doesn't answer.
func status(t *testing.T, dir string, p proctest.Place) *pb.ClusterStatus {
	t.Helper()
	client, err := admin.Dial(admin.Address{URL: "http://" + p.Admin, TokenFile: admin.TokenFile(filepath.Join(dir, p.Name)), Timeout: 2 * time.Second})
	if err != nil {
		return nil // its folder is gone
	}
	a, err := client.ShowCluster(t.Context(), connect.NewRequest(&pb.ShowClusterRequest{}))
	if err != nil {
		return nil
	}
	return a.Msg
}

// self is what a node says of itself.
func self(s *pb.ClusterStatus) *pb.ClusterNode {
	for _, n := range s.GetNodes() {
		if n.Self {
			return n
		}
	}
	return nil
}

// leader waits until a node says that it leads, and names it.
func leader(t *testing.T, dir string, places []proctest.Place) (is proctest.Place) {
	t.Helper()
	proctest.WaitFor(t, 30*time.Second, "a leader", func() bool {
		for _, p := range places {
			if own := self(status(t, dir, p)); own != nil && own.Leader {
				is = p
				return true
			}
		}
		return false
	})
	return is
}

// whole waits until every node is a proven voter and says of itself that a
// majority has its state, all at one log index at or after what was applied when
// this is called: equal digests.
func whole(t *testing.T, dir string, places []proctest.Place) {
	t.Helper()
	final, seen, waiting := uint64(0), map[uint64]map[string]string{}, ""
	defer func() {
		if t.Failed() {
			t.Log(waiting)
		}
	}()
	began, first := time.Now(), true
	proctest.WaitFor(t, time.Minute, "all nodes to vote and agree", func() bool {
		answered := 0
		for _, p := range places {
			s := status(t, dir, p)
			own := self(s)
			if own == nil || !own.Proven || own.Member.Role != pb.MemberRole_MEMBER_ROLE_VOTER || len(s.Nodes) != len(places) {
				waiting = p.Name + ": " + own.String()
				continue
			}
			answered++
			if first {
				final = max(final, own.Applied)
			}
			at := own.Health.GetMarkIndex()
			if seen[at] == nil {
				seen[at] = map[string]string{}
			}
			seen[at][p.Name] = string(own.Health.GetMarkDigest())
		}
		first = first && answered < len(places)
		for at, digests := range seen { // order does not matter: each index for itself
			for name, digest := range digests {
				if digest != digests[places[0].Name] && digests[places[0].Name] != "" && at > 0 {
					t.Fatalf("at log index %d the digest of %s is not that of %s", at, name, places[0].Name)
				}
			}
			if at >= final && !first && answered == len(places) && len(digests) == len(places) {
				return true
			}
		}
		return false
	})
	t.Logf("all %d nodes vote and agree at or after log index %d (%v)", len(places), final, time.Since(began).Round(time.Millisecond))
}

// fresh asks the nodes in turn, past the balancer, for payments just acknowledged.
func fresh(t *testing.T, shop *proctest.Shop, places []proctest.Place) func(context.Context, string) {
	var windows []*proctest.Window
	for _, p := range places {
		windows = append(windows, shop.Window(t, p.Name, p.Platform))
	}
	return func(ctx context.Context, no string) {
		w := windows[int(no[len(no)-1])%len(windows)]
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		w.CheckPaid(ctx, no)
	}
}

// others are all places but one.
func others(places []proctest.Place, but proctest.Place) []proctest.Place {
	return slices.DeleteFunc(slices.Clone(places), func(p proctest.Place) bool { return p.Name == but.Name })
}
