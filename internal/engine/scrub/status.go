package scrub

import (
	"slices"
	"time"
)

// Status is how the scrubber stands.
type Status struct {
	// Pass counts the passes begun since the folder was made; Running says that
	// one is under way, at Step, Percent done.
	Pass    uint64
	Running bool
	Step    string
	Percent uint32
	// Done is when the last whole pass ended, the zero time for never; Took how
	// long it took, Read how many bytes it read.
	Done time.Time
	Took time.Duration
	Read uint64
	// Found counts findings since the folder was made; Open are those of this
	// process that have not been healed, at most MaxOpen.
	Found uint64
	Open  []Finding
}

// Age is how long ago the last whole pass ended; ok is false when none did.
func (s Status) Age(now time.Time) (age time.Duration, ok bool) {
	if s.Done.IsZero() {
		return 0, false
	}
	return max(now.Sub(s.Done), 0), true
}

// Status returns how the scrubber stands.
func (s *Scrubber) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.progress
	out := Status{Pass: p.Pass, Running: s.running, Took: time.Duration(p.Took) * time.Millisecond, Read: p.Read,
		Found: p.Found, Open: slices.Clone(s.open)}
	if p.Done != 0 {
		out.Done = time.UnixMilli(p.Done)
	}
	if s.running {
		out.Step = p.Step
		if s.total > 0 {
			out.Percent = uint32(min(100*(s.before+min(s.stepRead, s.step))/s.total, 99))
		}
	}
	return out
}

// StateDamaged says whether a finding about the state is open.
func (s Status) StateDamaged() bool {
	return slices.ContainsFunc(s.Open, func(f Finding) bool {
		return f.Kind == StateFile || f.Kind == StateRow || f.Kind == StateTable
	})
}
