package node

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/run/verify"
)

func (s *site) enter(n *Node, ref, name, phone string) *pb.Person {
	s.Helper()
	who := personal.Newcomer{Ref: ref, Details: &pb.Details{Name: name, Phone: phone}}
	p, out, err := n.people.Enter(s.Context(), n.replica, "test", "", who)
	if err != nil || out != code.OK {
		s.Fatalf("%s: %s, %v", ref, out, err)
	}
	return p
}

// clear lists where a stopped node's folder has one of the values.
func (s *site) clear(values ...string) []verify.Find {
	s.Helper()
	finds, err := verify.Clear(s.cfg.Data, values)
	if err != nil {
		s.Fatal(err)
	}
	return finds
}

// places are the kinds of places of finds: log, state, view, file.
func places(finds []verify.Find) string {
	var kinds []string
	for _, f := range finds {
		if kind, _, _ := strings.Cut(f.Where, " "); len(kinds) == 0 || kinds[len(kinds)-1] != kind {
			kinds = append(kinds, kind)
		}
	}
	return strings.Join(kinds, " ")
}

// TestPeopleOfBeforeAreSealed: a folder of level 4 has names in clear, in its log
// and its state, and the search finds them. Raised to level 5, its people are
// sealed and go on; then no name is anywhere in the folder, nor a hash of one, and
// what enters from then on never is. A planted value is found.
func TestPeopleOfBeforeAreSealed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := Open(ctx, Options{Config: s.cfg, Version: "test", Fatal: s.fault, level: person.LevelSealed - 1})
	if err != nil {
		t.Fatal(err)
	}
	s.enter(n, "p1", "王小明", "")
	s.enter(n, "p2", "Grace Hopper", "")
	s.stop(n)
	if got := places(s.clear("王小明", "Grace Hopper")); got != "log state" {
		t.Fatalf("below the level, names are found in %q", got)
	}

	n = s.open()
	s.do(n, catalogue.SetLevel, &pb.SetLevel{Level: person.LevelSealed})
	if !exists(n.path(unsealedFile)) {
		t.Error("nothing says that clear names are left")
	}
	w := &sealing{part: part{shared: n.shared}, from: 1, left: true}
	for w.left { // the node's own worker looks too
		if err := w.look(ctx); err != nil && ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	if exists(n.path(unsealedFile)) {
		t.Error("it still says that clear names are left")
	}
	s.enter(n, "p3", "Ada Lovelace", "+8613800000003")
	s.stop(n)
	if finds := s.clear("王小明", "Grace Hopper", "Ada Lovelace", "13800000003"); len(finds) > 0 {
		t.Errorf("after sealing, clear values are left: %v", finds)
	}

	n = s.open()
	for ref, want := range map[string]string{"p1": "王小明", "p2": "Grace Hopper", "p3": "Ada Lovelace"} {
		if err := n.replica.ReadLocal(ctx, func(r table.Reader) error {
			if p, ok := person.ByRef(r, ref); !ok || n.people.Name(p) != want {
				t.Errorf("%s is shown as %q", ref, n.people.Name(p))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	// An operator writes a name into a reason: it is found, in log and state.
	s.do(n, catalogue.PersonBlock, &pb.PersonBlock{Uid: 3, Blocked: true, Reason: "Planted"})
	s.stop(n)
	if err := os.WriteFile(filepath.Join(s.cfg.Data, "planted"), fmt.Appendf(nil, "hash %x", sha256.Sum256([]byte("Planted too"))), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := places(s.clear("Planted")); got != "log state" {
		t.Errorf("the planted name is found in %q", got)
	}
	if finds := s.clear("Planted too"); len(finds) != 1 || finds[0].Where != "file planted" || finds[0].What != "by its SHA-256 in hex" {
		t.Errorf("of the planted hash %v is found", finds)
	}
}
