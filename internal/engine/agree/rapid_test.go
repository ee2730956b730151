package agree_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Whatever is lost, doubled and late: nobody agrees to what no majority has,
// nobody of the majority is called diverged or named, and once everything gets
// through, every one of the minority is named and every one of it knows.
func TestAgreementProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]uint64{1, 3, 5}).Draw(t, "voters")
		variants := map[uint64]string{}
		wrong := rapid.SliceOfNDistinct(rapid.Uint64Range(1, n), 0, int(n), rapid.ID).Draw(t, "wrong")
		for _, id := range wrong {
			variants[id] = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "variant")
		}
		counts := map[string]int{}
		for id := uint64(1); id <= n; id++ {
			counts[variants[id]]++
		}
		w := newWorld(agree.Members{Voters: upTo(n)}, 5, variants)
		leader := rapid.Uint64Range(1, n).Draw(t, "leader")
		w.drop = func(from, to uint64, m *pb.Mark) bool {
			switch rapid.IntRange(0, 3).Draw(t, "network") {
			case 0:
				return true
			case 1:
				w.queue = append(w.queue, letter{from, to, m})
			}
			return false
		}
		w.start(leader, 5)
		majority, has := "", false
		for v, c := range counts {
			if 2*c > int(n) {
				majority, has = v, true
			}
		}
		check := func() {
			for id, said := range w.said {
				for _, s := range said {
					right := has && variants[id] == majority
					switch {
					case strings.HasPrefix(s, "agreed") && !right:
						t.Fatalf("%d agreed without a majority: %v", id, counts)
					case strings.HasPrefix(s, "diverged") && (right || !has):
						t.Fatalf("%d was told that it diverged: %v", id, counts)
					case strings.HasPrefix(s, "split") && has:
						t.Fatalf("%d saw no majority: %v", id, counts)
					case strings.HasPrefix(s, "differs"):
						peer := uint64(s[len(s)-1] - '0')
						if !right || variants[peer] == majority {
							t.Fatalf("%d named %d: %v", id, peer, counts)
						}
					}
				}
				slices.Sort(said)
				if len(slices.Compact(said)) != len(said) {
					t.Fatalf("%d repeats itself: %v", id, said)
				}
			}
		}
		check()
		// The next interval, with a network that works and a leader that may be new.
		w.drop, w.said = nil, map[uint64][]string{}
		for id, a := range w.nodes {
			a.Applied(mark(6, variants[id]), w.members)
		}
		leader = rapid.Uint64Range(1, n).Draw(t, "next leader")
		w.start(leader, 6)
		check()
		if has && variants[leader] == majority {
			for id := uint64(1); id <= n; id++ {
				if variants[id] == majority && !slices.Contains(w.said[id], "agreed 6") {
					t.Fatalf("%d has not agreed: %s", id, w.says())
				}
				if variants[id] != majority && !slices.Contains(w.said[id], "diverged 6") {
					t.Fatalf("%d does not know that it diverged: %s", id, w.says())
				}
			}
		}
		if has && variants[leader] != majority && !slices.Contains(w.said[leader], "diverged 6") {
			t.Fatalf("leader %d does not know that it diverged: %s", leader, w.says())
		}
	})
}
