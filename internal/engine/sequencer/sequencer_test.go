package sequencer

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A leader whose clock is off does not say so to callers: another node takes the
// command. This is the only place that decides it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	broken := errors.New("the log is broken")
	for _, c := range []struct {
		err  error
		want code.Code
		ends bool
	}{
		{member.ErrNotLeader, code.NotLeader, false},
		{member.ErrClock, code.NotLeader, false},
		{member.ErrDropped, code.Overloaded, false},
		{broken, code.Unknown, true},
	} {
		if got, err := refusalOf(c.err); got != c.want || (err != nil) != c.ends {
			t.Errorf("%v: %s, %v", c.err, got, err)
		}
	}
}

// Once a try may have been taken, no later one can say that nothing was.
func TestTries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tries []code.Code
		want  code.Code
	}{
		{[]code.Code{code.NotLeader}, code.NotLeader},
		{[]code.Code{code.NotLeader, code.Overloaded}, code.Overloaded},
		{[]code.Code{code.Unknown}, code.Unknown},
		{[]code.Code{code.Unknown, code.NotLeader}, code.Unknown},
		{[]code.Code{code.NotLeader, code.Unknown, code.NotLeader, code.Overloaded}, code.Unknown},
		{[]code.Code{code.Unknown, code.ReadOnly}, code.Unknown},
	} {
		var tries Tries
		var got code.Code
		for i, refusal := range c.tries {
			again := tries.Again(refusal)
			if want := refusal == code.NotLeader || refusal == code.Unknown; again != want {
				t.Errorf("%v: after %d tries it is tried again: %v", c.tries, i+1, again)
			}
			got = tries.Last(refusal)
		}
		if got != c.want {
			t.Errorf("%v: the caller is told %s, want %s", c.tries, got, c.want)
		}
	}
}

// told notes what a caller is told.
type told []code.Code

func (l *told) Answer(o Outcome) { *l = append(*l, o.Refusal) }

func TestQueue(t *testing.T) {
	t.Parallel()
	woken := 0
	q := queue{wake: func() { woken++ }}
	var answers told
	put := func(size int) (*Waiter, code.Code) {
		w := &Waiter{Command: new(pb.Command), Caller: &answers, size: size}
		return w, q.put(w)
	}
	first, _ := put(MaxFrame)
	second, _ := put(10)
	if woken != 1 || q.length() != 2 {
		t.Errorf("two commands woke the loop %d times and %d wait", woken, q.length())
	}
	if taken, n := q.take(1); len(taken) != 1 || taken[0] != first || n != MaxFrame {
		t.Errorf("a frame of %d commands and %d bytes", len(taken), n)
	}
	if q.abandon(first) || !q.abandon(second) || q.abandon(second) {
		t.Error("what is in a frame can't be abandoned, what waits can, once")
	}
	for refusal := code.OK; refusal == code.OK; {
		if _, refusal = put(MaxFrame); refusal != code.OK && refusal != code.Overloaded {
			t.Errorf("too much waits: %s", refusal)
		}
	}
	if q.bytes != maxWaiting {
		t.Errorf("%d bytes wait at most", q.bytes)
	}
	q.close()
	if want := maxWaiting / MaxFrame; len(answers) != want || answers[0] != code.Unknown {
		t.Errorf("at the end %d callers are told %v, want %d", len(answers), answers, want)
	}
	if _, refusal := put(1); refusal != code.Unknown {
		t.Errorf("after the end: %s", refusal)
	}
}

// While much is being applied the loop waits for a frame's worth, and is woken when
// it is there, not for each command; whenever it looks with a lower mark it gets
// what there is.
func TestGathering(t *testing.T) {
	t.Parallel()
	woken := 0
	q := queue{wake: func() { woken++ }}
	put := func(n int) {
		for range n {
			q.put(&Waiter{Command: new(pb.Command), Caller: new(answers), size: 10})
		}
	}
	put(1)
	if taken, _ := q.take(5); len(taken) != 0 || woken != 1 {
		t.Errorf("one command woke the loop %d times and made a frame of %d", woken, len(taken))
	}
	if put(3); woken != 1 {
		t.Errorf("the loop was woken for %d of 5", q.length())
	}
	if put(2); woken != 2 {
		t.Errorf("the loop was woken %d times when 5 were there, want twice", woken)
	}
	if taken, _ := q.take(5); len(taken) != 6 {
		t.Errorf("a frame of %d", len(taken))
	}
	put(2)
	q.take(5)
	if taken, _ := q.take(1); len(taken) != 2 {
		t.Errorf("nothing is under way any more, and a frame has %d", len(taken))
	}
	var s Sequencer
	for _, c := range []struct {
		lagging int64
		want    int
	}{{0, 1}, {gatherFrom - 1, 1}, {gatherFrom, gatherFrom / gatherShare}, {400, 100}} {
		s.lagging.Store(c.lagging)
		if got := s.enough(); got != c.want {
			t.Errorf("with %d under way %d are enough, want %d", c.lagging, got, c.want)
		}
	}
}

