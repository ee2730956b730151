package sim

import (
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
)

// state is a node's state store. It has no log of its own: a crash takes it back
// to any frame since the last flush, and never to a part of one.
type state struct {
	live *table.Mem
	// frames are the state after each frame since the last flush; the first is
	// the flushed one.
	frames []*table.Mem
	// spoil, when set, alters a frame's writes on their way in (broken.go).
	spoil func([]table.Write) []table.Write
}

func newState(from *table.Mem) *state {
	s := &state{live: from.Clone()}
	s.frames = []*table.Mem{s.live.Clone()}
	return s
}

// Load implements table.Backend.
func (s *state) Load(key, buf []byte) ([]byte, bool, error) { return s.live.Load(key, buf) }

// Iterate implements table.Backend.
func (s *state) Iterate(from, to []byte, visit func(key, stored []byte) bool) error {
	return s.live.Iterate(from, to, visit)
}

// Snapshot implements table.Backend.
func (s *state) Snapshot() table.Snapshot { return s.live.Snapshot() }

// Commit implements table.Backend.
func (s *state) Commit(writes []table.Write) error {
	if s.spoil != nil {
		writes = s.spoil(writes)
	}
	if err := s.live.Commit(writes); err != nil {
		return err
	}
	s.frames = append(s.frames, s.live.Clone())
	return nil
}

// flush makes everything so far durable.
func (s *state) flush() { s.frames = append(s.frames[:0:0], s.frames[len(s.frames)-1]) }

// durable is the log index that a crash cannot take the state behind.
func (s *state) durable() uint64 { return appliedOf(s.frames[0]) }

// crashed is what a crash leaves; lucky says how many of n frames survive.
func (s *state) crashed(lucky func(n int) int) *state {
	return newState(s.frames[lucky(len(s.frames))])
}

func appliedOf(b table.Backend) uint64 {
	snap := b.Snapshot()
	defer snap.Close()
	head, ok := machine.Head(snap)
	if !ok {
		return 0
	}
	return head.AppliedIndex
}
