package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// simNode is a node of a simulated cluster: a keyring on a disk that can lose what
// was not synced, and how far it has followed the state's erasures.
type simNode struct {
	disk *vfs.MemFS
	ring *Ring // nil while it is down
	seen int
}

// town is a cluster of keyrings without a network: who hears whom is drawn.
type town struct {
	draw  *rand.Rand
	nodes []*simNode
	// named are the keys that commands named, with what they are; erased is the
	// order in which commands erased them.
	named  map[string][]byte
	erased []string
	// onlyHere is the variant that is wrong: a key counts as given when its own node
	// has it.
	onlyHere bool
}

func newTown(seed uint64, onlyHere bool) *town {
	w := &town{draw: rand.New(rand.NewPCG(seed, 7)), named: map[string][]byte{}, onlyHere: onlyHere}
	for range 3 {
		n := &simNode{disk: vfs.NewCrashableMem()}
		w.start(n)
		w.nodes = append(w.nodes, n)
	}
	return w
}

func (w *town) start(n *simNode) {
	var err error
	if n.ring, err = Open(Options{FS: n.disk, Wrapping: wrapping{first}, Now: func() time.Time { return time.UnixMilli(1) }}); err != nil {
		panic(err)
	}
	n.seen = 0 // a start looks at all that was erased
}

// cut is a power cut: what was not synced may be lost.
func (w *town) cut(n *simNode) {
	n.disk = n.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: w.draw.IntN(101), RNG: w.draw})
	n.ring = nil
}

func (w *town) up() (list []*simNode) {
	for _, n := range w.nodes {
		if n.ring != nil {
			list = append(list, n)
		}
	}
	return list
}

func (w *town) number(n *simNode) uint64 { return uint64(slices.Index(w.nodes, n)) }

// mint draws a key on a node and gives it to the peers it reaches; a command names
// it when a majority has it. Nobody takes commands without a majority.
func (w *town) mint(t *testing.T) {
	up := w.up()
	if len(up) < 2 {
		return
	}
	at := up[w.draw.IntN(len(up))]
	list, err := at.ring.Mint(1)
	if err != nil {
		t.Fatal(err)
	}
	gift := NewGift([]uint64{0, 1, 2}, w.number(at))
	for _, n := range up {
		if n != at && !w.onlyHere && w.draw.IntN(4) > 0 {
			if err := n.ring.Put(list); err != nil {
				t.Fatal(err)
			}
			gift.Took(w.number(n))
		}
	}
	if id := ids(list)[0]; gift.Enough() || w.onlyHere {
		key, err := at.ring.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		w.named[id] = key
	}
}

// erase erases one of the named; follow has a node delete what it has not yet.
func (w *town) erase() {
	for id := range w.named { // any
		delete(w.named, id)
		w.erased = append(w.erased, id)
		return
	}
}

func (w *town) follow(t *testing.T, n *simNode) {
	if err := n.ring.Delete(w.erased[n.seen:]...); err != nil {
		t.Fatal(err)
	}
	n.seen = len(w.erased)
}

// loseDisk replaces a disk, which a cluster survives when the others have all that
// was named: it is done only while both others are up, and the new node fetches.
func (w *town) loseDisk(t *testing.T) {
	if len(w.up()) < 3 {
		return
	}
	n := w.nodes[w.draw.IntN(3)]
	n.disk = vfs.NewCrashableMem()
	w.start(n)
	for _, peer := range w.nodes {
		if peer != n {
			catchUp(t, n.ring, peer.ring)
		}
	}
	w.follow(t, n)
}

func (w *town) step(t *testing.T) {
	n := w.nodes[w.draw.IntN(3)]
	switch p := w.draw.IntN(20); {
	case p < 8:
		w.mint(t)
	case p < 10:
		w.erase()
	case p < 12 && n.ring != nil:
		w.follow(t, n)
	case p < 15 && len(w.up()) == 3:
		w.cut(n)
	case p < 18 && n.ring == nil:
		w.start(n)
	case p < 19:
		w.loseDisk(t)
	default:
		if up := w.up(); len(up) >= 2 {
			catchUp(t, up[0].ring, up[1].ring)
			catchUp(t, up[1].ring, up[0].ring)
		}
	}
}

// settle brings everybody up and together, and says what is wrong then.
func (w *town) settle(t *testing.T) error {
	for _, n := range w.nodes {
		if n.ring == nil {
			w.start(n)
		}
		w.follow(t, n)
	}
	for range 2 {
		for _, n := range w.nodes {
			for _, peer := range w.nodes {
				catchUp(t, n.ring, peer.ring)
			}
		}
	}
	for i, n := range w.nodes {
		for id, want := range w.named {
			if key, err := n.ring.Get(id); err != nil || !bytes.Equal(key, want) {
				return fmt.Errorf("node %d: key %s, which a command named: %w", i, id, errors.Join(err, errors.New("is not what it was")))
			}
		}
		for _, id := range w.erased {
			if _, err := n.ring.Get(id); !errors.Is(err, ErrGone) {
				return fmt.Errorf("node %d: key %s, which was erased: %w", i, id, errors.Join(err, errors.New("can be read")))
			}
		}
		if !bytes.Equal(n.ring.Sums(), w.nodes[0].ring.Sums()) {
			return fmt.Errorf("nodes 0 and %d differ after they exchanged all", i)
		}
	}
	return nil
}

func play(t *testing.T, seed uint64, onlyHere bool) error {
	w := newTown(seed, onlyHere)
	for range 150 {
		w.step(t)
	}
	return w.settle(t)
}

// TestClusterOfKeyrings: three keyrings on disks whose power fails and which get
// lost, one at a time: every key that a command named can be read on every node at
// the end, every erased one on none. Where a node counts a key as given that only it
// has, this fails.
func TestClusterOfKeyrings(t *testing.T) {
	for seed := range uint64(60) {
		if err := play(t, seed, false); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	caught := 0
	for seed := range uint64(20) {
		if play(t, seed, true) != nil {
			caught++
		}
	}
	if caught < 5 {
		t.Errorf("keys that only their own node has were noticed in %d of 20 plays", caught)
	}
}
