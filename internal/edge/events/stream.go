package events

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// stream is one listener's.
type stream struct {
	who  []Subject
	news chan uint64
	// next is the first entry that was not handed to it, of whichever subject.
	next uint64
	cut  context.CancelCauseFunc
	// cursor is the first entry that was not told, begin the first that comes by news.
	cursor, begin uint64
	tell          func(seqs []uint64, cursor uint64) error
}

// Follow tells the entries that concern any of the subjects from the cursor on, each once
// and in order, until ctx ends or tell fails; 0 begins with what happens from now on. tell is called at
// once and then with every few entries, or none as a heartbeat, and with the cursor
// that a reader who has got them comes back with. It returns why it ended: one of
// the errors of this package, what tell or the views returned, or ctx's.
func (f *Feed) Follow(ctx context.Context, who []Subject, cursor uint64, tell func(seqs []uint64, cursor uint64) error) error {
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	s := &stream{who: who, news: make(chan uint64, queued), cut: cut, cursor: cursor, tell: tell}
	if err := f.enter(ctx, s); err != nil {
		return err
	}
	defer f.leave(s)
	if s.cursor == 0 {
		s.cursor = s.begin
	}
	if err := tell(nil, s.cursor); err != nil {
		return err
	}
	if err := f.catchUp(ctx, s); err != nil {
		return err
	}
	return f.live(ctx, s)
}

// enter begins a stream with what comes next.
func (f *Feed) enter(ctx context.Context, s *stream) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.stopped:
		return ErrStopping
	case f.open >= MostStreams:
		return ErrFull
	}
	if f.open == 0 {
		if err := f.core.ReadLocal(ctx, func(r table.Reader) error {
			f.next = sizeOf(r)
			return nil
		}); err != nil {
			return err
		}
	}
	s.begin, s.next = f.next, f.next
	for _, who := range s.who {
		list := f.streams[who]
		if over := len(list) - who.most(); over >= 0 {
			list[over].cut(ErrReplaced)
		}
		f.streams[who] = append(list, s)
	}
	f.open++
	select {
	case f.wake <- struct{}{}:
	default:
	}
	return nil
}

func (f *Feed) leave(s *stream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open--
	for _, who := range s.who {
		list := slices.DeleteFunc(f.streams[who], func(o *stream) bool { return o == s })
		if f.streams[who] = list; len(list) == 0 {
			delete(f.streams, who)
		}
	}
}

// catchUp tells what happened between the cursor and the stream's begin.
func (f *Feed) catchUp(ctx context.Context, s *stream) error {
	if s.cursor >= s.begin { // a reader of a node that is ahead of this one, too
		return nil
	}
	if err := f.reach(ctx, s); err != nil {
		return err
	}
	missed, err := f.missed(s)
	if err != nil {
		return err
	}
	if len(missed) >= MostMissed {
		return ErrMissed
	}
	for some := range slices.Chunk(missed, batch) {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := s.say(some, some[len(some)-1]+1); err != nil {
			return err
		}
	}
	return s.say(nil, s.begin)
}

// reach waits until the views have what the stream begins after, and says meanwhile
// that it lives.
func (f *Feed) reach(ctx context.Context, s *stream) error {
	for {
		waited, end := context.WithTimeout(ctx, Heartbeat)
		err := f.views.Wait(waited, s.begin-1)
		end()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		}
		if err := s.say(nil, s.cursor); err != nil {
			return err
		}
	}
}

// missed are the entries between the cursor and the stream's begin, in order.
func (f *Feed) missed(s *stream) (all []uint64, err error) {
	for _, who := range s.who {
		some, err := f.concerning(who, s.cursor, s.begin)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func (f *Feed) concerning(who Subject, from, to uint64) ([]uint64, error) {
	if who.Person != 0 {
		return f.views.ConcerningPerson(who.Person, from, to, MostMissed)
	}
	return f.views.ConcerningMerchant(who.Merchant, from, to, MostMissed)
}

func (s *stream) say(seqs []uint64, cursor uint64) error {
	s.cursor = max(s.cursor, cursor)
	return s.tell(seqs, s.cursor)
}

// live tells what is handed out.
func (f *Feed) live(ctx context.Context, s *stream) error {
	beat := time.NewTicker(Heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case seq := <-s.news:
			if some := s.gathered(seq); len(some) > 0 {
				if err := s.say(some, some[len(some)-1]+1); err != nil {
					return err
				}
			}
		case <-beat.C:
			reached := f.reached() // before looking whether anything waits
			if len(s.news) > 0 {
				continue
			}
			if err := s.say(nil, reached); err != nil {
				return err
			}
		}
	}
}

// gathered is an entry with those that wait behind it, without what was told.
func (s *stream) gathered(seq uint64) (some []uint64) {
	for n := 0; ; n++ {
		if seq >= s.cursor {
			some = append(some, seq)
		}
		if len(some) == batch {
			return some
		}
		select {
		case seq = <-s.news:
		default:
			return some
		}
	}
}

// reached is the first entry that was not handed out.
func (f *Feed) reached() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next
}
