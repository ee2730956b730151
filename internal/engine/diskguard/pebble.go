package diskguard

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	crdb "github.com/cockroachdb/errors"
	"github.com/cockroachdb/pebble/v2"
)

// Events listens to one Pebble store and keeps what its owner wants to know.
// Errors that Pebble meets in the background end the process, because Pebble
// itself would retry for ever, with two exceptions: a flush that found no room is
// repeated from the start when there is some; and damage, which ending the process
// would not mend: the node would meet it again at every start, instead of healing.
// Below level 0 Pebble leaves out what is damaged; in level 0 it tries again
// without rest, so that a process that has not healed after a minute ends.
type Events struct {
	name   string
	log    *slog.Logger
	fatal  func(error)
	full   atomic.Bool // the last background error was a full disk
	stalls atomic.Uint64

	mu       sync.Mutex
	damaged  string
	onDamage func(error)
	spin     spin
}

// spin notices background work that meets damage again and again.
type spin struct {
	since, last time.Time
	count       int
}

const (
	spinPause = 10 * time.Second
	spinLimit = time.Minute
	spinCount = 1000
)

// again counts one more time; first says that it is the first for a while, on
// that it has gone on for too long.
func (s *spin) again(now time.Time) (first, on bool) {
	if first = now.Sub(s.last) > spinPause; first {
		s.since, s.count = now, 0
	}
	s.last = now
	s.count++
	return first, s.count >= spinCount && now.Sub(s.since) >= spinLimit
}

// NewEvents returns the listener of the store called name ("raft log"). logger
// nil is slog.Default, fatal nil is Exit.
func NewEvents(name string, logger *slog.Logger, fatal func(error)) *Events {
	if logger == nil {
		logger = slog.Default()
	}
	if fatal == nil {
		fatal = Exit
	}
	return &Events{name: name, log: logger.With("store", name), fatal: fatal}
}

// OnDamage has f told of every file of the store in which Pebble meets damage, as
// a *FileError, from whatever goroutine was reading. Call it before the store is
// opened; f must not call the store.
func (e *Events) OnDamage(f func(error)) { e.onDamage = f }

// Apply makes opts report to e: its logger and its event listener.
func (e *Events) Apply(opts *pebble.Options) {
	opts.Logger = pebbleLogger{e}
	opts.EventListener = &pebble.EventListener{
		BackgroundError: e.background,
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			e.mu.Lock()
			again := e.damaged == info.Path
			e.damaged = info.Path
			e.mu.Unlock()
			if !again {
				e.log.Error("a file of the store is damaged", "file", info.Path, "err", info.Details)
			}
			if e.onDamage != nil {
				e.onDamage(&FileError{File: info.Path, Cause: info.Details})
			}
		},
		FlushEnd: func(info pebble.FlushInfo) {
			if info.Err == nil && e.full.Swap(false) {
				e.log.Info("the disk has room again: flushing goes on")
			}
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			e.stalls.Add(1)
			e.log.Warn("writes wait for the disk", "reason", info.Reason)
		},
	}
}

// Stalls is how often Pebble has held writes back since the store was opened.
func (e *Events) Stalls() uint64 { return e.stalls.Load() }

func (e *Events) background(err error) {
	if errors.Is(err, syscall.ENOSPC) {
		if !e.full.Swap(true) {
			e.log.Error("the disk is full: nothing is lost, flushing waits until space is freed", "err", err)
		}
		return
	}
	if Corrupt(err) {
		e.mu.Lock()
		first, on := e.spin.again(time.Now())
		e.mu.Unlock()
		if first {
			e.log.Error("background work met damage", "err", err)
		}
		if !on {
			return
		}
	}
	e.fatal(fmt.Errorf("%s: background work failed: %w", e.name, err))
}

// DamagedFile returns the file in which Pebble last found damage, or "".
func (e *Events) DamagedFile() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.damaged
}

// Explain turns an error of the store in dir into a sentence that names the
// damaged file when Pebble told it, and says what to do. nil stays nil.
func (e *Events) Explain(dir string, err error) error {
	if err == nil {
		return nil
	}
	if !Corrupt(err) {
		return fmt.Errorf("%s %s: %w", e.name, dir, err)
	}
	where := e.damagedFile(err)
	switch {
	case where == "":
		where = dir
	case filepath.Dir(where) == ".":
		where = filepath.Join(dir, where)
	}
	return fmt.Errorf("%s: %s is damaged: put it back from a copy, or restore the folder from a backup: %w", e.name, where, err)
}

// Corrupt says whether Pebble, or a check of ours, marked err as damage.
func Corrupt(err error) bool {
	return pebble.IsCorruptionError(err) || errors.Is(err, pebble.ErrCorruption)
}

// fileNumber finds the file's number in Pebble's texts: "backing file 000004",
// "table 000004", "replaying wal 4".
var fileNumber = regexp.MustCompile(`(?i)\b(wal|log|file|table|sstable|sst)\s+0*([0-9]+)\b`)

// damagedFile looks for the file that an error is about, first in its text,
// then in what Pebble reported meanwhile.
func (e *Events) damagedFile(err error) string {
	m := fileNumber.FindStringSubmatch(err.Error() + "\n" + crdb.FlattenDetails(err))
	if m == nil {
		return e.DamagedFile()
	}
	number, _ := strconv.ParseUint(m[2], 10, 64)
	switch strings.ToLower(m[1]) {
	case "wal", "log":
		return fmt.Sprintf("%06d.log", number)
	default:
		return fmt.Sprintf("%06d.sst", number)
	}
}

// Guarded runs op and turns a panic into an error: Pebble panics on some kinds
// of damage that its checksums let through while a store is opened.
func Guarded(op func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", pebble.ErrCorruption, p)
		}
	}()
	return op()
}

// pebbleLogger passes Pebble's log lines on. Pebble calls Fatalf when it cannot
// go on (a failed write of the log or of the MANIFEST).
type pebbleLogger struct{ e *Events }

func (l pebbleLogger) Infof(format string, args ...any) {
	l.e.log.Debug(fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.e.log.Warn(fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Fatalf(format string, args ...any) {
	l.e.fatal(fmt.Errorf("%s: %s", l.e.name, fmt.Sprintf(format, args...)))
}
