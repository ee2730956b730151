package replica_test

import (
	"context"
	"errors"
	"testing"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// poison appends a committed frame that no machine can apply.
func poison(t *testing.T, log *memLog) (index uint64) {
	t.Helper()
	last, err := log.LastIndex()
	if err != nil {
		t.Fatal(err)
	}
	term, err := log.Term(last)
	if err != nil {
		t.Fatal(err)
	}
	index = last + 1
	hs, _, err := log.InitialState()
	if err != nil {
		t.Fatal(err)
	}
	hs.Commit = &index
	data := table.Encode(&pb.Frame{Commands: [][]byte{{0xff, 0xff}}})
	if err := log.Append(hs, []*raftpb.Entry{{Index: &index, Term: &term, Data: data}}, true); err != nil {
		t.Fatal(err)
	}
	return index
}

// TestFrameThatCannotBeApplied: the replica stops at it, twice if asked twice;
// then it serves what was before, read-only; quarantined, it goes on.
func TestFrameThatCannotBeApplied(t *testing.T) {
	t.Parallel()
	log, mem := newMemLog(), table.NewMem()
	b := open(t, log, mem, replica.Options{})
	b.shop(1)
	b.order("T-0001", 300)
	if err := b.r.Close(); err != nil {
		t.Fatal(err)
	}
	bad := poison(t, log)
	for range 2 {
		stopped := make(chan error, 1)
		r, err := replica.Open(replica.Options{Identity: alone, Bootstrap: &pb.Member{RaftId: alone.RaftID, Incarnation: alone.Incarnation}, Log: log, Backend: mem, Stopped: func(err error) { stopped <- err }})
		if err != nil {
			t.Fatal(err)
		}
		var broken *machine.Broken
		if err := <-stopped; !errors.As(err, &broken) || broken.Index != bad || broken.Position != 0 {
			t.Fatalf("it stopped with %v", err)
		}
		if err := r.Ready(t.Context()); err == nil {
			t.Error("a stopped replica is ready")
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	readOnly := open(t, log, mem, replica.Options{ReadOnlyFrom: bad})
	if !readOnly.r.ReadOnly() || readOnly.r.Applied() != bad-1 {
		t.Errorf("read-only is %v at index %d, want %d", readOnly.r.ReadOnly(), readOnly.r.Applied(), bad-1)
	}
	if _, err := readOnly.do(catalogue.Tick, &pb.Tick{}); refusal(t, err) != code.ReadOnly {
		t.Errorf("a write got %v", err)
	}
	if err := readOnly.r.ReadLatest(context.Background(), func(r table.Reader) error {
		if o, ok := order.ByNumber(r, mchid, "T-0001"); !ok || o.Total != 300 {
			t.Errorf("the order before is %v", o)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	readOnly.audit()
	if err := readOnly.r.Close(); err != nil {
		t.Fatal(err)
	}
	passing := open(t, log, mem, replica.Options{Machine: machine.Options{
		Quarantined: func(index uint64, position int) bool { return index == bad && position == 0 },
	}})
	if got := passing.order("T-0002", 10); got.Id != 2 {
		t.Errorf("the next order is %d", got.Id)
	}
	passing.audit()
}
