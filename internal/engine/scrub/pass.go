package scrub

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// pass is one pass under way.
type pass struct {
	*Scrubber
	pacer *pacer
}

// step is one part of a pass.
type step struct {
	name string
	// bytes is about how much it reads.
	bytes uint64
	do    func(*pass) error
}

// steps lists a pass in its order. Rows are compressed on disk and are not as
// they are read, by about half.
func (s *Scrubber) steps() []step {
	log, state := s.opt.Log.Metrics().DiskBytes, s.opt.State.Metrics().DiskBytes
	list := []step{
		{"copies", 4096, (*pass).copies},
		{"log files", log, (*pass).logFiles},
		{"log entries", log, (*pass).logEntries},
		{"state files", state, (*pass).stateFiles},
		{"journal", 2 * (s.opt.State.TableBytes(table.Journal) + s.opt.State.TableBytes(table.Tiles)), (*pass).journal},
	}
	for _, id := range Tables() {
		list = append(list, step{"table " + id.String(), 2 * s.opt.State.TableBytes(id), (*pass).table})
	}
	return append(list, step{"strangers", 4096, (*pass).strangers})
}

// RunOnce makes one pass, or the rest of one that was interrupted. What it finds
// is told by Options.Found; an error says that it could not do its work, or that
// ctx ended: the next call goes on from there.
func (s *Scrubber) RunOnce(ctx context.Context) error {
	steps := s.steps()
	p := &pass{s, &pacer{ctx: ctx, busy: s.opt.Busy, now: s.opt.Now, wait: s.opt.Wait}}
	p.pacer.rate = float64(s.begin(steps))
	defer s.pause()
	for i, at := 0, s.at(steps); i < len(steps); i++ {
		s.enter(steps[i], i >= at)
		if i < at {
			continue
		}
		if err := steps[i].do(p); err != nil {
			return errors.Join(fmt.Errorf("scrub %s: %w", steps[i].name, err), s.save())
		}
		if i+1 < len(steps) {
			s.next(steps[i+1].name)
			if err := s.save(); err != nil {
				return err
			}
		}
	}
	return s.finish()
}

// begin opens a pass, unless one is under way, and returns its rate.
func (s *Scrubber) begin(steps []step) (rate uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.progress.Step == "" {
		s.progress.Pass++
		s.progress.Started = s.opt.Now().UnixMilli()
		s.progress.Step, s.progress.Cursor = steps[0].name, 0
		s.read = 0
	}
	s.running, s.total, s.before, s.step, s.stepRead = true, 0, 0, 0, 0
	for _, st := range steps {
		s.total += st.bytes
	}
	if s.opt.Rate != 0 {
		return s.opt.Rate
	}
	return max(LeastRate, s.total/max(uint64(s.opt.Every.Seconds()), 1))
}

// at is the index of the step to go on with; one that is no more begins anew.
func (s *Scrubber) at(steps []step) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, st := range steps {
		if st.name == s.progress.Step {
			return i
		}
	}
	s.progress.Cursor = 0
	return 0
}

// enter counts what is behind.
func (s *Scrubber) enter(st step, work bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before += s.step
	s.step, s.stepRead = st.bytes, 0
	if work {
		s.progress.Step = st.name
	}
}

func (s *Scrubber) next(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress.Step, s.progress.Cursor = name, 0
}

func (s *Scrubber) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
}

func (s *Scrubber) finish() error {
	s.mu.Lock()
	p := &s.progress
	now := s.opt.Now().UnixMilli()
	p.Step, p.Cursor, p.Done, p.Took, p.Read = "", 0, now, max(now-p.Started, 0), s.read
	s.running = false
	s.mu.Unlock()
	return s.save()
}

// save writes the progress.
func (s *Scrubber) save() error {
	s.mu.Lock()
	b := s.progress.encode()
	s.saved = s.opt.Now()
	s.mu.Unlock()
	if s.opt.Path == "" {
		return nil
	}
	return diskguard.ReplaceFile(s.opt.FS, s.opt.Path, b)
}

// pace pays for what is read, and saves the progress now and then.
func (p *pass) pace(bytes int) error {
	p.mu.Lock()
	p.read += uint64(bytes)
	p.stepRead += uint64(bytes)
	late := p.opt.Now().Sub(p.saved) >= saveEvery
	p.mu.Unlock()
	if late {
		if err := p.save(); err != nil {
			return fmt.Errorf("%w: %w", errEnded, err)
		}
	}
	return p.pacer.take(bytes)
}

// passed moves the cursor within a step.
func (p *pass) passed(to uint64) {
	p.mu.Lock()
	p.progress.Cursor = to
	p.mu.Unlock()
}

func (p *pass) cursor() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.progress.Cursor
}

func (p *pass) copies() error {
	if err := p.opt.Log.CheckAcked(); err != nil {
		p.found(Finding{Kind: AckedFile, Where: "acked", Cause: err})
	}
	for _, c := range p.opt.Copies {
		if err := p.pace(1024); err != nil {
			return err
		}
		f, damaged, err := c.Check()
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		if damaged {
			p.found(f)
		}
	}
	return nil
}

// checker tells what it meets as named makes findings of it.
func (p *pass) checker(named func(error) (Finding, bool)) *diskguard.Checker {
	return &diskguard.Checker{
		Damaged: func(err error) bool {
			f, ok := named(err)
			return !ok || p.found(f)
		},
		Pace: p.pace, After: p.cursor(), Passed: p.passed, Live: true,
	}
}

func (p *pass) logFiles() error { return p.opt.Log.CheckFiles(p.checker(FromLog)) }

func (p *pass) logEntries() error {
	return p.opt.Log.CheckEntries(p.checker(FromLog), p.cursor(), p.passed)
}

func (p *pass) stateFiles() error { return p.opt.State.CheckFiles(p.checker(FromState)) }

// rows runs f over one view of the rows with its Head.
func (p *pass) rows(f func(RowCheck, table.Stored, *pb.Head) error) error {
	view := p.opt.State.Rows()
	defer view.Close()
	head, ok, err := Head(view)
	if err != nil {
		p.Noticed(err)
		return nil // nothing to compare with: the finding says so
	}
	if !ok {
		return nil
	}
	return f(RowCheck{Damaged: p.found, Pace: p.pace}, view, head)
}

func (p *pass) journal() error {
	return p.rows(func(c RowCheck, rows table.Stored, head *pb.Head) error { return c.Journal(rows, head) })
}

func (p *pass) table() error {
	p.mu.Lock()
	id, ok := tableOf(p.progress.Step)
	p.mu.Unlock()
	if !ok {
		return nil
	}
	return p.rows(func(c RowCheck, rows table.Stored, head *pb.Head) error {
		_, err := c.Table(rows, head, id)
		return err
	})
}

func (p *pass) strangers() error {
	return p.rows(func(c RowCheck, rows table.Stored, _ *pb.Head) error {
		err := c.Strangers(rows)
		if err != nil && !ended(err) && p.Noticed(err) {
			return nil
		}
		return err
	})
}
