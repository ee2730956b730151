package node

import (
	"context"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// aged draws a data key as it was some time ago, and keeps it in the node's keyring.
func aged(t *testing.T, n *Node, age time.Duration) string {
	t.Helper()
	then, err := keyring.Open(keyring.Options{Dir: t.TempDir(), Wrapping: keyring.Keystore{Store: n.keys}, Now: func() time.Time { return time.Now().Add(-age) }})
	if err != nil {
		t.Fatal(err)
	}
	list, err := then.Mint(1)
	if err := errors.Join(err, then.Close()); err != nil {
		t.Fatal(err)
	}
	if err := n.ring.Put(list); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(list[0].Id)
}

// sealing is a Sealer that was given one key.
func sealingWith(n *Node, id string) *personal.Sealer {
	return personal.New(personal.Config{Core: n.replica, Secrets: n.keys, Ring: n.ring,
		Mint: func(context.Context, int) ([]string, error) { return []string{id}, nil },
		Wall: func() time.Time { return n.ring.Minted(id) }})
}

func enterWith(t *testing.T, n *Node, id, ref string) (code.Code, error) {
	t.Helper()
	_, out, err := sealingWith(n, id).Enter(t.Context(), n.replica, "test", "", personal.Newcomer{Ref: ref, Details: &pb.Details{Name: ref}})
	return out, err
}

// TestUnnamedKeysAreSwept: a key that nothing names is deleted a day after it was drawn,
// at the second look that finds it; one that a person's row names, and a younger one, stay.
func TestUnnamedKeysAreSwept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	defer s.stop(n)
	orphan, young, named := aged(t, n, 25*time.Hour), aged(t, n, 23*time.Hour), aged(t, n, 25*time.Hour)
	details := &pb.Sealed{KeyId: named, Box: []byte("box"), Hash: make([]byte, person.HashSize)}
	if _, out, err := person.Enter.Do(t.Context(), n.replica, "test", "", &pb.PersonEnter{Ref: "ming", Details: details}); err != nil || out != code.OK {
		t.Fatal(out, err)
	}
	w := &keySweep{shared: n.shared}
	look := func() {
		t.Helper()
		if err := w.look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	gone := func(id string) bool { _, err := n.ring.Get(id); return errors.Is(err, keyring.ErrGone) }
	look()
	w.term-- // it lost the lead and got it back
	look()
	if gone(orphan) {
		t.Error("a key was deleted that one look in this term has found")
	}
	look()
	if !gone(orphan) || gone(young) || gone(named) {
		t.Errorf("deleted are: the unnamed one %v, the young one %v, the named one %v", gone(orphan), gone(young), gone(named))
	}
}

// TestSweepRacesACommand: a command that is held up between sealing and proposing is
// refused once its key may be swept soon, whatever the node that sent it thinks the time
// is; one that comes earlier is taken, and no look deletes its key.
func TestSweepRacesACommand(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	defer s.stop(n)
	late, early := aged(t, n, 12*time.Hour+time.Minute), aged(t, n, 11*time.Hour)
	var refused *code.Error
	if _, err := enterWith(t, n, late, "late"); !errors.As(err, &refused) || refused.Code != code.Overloaded {
		t.Errorf("a command with a key of 12 hours: %v", err)
	}
	if out, err := enterWith(t, n, early, "early"); err != nil || out != code.OK {
		t.Errorf("a command with a key of 11 hours: %s, %v", out, err)
	}
	if err := n.replica.ReadLatest(t.Context(), func(r table.Reader) error {
		if _, there := person.ByRef(r, "late"); there {
			t.Error("a person is there whose key may be swept")
		}
		if ids := n.ring.Unnamed(r, time.Now()); len(ids) == 0 || contains(ids, early) || !contains(ids, late) {
			t.Errorf("not named are %v", ids)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func contains(ids []string, id string) bool {
	for _, other := range ids {
		if other == id {
			return true
		}
	}
	return false
}
