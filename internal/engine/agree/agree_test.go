package agree_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// mark of a variant: "" is the true state, anything else another one.
func mark(index uint64, variant string) agree.Mark {
	m := agree.Mark{Index: index, Size: 10 * index}
	copy(m.Root[:], fmt.Sprint("root ", index))
	copy(m.Digest[:], fmt.Sprint("digest ", index, variant))
	return m
}

// world is a set of nodes and the messages between them.
type world struct {
	members agree.Members
	nodes   map[uint64]*agree.Agreement
	said    map[uint64][]string // what each node's events said
	queue   []letter
	drop    func(from, to uint64, m *pb.Mark) bool
}

type letter struct {
	from, to uint64
	mark     *pb.Mark
}

// newWorld lets every node apply indexes 1..last; variants differ at last.
func newWorld(members agree.Members, last uint64, variants map[uint64]string) *world {
	w := &world{members: members, nodes: map[uint64]*agree.Agreement{}, said: map[uint64][]string{}}
	for _, id := range slices.Concat(members.Voters, members.Learners) {
		w.nodes[id] = agree.New(id)
		for i := uint64(1); i < last; i++ {
			w.nodes[id].Applied(mark(i, ""), members)
		}
		w.nodes[id].Applied(mark(last, variants[id]), members)
	}
	return w
}

func (w *world) do(id uint64, events []agree.Event) {
	for _, e := range events {
		switch e := e.(type) {
		case agree.Send:
			w.queue = append(w.queue, letter{id, e.To, e.Mark})
		case agree.Agreed:
			w.said[id] = append(w.said[id], fmt.Sprint("agreed ", e.Mark.Index))
		case agree.Diverged:
			w.said[id] = append(w.said[id], fmt.Sprint("diverged ", e.Mine.Index))
		case agree.Differs:
			w.said[id] = append(w.said[id], fmt.Sprint("differs ", e.Peer))
		case agree.Split:
			w.said[id] = append(w.said[id], fmt.Sprint("split ", len(e.Marks)))
		}
	}
}

func (w *world) run() {
	for len(w.queue) > 0 {
		l := w.queue[0]
		w.queue = w.queue[1:]
		if n := w.nodes[l.to]; n != nil && (w.drop == nil || !w.drop(l.from, l.to, l.mark)) {
			w.do(l.to, n.Step(l.from, l.mark, w.members))
		}
	}
}

func (w *world) start(leader, index uint64) {
	w.do(leader, w.nodes[leader].Start(index, w.members))
	w.run()
}

func (w *world) says() string {
	var b strings.Builder
	for id := uint64(1); id <= 9; id++ {
		if len(w.said[id]) > 0 {
			fmt.Fprintf(&b, "%d: %s; ", id, strings.Join(w.said[id], ", "))
		}
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func upTo(n uint64) (ids []uint64) {
	for i := uint64(1); i <= n; i++ {
		ids = append(ids, i)
	}
	return ids
}

// Node 1 leads in all rows.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		voters   uint64
		learners []uint64
		variants map[uint64]string
		down     []uint64
		want     string
	}{
		{"one voter is its own majority", 1, nil, nil, nil, "1: agreed 5"},
		{"three agree", 3, nil, nil, nil, "1: agreed 5; 2: agreed 5; 3: agreed 5"},
		{"five agree", 5, nil, nil, nil, "1: agreed 5; 2: agreed 5; 3: agreed 5; 4: agreed 5; 5: agreed 5"},
		{"one of three is down", 3, nil, nil, []uint64{3}, "1: agreed 5; 2: agreed 5"},
		{"two of three are down", 3, nil, nil, []uint64{2, 3}, ""},
		{"two of five are down", 5, nil, nil, []uint64{4, 5}, "1: agreed 5; 2: agreed 5; 3: agreed 5"},
		{"three of five are down", 5, nil, nil, []uint64{3, 4, 5}, ""},
		{"a follower differs", 3, nil, map[uint64]string{3: "x"}, nil, "1: agreed 5, differs 3; 2: agreed 5; 3: diverged 5"},
		{"two of five differ alike", 5, nil, map[uint64]string{4: "x", 5: "x"}, nil, "1: agreed 5, differs 4, differs 5; 2: agreed 5; 3: agreed 5; 4: diverged 5; 5: diverged 5"},
		{"the leader differs", 3, nil, map[uint64]string{1: "x"}, nil, "1: diverged 5"},
		{"the leader and another differ", 5, nil, map[uint64]string{1: "x", 2: "x"}, nil, "1: diverged 5"},
		{"a follower differs while one is down", 3, nil, map[uint64]string{3: "x"}, []uint64{2}, ""},
		{"two voters differ", 2, nil, map[uint64]string{2: "x"}, nil, "1: split 2"},
		{"three voters differ", 3, nil, map[uint64]string{2: "x", 3: "y"}, nil, "1: split 3"},
		{"a learner differs", 1, []uint64{2}, map[uint64]string{2: "x"}, nil, "1: agreed 5, differs 2; 2: diverged 5"},
		{"learners count nothing", 3, []uint64{4, 5}, nil, []uint64{2, 3}, ""},
		{"a learner agrees", 3, []uint64{4}, nil, nil, "1: agreed 5; 2: agreed 5; 3: agreed 5; 4: agreed 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(agree.Members{Voters: upTo(c.voters), Learners: c.learners}, 5, c.variants)
			w.drop = func(from, to uint64, _ *pb.Mark) bool {
				return slices.Contains(c.down, from) || slices.Contains(c.down, to)
			}
			w.start(1, 5)
			if got := w.says(); got != c.want {
				t.Errorf("they say %q, want %q", got, c.want)
			}
		})
	}
}

