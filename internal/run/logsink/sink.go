// Package logsink writes a process's log so that it can neither stop nor hold the
// process: whoever reads standard error may stop reading, or die.
//
// Lines wait in memory for one goroutine that writes them. When too many wait,
// or a write fails, lines are dropped and counted; the log itself says so once
// it is read again.
package logsink

import (
	"fmt"
	"io"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Bounds of what waits: as much as a reader that pauses for a moment needs.
const (
	mostLines = 8192
	mostBytes = 4 << 20
)

// Sink is an io.Writer that takes whole lines and never blocks. Make one with New.
// Its methods may be called from anywhere.
type Sink struct {
	to      io.Writer
	dropped atomic.Uint64

	mu      sync.Mutex
	waiting [][]byte
	bytes   int
	news    chan struct{} // a token when lines wait
	// writing: a line is being written. idle is closed when none is, and none waits.
	writing bool
	idle    chan struct{}
	closed  bool
}

// New writes to w, which nobody else should write to meanwhile. Close ends it.
//
// The process goes on from here when the reader of its output is gone: SIGPIPE,
// which would end it, is ignored.
func New(w io.Writer) *Sink {
	signal.Ignore(syscall.SIGPIPE)
	s := &Sink{to: w, news: make(chan struct{}, 1), idle: make(chan struct{})}
	close(s.idle)
	go s.run()
	return s
}

// Write takes a line. It returns no error: a line that cannot be kept is counted.
func (s *Sink) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.waiting) >= mostLines || s.bytes+len(line) > mostBytes {
		s.dropped.Add(1)
		return len(line), nil
	}
	if !s.writing && len(s.waiting) == 0 {
		s.idle = make(chan struct{})
	}
	s.waiting = append(s.waiting, append([]byte(nil), line...))
	s.bytes += len(line)
	select {
	case s.news <- struct{}{}:
	default:
	}
	return len(line), nil
}

// Dropped counts the lines that nobody will read.
func (s *Sink) Dropped() uint64 { return s.dropped.Load() }

// Flush waits until everything taken so far is written, but not longer than within.
func (s *Sink) Flush(within time.Duration) {
	s.mu.Lock()
	idle := s.idle
	s.mu.Unlock()
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-idle:
	case <-late.C:
	}
}

// Close flushes, for a second at most, and takes nothing more. Should the reader
// hang, a goroutine hangs with it: the process is about to end.
func (s *Sink) Close() error {
	s.Flush(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.news)
	}
	return nil
}

func (s *Sink) run() {
	told := uint64(0)
	for range s.news {
		for {
			line, ok := s.next()
			if !ok {
				break
			}
			if n := s.dropped.Load(); n != told && s.put(fmt.Appendf(nil, "%d log lines were dropped: nobody read them in time\n", n-told)) {
				told = n
			}
			if !s.put(line) {
				s.dropped.Add(1)
			}
		}
	}
}

func (s *Sink) put(line []byte) bool {
	_, err := s.to.Write(line)
	return err == nil
}

// next takes the line to write; false when none waits.
func (s *Sink) next() ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		if s.writing {
			close(s.idle)
		}
		s.writing, s.waiting = false, nil
		return nil, false
	}
	line := s.waiting[0]
	s.waiting[0] = nil
	s.waiting = s.waiting[1:]
	s.bytes -= len(line)
	s.writing = true
	return line, true
}