// A frame has its commands in the order they came in, each stamped with the same
// time and with a seed of its own.
func TestFrame(t *testing.T) {
	t.Parallel()
	random := bytes.NewReader([]byte("0123456789abcdefABCDEFGHIJKLMNOP"))
	var waiters []*Waiter
	for _, actor := range []string{"first", "second"} {
		waiters = append(waiters, &Waiter{Command: catalogue.NewCommand(catalogue.Tick, actor, "", &pb.Tick{})})
	}
	f, err := newFrame(waiters, 100, 77, random)
	if err != nil {
		t.Fatal(err)
	}
	var got pb.Frame
	if err := got.UnmarshalVT(f.Data); err != nil || len(got.Commands) != 2 {
		t.Fatalf("%v, %d commands", err, len(got.Commands))
	}
	for i, w := range waiters {
		if !bytes.Equal(got.Commands[i], table.Encode(w.Command)) || w.Command.At != 77 || len(w.Command.Seed) != 16 {
			t.Errorf("command %d is %x of %v", i, got.Commands[i], w.Command)
		}
	}
	if bytes.Equal(waiters[0].Command.Seed, waiters[1].Command.Seed) {
		t.Error("two commands have one seed")
	}
	if _, err := newFrame(waiters, 100, 77, random); err == nil {
		t.Error("a frame without randomness")
	}
}

// Those who begin to read while a question is under way need another answer: this
// one may be older than they are.
func TestReads(t *testing.T) {
	t.Parallel()
	q := reads{wake: func() {}}
	early := q.join()
	token, ok := q.next(1)
	late := q.join()
	if _, again := q.next(1); !ok || again || early == late {
		t.Error("two questions at once, or one for both")
	}
	if _, again := q.again(1 + askAgain - 1); again {
		t.Error("asked again too early")
	}
	renamed, again := q.again(1 + askAgain)
	if !again || renamed == token {
		t.Error("an answer that is overdue is asked for under another name")
	}
	q.answer(token, 5) // the first question's answer comes after all
	if _, ok := early.Known(); ok {
		t.Error("an answer to a question that was given up counts")
	}
	q.answer(renamed, 7)
	<-early.Done()
	if index, ok := early.Known(); !ok || index != 7 {
		t.Errorf("read index %d, %v", index, ok)
	}
	q.close()
	<-late.Done()
	if _, ok := late.Known(); ok || q.join() != none {
		t.Error("after the end somebody knows something")
	}
}

// answers notes what a caller is told.
type answers struct{ outcomes []Outcome }

func (c *answers) Answer(o Outcome) { c.outcomes = append(c.outcomes, o) }

// A command whose time is over is refused, and the others are proposed; the log does
// not have the bound.
func TestInTime(t *testing.T) {
	t.Parallel()
	tick := catalogue.Plain(4012, "test_until", func(*deed.Deed, *pb.Tick) code.Code { return code.OK })
	caller := new(answers)
	var all []*Waiter
	for _, until := range []int64{0, 99, 100, 101} {
		c := tick.New("test", "", &pb.Tick{})
		if until != 0 {
			c = tick.Until(time.UnixMilli(until)).New("test", "", &pb.Tick{})
		}
		all = append(all, &Waiter{Command: Copy(c), Caller: caller})
	}
	left := inTime(all, 100)
	if len(left) != 3 || len(caller.outcomes) != 1 || caller.outcomes[0].Refusal != code.Overloaded {
		t.Fatalf("of 4 commands %d are in time; the others were told %v", len(left), caller.outcomes)
	}
	f, err := newFrame(left, 100, 100, bytes.NewReader(make([]byte, 64)))
	if err != nil {
		t.Fatal(err)
	}
	var frame pb.Frame
	if err := frame.UnmarshalVT(f.Data); err != nil {
		t.Fatal(err)
	}
	for _, raw := range frame.Commands {
		var c pb.Command
		if err := c.UnmarshalVT(raw); err != nil || c.Until != 0 || c.At != 100 {
			t.Errorf("the log has %v, %v", &c, err)
		}
	}
}

// A frame that is not applied is under way no more.
func TestDroppedFrameIsNotUnderWay(t *testing.T) {
	t.Parallel()
	s, caller := new(Sequencer), new(answers)
	f := &Frame{Data: make([]byte, 9), Waiters: []*Waiter{{Caller: caller}, {Caller: caller}}}
	s.unapplied.Add(1)
	s.unappliedBytes.Add(9)
	s.lag.Add(1)
	s.lagging.Add(2)
	s.Drop(Commit{Frame: f}, code.ReadOnly)
	if s.unapplied.Load() != 0 || s.unappliedBytes.Load() != 0 || s.lag.Load() != 0 || s.lagging.Load() != 0 {
		t.Errorf("%d frames, %d bytes; %d committed with %d commands", s.unapplied.Load(), s.unappliedBytes.Load(), s.lag.Load(), s.lagging.Load())
	}
	if len(caller.outcomes) != 2 || caller.outcomes[1].Refusal != code.ReadOnly {
		t.Errorf("the callers are told %v", caller.outcomes)
	}
}
