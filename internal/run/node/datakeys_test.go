package node

import (
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// holds counts the nodes that have the key.
func (c *trio) holds(id string) (have int) {
	for _, n := range c.nodes {
		if _, err := n.ring.Get(id); err == nil {
			have++
		}
	}
	return have
}

// damage flips a bit in each slot of a keyring.
func damage(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	for at := 60; at < len(b) && err == nil; at += 128 {
		_, err = f.WriteAt([]byte{b[at] ^ 1}, int64(at))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestDataKeysInACluster: keys are on a majority when minting returns, on any
// node; damaged ones are healed; without a majority it fails; a node that was away fetches them; an erase
// command deletes them on every node, also on one that was away.
func TestDataKeysInACluster(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	lead := c.leader()
	var follower, other int
	for i, n := range c.nodes {
		if n != lead {
			follower, other = other, i
		}
	}
	ids, err := c.nodes[follower].mintDataKeys(t.Context(), 3)
	if err != nil || c.holds(ids[0]) < 2 {
		t.Fatalf("%v; %d nodes have the key", err, c.holds(ids[0]))
	}
	damage(t, filepath.Join(c.dirs[follower], keyring.FileName))
	if err := (&keyExchange{part: part{shared: c.nodes[follower].shared}}).checkKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		c.until("the damaged keys to be healed", func() bool { return c.holds(id) == 3 })
	}
	c.stops[other]()
	late, err := lead.mintDataKeys(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	details := &pb.Sealed{KeyId: ids[0], Box: []byte("box"), Hash: make([]byte, person.HashSize)}
	p, out, err := person.Enter.Do(t.Context(), lead.replica, "test", "", &pb.PersonEnter{Ref: "ming", Details: details})
	if err != nil || out != code.OK {
		t.Fatal(out, err)
	}
	if _, out, err = wallet.Erase.Do(t.Context(), lead.replica, "test", "", &pb.PersonErase{Uid: p.Uid}); err != nil || out != code.OK {
		t.Fatal(out, err)
	}
	c.start(other)
	c.until("the key of a node that was away", func() bool { return c.holds(late[0]) == 3 })
	c.until("the erased key to go", func() bool { return c.holds(ids[0]) == 0 })
	for _, n := range c.nodes {
		if _, err := n.ring.Get(ids[0]); !errors.Is(err, keyring.ErrGone) {
			t.Errorf("the erased key: %v", err)
		}
	}
	if c.holds(ids[1]) != 3 {
		t.Error("another's key is gone too")
	}
	c.stops[follower]()
	c.stops[other]()
	if ids, err := lead.mintDataKeys(t.Context(), 1); err == nil {
		t.Errorf("alone, it says that a majority has %s", ids)
	}
}

// TestAVoteNeedsTheDataKeys: a node that joins gets no vote while a key that the state
// names is held up, its status says how many are; when the key comes it gets the vote.
func TestAVoteNeedsTheDataKeys(t *testing.T) {
	t.Parallel()
	c := firstOfTrio(t)
	first := c.nodes[0]
	list, err := first.ring.Mint(1)
	if err != nil {
		t.Fatal(err)
	}
	details := &pb.Sealed{KeyId: hex.EncodeToString(list[0].Id), Box: []byte("box"), Hash: make([]byte, person.HashSize)}
	if _, out, err := person.Enter.Do(t.Context(), first.replica, "test", "", &pb.PersonEnter{Ref: "ming", Details: details}); err != nil || out != code.OK {
		t.Fatal(out, err)
	}
	// The only one who has the key loses it.
	damage(t, filepath.Join(c.dirs[0], keyring.FileName))
	if err := (&keyExchange{part: part{shared: first.shared}}).checkKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.join(1)
	op := operator{first.shared}
	c.until("word that n2 lacks the key", func() bool {
		s, err := op.Status(t.Context())
		return err == nil && len(s.Nodes) == 2 && s.Nodes[1].Why == "lacks data keys (1), which it fetches from the others"
	})
	if err := op.Promote(t.Context(), "test", "n2", false); err == nil || err.Error() != "n2 lacks data keys (1)" || learnersOf(first) != 1 {
		t.Errorf("without the key: %v, and there are %d learners", err, learnersOf(first))
	}
	if err := first.ring.Put(list); err != nil {
		t.Fatal(err)
	}
	c.voting(1)
	if c.nodes[1].ring.Lacks(details.KeyId) {
		t.Error("it got a vote without the key")
	}
}

// TestDataKeysOfAFreshFolder: a node alone mints into a folder it has just made.
func TestDataKeysOfAFreshFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	defer s.stop(n)
	ids, err := n.mintDataKeys(t.Context(), 2)
	if err != nil || len(ids) != 2 {
		t.Fatal(ids, err)
	}
	if raw, err := hex.DecodeString(ids[0]); err != nil || len(raw) != 16 {
		t.Errorf("the key is named %q", ids[0])
	}
}