// A node that differs from what its leader says asks the others before it
// believes it: here the leader alone is wrong about a verdict.
func TestOneNodeStopsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(agree.Members{Voters: upTo(3)}, 5, nil)
	wrong := mark(5, "x")
	forged := &pb.Mark{Index: 5, Size: wrong.Size, Root: wrong.Root[:], Digest: wrong.Digest[:], Kind: agree.KindVerdict}
	w.do(2, w.nodes[2].Step(1, forged, w.members))
	w.run()
	if got := w.says(); got != "2: agreed 5" {
		t.Errorf("after a wrong verdict they say %q", got)
	}
}

// Asks and verdicts that are ahead of a node are answered when it gets there.
func TestAheadIsKept(t *testing.T) {
	t.Parallel()
	members := agree.Members{Voters: upTo(3)}
	w := newWorld(members, 5, nil)
	for i := uint64(6); i <= 8; i++ {
		w.nodes[1].Applied(mark(i, ""), members)
	}
	w.start(1, 7)
	w.start(1, 8)
	if got := w.says(); got != "" {
		t.Fatalf("before anyone else is there: %q", got)
	}
	for i := uint64(6); i <= 8; i++ {
		w.do(2, w.nodes[2].Applied(mark(i, ""), members))
	}
	w.run()
	if got := w.says(); got != "1: agreed 7, agreed 8; 2: agreed 7, agreed 8" {
		t.Fatalf("when 2 is there: %q", got)
	}
	for i := uint64(6); i <= 8; i++ {
		w.do(3, w.nodes[3].Applied(mark(i, map[uint64]string{8: "x"}[i]), members))
		w.run()
	}
	if got := w.says(); got != "1: agreed 7, agreed 8, differs 3; 2: agreed 7, agreed 8; 3: agreed 7, diverged 8" {
		t.Fatalf("when 3 is there: %q", got)
	}
}

// What is out of the ring is forgotten, and a fresh node answers nothing.
func TestForgotten(t *testing.T) {
	t.Parallel()
	members := agree.Members{Voters: upTo(3)}
	a := agree.New(1)
	for i := uint64(1); i <= agree.Kept+1; i++ {
		a.Applied(mark(i, ""), members)
	}
	ask := func(index uint64) int { return len(a.Step(2, &pb.Mark{Index: index}, members)) }
	if ask(1) != 0 || ask(0) != 0 {
		t.Error("a forgotten mark is answered")
	}
	if ask(2) != 1 || ask(agree.Kept+1) != 1 {
		t.Error("a remembered mark is not answered")
	}
	if len(a.Start(1, members)) != 0 {
		t.Error("a round starts at a forgotten mark")
	}
	if _, ok := a.At(1); ok {
		t.Error("At answers a forgotten mark")
	}
	if m, ok := a.Last(); !ok || m != mark(agree.Kept+1, "") {
		t.Errorf("Last answers %v, %v", m.Index, ok)
	}
	if _, ok := agree.New(1).Last(); ok {
		t.Error("a new node has a last mark")
	}
}

