package replica_test

import (
	"errors"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// TestOlderNodeStopsAtAHigherLevel (U3): one node of three runs an older binary
// when the level is raised. It stops there, before anything is written, and again
// each time it is started; the others go on. Started with the newer binary it
// replays the same log and has the same state as they.
func TestOlderNodeStopsAtAHigherLevel(t *testing.T) {
	t.Parallel()
	const older, known = 3, machine.MaxLevel - 1 // the node, and the level that it knows
	c := &cluster{t: t, level: known, older: map[uint64]uint32{older: known}, stopped: make(chan error, 1)}
	c.begin()
	_, leader := c.leader()
	c.do(leader, catalogue.SetLevel, &pb.SetLevel{Level: machine.MaxLevel, Version: "v9"})
	c.isOutdated(<-c.stopped)
	c.do(leader, catalogue.PersonAdd, &pb.PersonAdd{Ref: "after", Name: "after"})

	c.stop(older)
	if r, err := c.open(older, leader.Status().Members); err != nil {
		c.isOutdated(err)
	} else {
		c.isOutdated(<-c.stopped)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if head := c.head(older); head.Level != known {
		t.Fatalf("the older binary's state is at level %d", head.Level)
	}

	delete(c.older, older)
	newer := c.start(older, leader.Status().Members)
	for newer.Applied() < leader.Applied() {
		<-newer.Changed()
	}
	if h := c.head(older); h.Level != machine.MaxLevel || machine.DigestOf(h) != machine.DigestOf(c.head(1)) {
		t.Errorf("the states differ: %v and %v", h, c.head(1))
	}
}

// TestLeaderKeepsOutWhatItDoesNotKnow: nobody may raise the level beyond what the
// leader's binary knows, since that would stop it, nor have it log a command of a
// level that was not raised, since that would stop followers with older binaries.
func TestLeaderKeepsOutWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := open(t, newMemLog(), table.NewMem(), replica.Options{})
	if _, err := b.do(catalogue.Genesis, &pb.Genesis{LogName: "test", Level: machine.MaxLevel + 1}); refusal(t, err) != code.LevelUnsupported {
		t.Errorf("a genesis above what is known got %v", err)
	}
	b.ok(catalogue.Genesis, &pb.Genesis{LogName: "test", Level: 2})
	last := b.r.Applied()
	if _, err := b.do(catalogue.SetLevel, &pb.SetLevel{Level: machine.MaxLevel + 1}); refusal(t, err) != code.LevelUnsupported {
		t.Errorf("a level above what is known got %v", err)
	}
	if _, err := b.do(catalogue.CourierLease, &pb.CourierLease{}); refusal(t, err) != code.LevelTooLow {
		t.Errorf("a command of level 3 got %v", err)
	}
	if got := b.r.Applied(); got != last {
		t.Errorf("the log went from %d to %d", last, got)
	}
}

func (c *cluster) do(r *replica.Replica, n catalogue.Number, body table.Record) {
	c.t.Helper()
	if res, err := r.Do(c.t.Context(), catalogue.NewCommand(n, "test", "", body)); err != nil || res.Code != code.OK {
		c.t.Fatalf("%s: %s, %v", n, res.Code, err)
	}
}

func (c *cluster) isOutdated(err error) {
	c.t.Helper()
	var o *machine.Outdated
	if !errors.As(err, &o) || o.Level != machine.MaxLevel || o.Version != "v9" {
		c.t.Fatalf("it stopped with %v", err)
	}
}

func (c *cluster) head(id uint64) *pb.Head {
	s := c.mems[id].Snapshot()
	defer func() { _ = s.Close() }()
	head, _ := machine.Head(s)
	return head
}
