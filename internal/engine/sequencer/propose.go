package sequencer

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Clock is the node's time at a proposal.
type Clock struct {
	// Wall is Unix milliseconds now; SinceTick how many have passed since the last
	// Tick, by a clock that nobody sets.
	Wall, SinceTick int64
}

// Frame is a proposed log entry with the callers that wait for it.
type Frame struct {
	// Data is the encoded pb.Frame.
	Data []byte
	// Waiters are its commands, in their order.
	Waiters []*Waiter
	// Since and Took are the driver's, to measure how long a frame takes.
	Since time.Time
	Took  time.Duration
}

// newFrame makes the next frame of commands that waited.
func newFrame(waiters []*Waiter, bytes int, at int64, random io.Reader) (*Frame, error) {
	seeds, err := drawSeeds(len(waiters), random)
	if err != nil {
		return nil, err
	}
	data := make([]byte, 0, bytes+machine.CommandOverhead*len(waiters))
	for i, w := range waiters {
		if data, err = machine.AppendCommand(data, w.Command, at, seedOf(seeds, i)); err != nil {
			return nil, err
		}
	}
	return &Frame{Data: data, Waiters: waiters}, nil
}

// Encode makes a frame of commands that nobody waits for: one that changes
// members, or the first of a log that begins with more than one command.
func Encode(commands []*pb.Command, at int64, random io.Reader) ([]byte, error) {
	seeds, err := drawSeeds(len(commands), random)
	if err != nil {
		return nil, err
	}
	var data []byte
	for i, c := range commands {
		if data, err = machine.AppendCommand(data, c, at, seedOf(seeds, i)); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func drawSeeds(n int, random io.Reader) ([]byte, error) {
	seeds := make([]byte, machine.SeedBytes*n)
	if _, err := io.ReadFull(random, seeds); err != nil {
		return nil, fmt.Errorf("draw the seeds of a frame: %w", err)
	}
	return seeds, nil
}

// seedOf is the i-th command's part.
func seedOf(seeds []byte, i int) []byte {
	return seeds[machine.SeedBytes*i : machine.SeedBytes*(i+1) : machine.SeedBytes*(i+1)]
}

// deliver tells the frame's callers what came of it, in the order of their commands.
func (f *Frame) deliver(results []catalogue.Result) {
	for i, w := range f.Waiters {
		w.Caller.Answer(Outcome{Result: results[i]})
	}
}

// refuse tells all callers that no result is known.
func (f *Frame) refuse(c code.Code) {
	for _, w := range f.Waiters {
		w.Caller.Answer(Outcome{Refusal: c})
	}
}

// stamp is the time of a command proposed now, Unix milliseconds. Among peers it
// goes on from the last tick's clock, the one that they have judged: a clock that
// is set between two ticks stamps nothing.
func (s *Sequencer) stamp(now Clock) int64 {
	if s.ticks == 0 || s.status.Load().Alone {
		return now.Wall
	}
	return s.member.Wall() + now.SinceTick
}

// Propose makes the commands that wait the next frame. While too much is
// unapplied they go on waiting; Done wakes the loop. Of the loop.
func (s *Sequencer) Propose(now Clock) error {
	if s.term.Load() == 0 {
		s.queue.refuse(code.NotLeader) // it lost the lead after it had let them in
		return nil
	}
	if !s.leads.Load() || s.busy() {
		return nil
	}
	taken, bytes := s.queue.take(s.enough())
	if len(taken) == 0 {
		return nil
	}
	at := s.stamp(now)
	if taken = inTime(taken, at); len(taken) == 0 {
		return nil
	}
	f, err := newFrame(taken, bytes, at, s.opt.Random)
	if err != nil {
		(&Frame{Waiters: taken}).refuse(code.Unknown)
		return err
	}
	if refusal, err := s.offer(f); refusal != code.OK {
		f.refuse(refusal)
		return err
	}
	if s.queue.length() > 0 {
		s.opt.Driver.Wake()
	}
	return nil
}

// inTime returns the commands that may still be proposed, and refuses the others: what
// they count on may be gone.
func inTime(taken []*Waiter, at int64) []*Waiter {
	late := func(w *Waiter) bool { return w.Command.Until != 0 && w.Command.Until < at }
	if !slices.ContainsFunc(taken, late) {
		return taken
	}
	return slices.DeleteFunc(taken, func(w *Waiter) bool {
		if late(w) {
			w.Caller.Answer(Outcome{Refusal: code.Overloaded})
			return true
		}
		return false
	})
}

// busy says whether enough is under way: another frame would only wait.
func (s *Sequencer) busy() bool {
	return s.member.Writing() >= maxWriting || s.unapplied.Load() >= maxUnapplied || s.lag.Load() >= maxLag || s.unappliedBytes.Load() >= maxUnappliedBytes
}

// enough is how many commands make the next frame worth its while.
func (s *Sequencer) enough() int {
	if n := s.lagging.Load(); n >= gatherFrom {
		return int(n / gatherShare)
	}
	return 1
}

// offer proposes a frame, or says why its callers are refused.
func (s *Sequencer) offer(f *Frame) (code.Code, error) {
	err := s.member.Propose(f.Data, f)
	if err != nil {
		return refusalOf(err)
	}
	s.unapplied.Add(1)
	s.unappliedBytes.Add(int64(len(f.Data)))
	s.opt.Driver.Proposed(f)
	return code.OK, nil
}

// refusalOf says what callers are told of a proposal that was not taken; an error
// is one that the member can't go on after.
func refusalOf(err error) (code.Code, error) {
	switch {
	case errors.Is(err, member.ErrNotLeader), errors.Is(err, member.ErrClock):
		return code.NotLeader, nil // or not for long: another node takes it
	case errors.Is(err, member.ErrDropped):
		return code.Overloaded, nil
	}
	return code.Unknown, err
}

// Done tells the callers of a commit that was applied what came of it. It says
// whether this node takes writes from here on: a new leader commits an empty
// entry of its term first, and with that applied it has everything that was ever
// acknowledged. Of who applies.
func (s *Sequencer) Done(c Commit, results []catalogue.Result) (elected bool) {
	if f := c.Frame; f != nil {
		s.landed(f)
		s.opt.Driver.Settled()
		f.deliver(results)
	}
	if len(c.Data) > 0 || c.Term != s.term.Load() || s.readOnly.Load() {
		return false
	}
	s.leads.Store(true)
	s.opt.Driver.Wake()
	return true
}

// Drop tells the callers of a commit that is not applied why: this node stops, or
// is read-only from here on. Of who applies.
func (s *Sequencer) Drop(c Commit, refusal code.Code) {
	if f := c.Frame; f != nil {
		s.landed(f)
		f.refuse(refusal)
	}
}

// ReadOnly refuses all writes from here on; it says whether it was the first to
// say so. Of who applies.
func (s *Sequencer) ReadOnly() (first bool) {
	s.leads.Store(false)
	return !s.readOnly.Swap(true)
}

// landed takes a frame off those that are committed and under way.
func (s *Sequencer) landed(f *Frame) {
	s.lag.Add(-1)
	s.lagging.Add(-int64(len(f.Waiters)))
	s.settled(f)
}

// settled takes a frame off those that are under way.
func (s *Sequencer) settled(f *Frame) {
	s.unapplied.Add(-1)
	s.unappliedBytes.Add(-int64(len(f.Data)))
}