// Strangers, malformed marks and repetitions change nothing.
func TestIgnored(t *testing.T) {
	t.Parallel()
	members := agree.Members{Voters: upTo(3), Learners: []uint64{4}}
	answer := func(m agree.Mark, kind uint32) *pb.Mark {
		return &pb.Mark{Index: m.Index, Size: m.Size, Root: m.Root[:], Digest: m.Digest[:], Kind: kind}
	}
	good, bad := mark(5, ""), mark(5, "x")
	short := answer(good, agree.KindAnswer)
	short.Digest = short.Digest[:31]
	for _, c := range []struct {
		name string
		from uint64
		mark *pb.Mark
	}{
		{"an answer of a stranger", 9, answer(good, agree.KindAnswer)},
		{"an answer of a learner is not counted", 4, answer(good, agree.KindAnswer)},
		{"an answer of this node", 1, answer(good, agree.KindAnswer)},
		{"an answer to another question", 2, answer(mark(4, ""), agree.KindAnswer)},
		{"a short digest", 2, short},
		{"an unknown kind", 2, answer(good, 3)},
		{"nothing", 2, nil},
		{"a verdict of a stranger", 9, answer(good, agree.KindVerdict)},
		{"a verdict of a learner", 4, answer(bad, agree.KindVerdict)},
		{"an ask of a stranger", 9, &pb.Mark{Index: 5}},
	} {
		w := newWorld(members, 5, nil)
		a := w.nodes[1]
		a.Start(5, members)
		if events := a.Step(c.from, c.mark, members); len(events) != 0 {
			t.Errorf("%s: %v", c.name, events)
		}
	}
	w := newWorld(members, 5, nil)
	w.nodes[1].Start(5, members)
	if n := len(w.nodes[1].Step(2, answer(bad, agree.KindAnswer), members)); n != 0 {
		t.Errorf("one answer that differs gives %d events", n)
	}
	if n := len(w.nodes[1].Step(2, answer(good, agree.KindAnswer), members)); n != 0 {
		t.Error("a second answer of one voter counts")
	}
}

// Who asks far ahead, or often, takes no more than its share of memory.
func TestWaitingIsBounded(t *testing.T) {
	t.Parallel()
	members := agree.Members{Voters: upTo(3)}
	a := agree.New(1)
	for i := uint64(1); i <= 100; i++ {
		a.Step(2, &pb.Mark{Index: i}, members)
		a.Step(2, &pb.Mark{Index: i}, members)
	}
	answered := 0
	for i := uint64(1); i <= 100; i++ {
		answered += len(a.Applied(mark(i, ""), members))
	}
	if answered == 0 || answered > 16 {
		t.Errorf("%d asks ahead were kept", answered)
	}
}

func BenchmarkApplied(b *testing.B) {
	members := agree.Members{Voters: upTo(3)}
	a := agree.New(1)
	m := mark(1, "")
	b.ReportAllocs()
	for b.Loop() {
		a.Applied(m, members)
		m.Index++
	}
}

// Who was away when a verdict was told hears it when the leader asks again.
func TestVerdictIsRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(agree.Members{Voters: upTo(3)}, 5, nil)
	w.drop = func(_, to uint64, m *pb.Mark) bool { return to == 3 && m.Kind == agree.KindVerdict }
	w.start(1, 5)
	if got := w.says(); got != "1: agreed 5; 2: agreed 5" {
		t.Fatalf("they say %q", got)
	}
	w.drop = nil
	w.start(1, 5)
	if got := w.says(); got != "1: agreed 5; 2: agreed 5; 3: agreed 5" {
		t.Errorf("they say %q", got)
	}
}
