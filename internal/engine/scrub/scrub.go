// Package scrub reads everything a node has stored, slowly and again and again,
// so that damage is found while there are healthy copies to heal it from.
//
// One pass goes through these steps:
//
//	copies       the acked file, the keystore and its copies, the checkpoint
//	log files    the raft log's table files and MANIFEST, block by block
//	log entries  every entry by its checksum
//	state files  the state's table files and MANIFEST, block by block
//	journal      every leaf, tile and the root, re-derived
//	table NAME   every row by its checksum; their number, also per bucket, and
//	             the sum of their hashes against the Head row of the same view:
//	             so a row that vanished without a trace is missed
//	strangers    rows that belong to no table
//
// What it finds is a Finding; Plan says what heals it. It finds, the node heals.
//
// A pass keeps to a rate and yields to load. It goes on after a restart with the
// step it was at, in files and log entries where it was.
package scrub

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/sleep"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
)

// Defaults and bounds of Options.
const (
	DefaultEvery = 24 * time.Hour
	// LeastRate is what the scrubber reads when the store is small, bytes a second.
	LeastRate = 1 << 20
	// MaxOpen bounds the findings that are kept one by one.
	MaxOpen = 100
	// saveEvery is how often the progress is saved within a step.
	saveEvery = 30 * time.Second
	// retryAfter is the pause after a pass that could not do its work.
	retryAfter = time.Minute
)

// Copy is a file, or a few, that are checked as a whole.
type Copy struct {
	Name string
	// Check answers an error only when it could not look; what it found wrong is
	// the finding.
	Check func() (f Finding, damaged bool, err error)
	// Rewrite mends findings of this kind.
	Kind    Kind
	Rewrite func() error
}

// Options configures a Scrubber.
type Options struct {
	State *store.Store
	Log   *raftlog.Log
	// Copies are checked besides; the acked file is.
	Copies []Copy
	// FS and Path are where the progress is saved; FS nil is the local disk, Path
	// "" saves nothing.
	FS   vfs.FS
	Path string
	// Rate is in bytes a second; 0 spreads a pass over Every, but reads at least
	// LeastRate.
	Rate uint64
	// Every is the time from the start of a pass to that of the next; 0 is
	// DefaultEvery.
	Every time.Duration
	// Busy says that the node has better things to do: the rate drops to an eighth.
	// May be nil.
	Busy func() bool
	// Found is told of each new finding, from the scrubber's goroutine or from who
	// called Noticed. May be nil.
	Found func(Finding)
	// Now and Wait are the clock; nil is the machine's.
	Now    func() time.Time
	Wait   func(context.Context, time.Duration) error
	Logger *slog.Logger
}

// Scrubber checks one node's stores. Run and RunOnce are for one goroutine; the
// rest may be called from any. Both must have ended before the stores close.
type Scrubber struct {
	opt Options

	mu       sync.Mutex // guards what follows
	progress progress
	open     []Finding
	running  bool
	read     uint64 // bytes of the present pass
	total    uint64 // and how many it is expected to read
	before   uint64 // the expected bytes of the steps that are over
	step     uint64 // and of the present one
	stepRead uint64
	saved    time.Time
}

// New returns a scrubber that goes on where the saved progress says.
func New(opt Options) *Scrubber {
	if opt.FS == nil {
		opt.FS = vfs.Default
	}
	if opt.Every <= 0 {
		opt.Every = DefaultEvery
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Wait == nil {
		opt.Wait = sleep.For
	}
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	s := &Scrubber{opt: opt}
	if opt.Path != "" {
		p, err := loadProgress(opt.FS, opt.Path)
		if err != nil {
			opt.Logger.Warn("the scrubber's progress cannot be read: it begins a pass anew", "file", opt.Path, "err", err)
			p = progress{}
		}
		s.progress = p
	}
	return s
}

// Run makes pass after pass until ctx ends.
func (s *Scrubber) Run(ctx context.Context) {
	for {
		if s.opt.Wait(ctx, s.untilNext()) != nil {
			return
		}
		err := s.RunOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.opt.Logger.Error("the scrubber cannot do its work; it tries again in a minute", "err", err)
			if s.opt.Wait(ctx, retryAfter) != nil {
				return
			}
		}
	}
}

// untilNext is how long to wait for the next pass; nothing when one is under way.
func (s *Scrubber) untilNext() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.progress.Step != "" || s.progress.Pass == 0 {
		return 0
	}
	started := time.UnixMilli(s.progress.Started)
	now := s.opt.Now()
	if started.After(now) { // the clock went back
		return 0
	}
	return max(started.Add(s.opt.Every).Sub(now), 0)
}

// Noticed takes in an error that somebody met reading the state. It says whether
// the error is damage; then it is a finding like any other.
func (s *Scrubber) Noticed(err error) bool {
	f, ok := FromState(err)
	if ok {
		s.found(f)
	}
	return ok
}

// Met is Noticed for store.Options.Damaged, which is called in the midst of a
// read: what is new is told from another goroutine.
func (s *Scrubber) Met(err error) {
	f, ok := FromState(err)
	if !ok || s.knows(f) {
		return
	}
	go s.found(f)
}

func (s *Scrubber) knows(f Finding) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.open, f.same)
}

// found notes a finding; it is told on when it is new. It returns false when no
// more findings are wanted.
func (s *Scrubber) found(f Finding) bool {
	f.At = s.opt.Now().UnixMilli()
	s.mu.Lock()
	for _, o := range s.open {
		if o.same(f) {
			s.mu.Unlock()
			return true
		}
	}
	full := len(s.open) >= MaxOpen
	if !full {
		s.open = append(s.open, f)
		s.progress.Found++
	}
	s.mu.Unlock()
	if full {
		return false
	}
	s.opt.Logger.Error("damage found", "kind", f.Kind, "where", f.Where, "err", f.Cause)
	if s.opt.Found != nil {
		s.opt.Found(f)
	}
	return true
}

// Healed takes a finding off the list: the node has healed it. If it is found
// again it is new.
func (s *Scrubber) Healed(f Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, o := range s.open {
		if o.same(f) {
			s.open = append(s.open[:i:i], s.open[i+1:]...)
			return
		}
	}
}
