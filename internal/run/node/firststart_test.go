package node

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// begun makes the parts of a data folder as a first start leaves them that ends
// at some point; each goes a little further than the one before.
var begun = []struct {
	name string
	do   func(*testing.T, string, identity.Identity)
}{
	{"an empty folder for the state", func(t *testing.T, dir string, _ identity.Identity) { mkdir(t, dir, "state") }},
	{"an empty state", func(t *testing.T, dir string, _ identity.Identity) { emptyState(t, dir) }},
	{"an empty folder for the log", func(t *testing.T, dir string, _ identity.Identity) {
		emptyState(t, dir)
		mkdir(t, dir, "log")
	}},
	{"a log without identity", func(t *testing.T, dir string, _ identity.Identity) {
		emptyState(t, dir)
		emptyState(t, filepath.Join(dir, "other"))
		if err := os.Rename(filepath.Join(dir, "other", "state"), filepath.Join(dir, "log")); err != nil {
			t.Fatal(err)
		}
	}},
	{"a log without the file acked", func(t *testing.T, dir string, id identity.Identity) {
		emptyState(t, dir)
		emptyLog(t, dir, id)
		if err := os.Remove(filepath.Join(dir, "log", "acked")); err != nil {
			t.Fatal(err)
		}
	}},
	{"a log that knows no members", func(t *testing.T, dir string, id identity.Identity) {
		emptyState(t, dir)
		emptyLog(t, dir, id)
	}},
	{"a log that knows no members, and a state", func(t *testing.T, dir string, id identity.Identity) {
		emptyLog(t, dir, id)
		s, err := store.Open(filepath.Join(dir, "state"), store.Options{Fatal: func(err error) { t.Error(err) }})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetIdentity(id); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}},
}

func mkdir(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
}

func emptyState(t *testing.T, dir string) {
	t.Helper()
	s, err := store.Open(filepath.Join(dir, "state"), store.Options{Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func emptyLog(t *testing.T, dir string, id identity.Identity) {
	t.Helper()
	l, err := raftlog.Open(filepath.Join(dir, "log"), raftlog.Options{Identity: id, Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDiesInItsFirstStart: wherever a node's first start ends, the next one goes
// on from there; nobody has to clear anything away.
func TestDiesInItsFirstStart(t *testing.T) {
	t.Parallel()
	for _, b := range begun {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b.do(t, s.cfg.Data, identity.Identity{ClusterID: 1, RaftID: 2, Incarnation: 3})
			n := s.open()
			s.purchase(n)
			s.stop(n)
		})
	}
}

// TestOldFolderOfAFirstStart: a member of a cluster gets a data folder back that
// was copied while it was being made. Its log says nothing of other members, and
// yet it must not found a cluster of its own.
func TestOldFolderOfAFirstStart(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	for i, b := range begun[len(begun)-3:] {
		at := 2 - i%2
		t.Log(b.name, "on", c.config(at).Cluster.Name)
		old := c.nodes[at].raftLog.Identity()
		c.stops[at]()
		for _, part := range []string{"log", "state", "views", "checkpoint", "snapshot", "snapshots"} {
			if err := os.RemoveAll(filepath.Join(c.dirs[at], part)); err != nil {
				t.Fatal(err)
			}
		}
		b.do(t, c.dirs[at], old)
		c.start(at)
		c.until("vote for the node that came anew", func() bool {
			s := c.nodes[0].Replica().Status()
			return len(s.Voters) == 3 && !s.Changing && learnersOf(c.nodes[0]) == 0
		})
		if fresh := c.nodes[at].raftLog.Identity(); fresh.RaftID == old.RaftID {
			t.Errorf("%s: it came back as what it was", b.name)
		}
		if s := c.nodes[at].Replica().Status(); s.Alone {
			t.Fatalf("%s: it founded a cluster of its own", b.name)
		}
		for _, m := range c.nodes[0].Replica().Status().Members.Members {
			if m.RaftId == old.RaftID && m.Role != pb.MemberRole_MEMBER_ROLE_REMOVED {
				t.Errorf("%s: its former self is still a %s", b.name, m.Role)
			}
		}
	}
}
