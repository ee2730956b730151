package raftlog_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
)

// The log answers raft as raft's own storage in memory does, whatever is
// appended, replaced, compacted and reopened.
func TestLogAgreesWithRaftsOwnStorage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{rt: rt, t: t, fs: vfs.NewMem(), want: raft.NewMemoryStorage(), term: 1}
		m.log = open(t, m.options())
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			m.step()
			m.compare()
		}
		closed(t, m.log.Close)
	})
}

type model struct {
	rt           *rapid.T
	t            *testing.T
	fs           *vfs.MemFS
	log          *raftlog.Log
	want         *raft.MemoryStorage
	term, commit uint64
}

func (m *model) options() raftlog.Options {
	opt := options(m.t, m.fs)
	opt.RecentBytes = rapid.SampledFrom([]uint64{1, 1000, 1 << 20}).Draw(m.rt, "recent")
	return opt
}

func (m *model) ends() (first, last uint64) {
	first, _ = m.want.FirstIndex()
	last, _ = m.want.LastIndex()
	return first, last
}

func (m *model) step() {
	first, last := m.ends()
	switch rapid.IntRange(0, 7).Draw(m.rt, "step") {
	default: // append, sometimes replacing what is not committed
		from := rapid.Uint64Range(max(first, m.commit+1), last+1).Draw(m.rt, "from")
		if from <= last {
			m.term++
		}
		upTo := from + rapid.Uint64Range(0, 12).Draw(m.rt, "more")
		m.commit = rapid.Uint64Range(m.commit, max(m.commit, from-1)).Draw(m.rt, "commit")
		m.append(entries(from, upTo, m.term))
	case 5:
		m.append(nil)
	case 6:
		if m.commit < first {
			return
		}
		at := rapid.Uint64Range(first, m.commit).Draw(m.rt, "compact")
		if err := m.want.Compact(at); err != nil {
			m.rt.Fatal(err)
		}
		if err := m.log.Compact(at); err != nil {
			m.rt.Fatal(err)
		}
	case 7:
		closed(m.t, m.log.Close)
		m.log = open(m.t, m.options())
		if err := m.log.CheckStart(raftlog.StartFacts{DurableApplied: first - 1, DurableAppliedTerm: m.termOf(first - 1)}); err != nil {
			m.rt.Fatal(err)
		}
	}
}

func (m *model) termOf(index uint64) uint64 {
	term, err := m.want.Term(index)
	if err != nil {
		m.rt.Fatal(err)
	}
	return term
}

func (m *model) append(es []*raftpb.Entry) {
	hs := hard(m.term, m.commit)
	if err := m.log.Append(hs, es, rapid.Bool().Draw(m.rt, "sync")); err != nil {
		m.rt.Fatal(err)
	}
	if err := errors.Join(m.want.SetHardState(hs), m.want.Append(es)); err != nil {
		m.rt.Fatal(err)
	}
}

func (m *model) compare() {
	first, last := m.ends()
	gotFirst, _ := m.log.FirstIndex()
	gotLast, _ := m.log.LastIndex()
	if gotFirst != first || gotLast != last {
		m.rt.Fatalf("first and last index are %d and %d, want %d and %d", gotFirst, gotLast, first, last)
	}
	for i := first - min(first, 3); i <= last+2; i++ {
		got, err := m.log.Term(i)
		want, wantErr := m.want.Term(i)
		if got != want || !errors.Is(err, wantErr) {
			m.rt.Fatalf("term of %d is %d (%v), want %d (%v)", i, got, err, want, wantErr)
		}
	}
	hs, _, _ := m.log.InitialState()
	if want, _, _ := m.want.InitialState(); want != nil && !proto.Equal(hs, want) {
		m.rt.Fatalf("hard state is %v, want %v", hs, want)
	}
	m.compareEntries(first, last)
}

func (m *model) compareEntries(first, last uint64) {
	if first > last {
		return
	}
	lo := rapid.Uint64Range(first-1, last).Draw(m.rt, "lo")
	hi := rapid.Uint64Range(lo+1, last+1).Draw(m.rt, "hi")
	size := rapid.SampledFrom([]uint64{0, 1, 100, 1000, 1 << 40}).Draw(m.rt, "size")
	got, err := m.log.Entries(lo, hi, size)
	want, wantErr := m.want.Entries(lo, hi, size)
	same := len(got) == len(want) && errors.Is(err, wantErr)
	for i := 0; same && i < len(got); i++ {
		same = proto.Equal(got[i], want[i])
	}
	if !same {
		m.rt.Fatalf("entries %d to %d of size %d are %s (%v), want %s (%v)", lo, hi, size, show(got), err, show(want), wantErr)
	}
}

func show(es []*raftpb.Entry) (s string) {
	for _, e := range es {
		s += fmt.Sprintf(" %d/%d", e.GetIndex(), e.GetTerm())
	}
	return "[" + s + " ]"
}
