package machine_test

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The digest in memory, the one of the stored Head row, and the one after a
// reopen are the same at every frame, and no two frames share one.
func TestDigestFollowsTheState(t *testing.T) {
	t.Parallel()
	w := newWorkload(t, 7)
	w.begin(machine.MaxLevel)
	for i := range 60 {
		w.step(i)
	}
	mem := table.NewMem()
	m, err := machine.Open(mem, machine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[32]byte]int{}
	for i, f := range w.frames(5) {
		if _, err := m.Apply(uint64(i+1), 1, f); err != nil {
			t.Fatal(err)
		}
		snap := mem.Snapshot()
		head, _ := machine.Head(snap)
		if err := snap.Close(); err != nil {
			t.Fatal(err)
		}
		reopened, err := machine.Open(mem, machine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d := m.Digest()
		if d != machine.DigestOf(head) || d != reopened.Digest() {
			t.Fatalf("frame %d: digest %x in memory, %x of the head, %x reopened", i+1, d, machine.DigestOf(head), reopened.Digest())
		}
		if before, ok := seen[d]; ok {
			t.Fatalf("frames %d and %d have one digest", before, i+1)
		}
		seen[d] = i + 1
	}
}

// Every part of the state that the digest stands for changes it.
func TestDigestSeesEachPart(t *testing.T) {
	t.Parallel()
	head := func(change func(*pb.Head)) [32]byte {
		h := &pb.Head{AppliedIndex: 9, AppliedTerm: 2, At: 5, Level: 2, NextOrder: 3, NextPerson: 4, NextRefund: 5, NextNotice: 6, CloseCursor: 1, PruneCursor: 1,
			Digests: []*pb.TableDigest{{Table: uint32(table.Orders), Hi: 1, Lo: 2, Rows: 3}, {Table: uint32(table.Due)}}}
		change(h)
		return machine.DigestOf(h)
	}
	base := head(func(*pb.Head) {})
	if base != head(func(h *pb.Head) { h.Digests = h.Digests[:1] }) {
		t.Error("a table without rows changes the digest")
	}
	for name, change := range map[string]func(*pb.Head){
		"index": func(h *pb.Head) { h.AppliedIndex++ }, "term": func(h *pb.Head) { h.AppliedTerm++ }, "time": func(h *pb.Head) { h.At++ },
		"level": func(h *pb.Head) { h.Level++ }, "next order": func(h *pb.Head) { h.NextOrder++ }, "cursor": func(h *pb.Head) { h.PruneCursor++ },
		"sum": func(h *pb.Head) { h.Digests[0].Lo++ }, "rows": func(h *pb.Head) { h.Digests[0].Rows++ },
		"table":    func(h *pb.Head) { h.Digests[0].Table = uint32(table.Refunds) },
		"new rows": func(h *pb.Head) { h.Digests[1].Rows++ },
	} {
		if head(change) == base {
			t.Errorf("another %s has the same digest", name)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	mem := table.NewMem()
	m, err := machine.Open(mem, machine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	w := newWorkload(b, 7)
	w.begin(machine.MaxLevel)
	for i := range 60 {
		w.step(i)
	}
	for i, f := range w.frames(5) {
		if res, err := m.Apply(uint64(i+1), 1, f); err != nil || res[0].Code == code.CommandMalform {
			b.Fatal(err, res)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Digest()
	}
}
