// Package logsink writes a process's log so that it can neither stop nor hold the
// process: whoever reads standard error may stop reading, or die.
//
// Lines wait in memory for one goroutine that writes them, as many at once as wait.
// When too many do, or a write fails, lines are dropped and counted; the log itself
// says so once it is read again.
package logsink

import (
	"bytes"
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
	// keptBytes is the most memory that is kept for the lines to come.
	keptBytes = 64 << 10
)

// Sink is an io.Writer that takes whole lines and never blocks. Make one with New.
// Its methods may be called from anywhere.
type Sink struct {
	to      io.Writer
	dropped atomic.Uint64

	mu      sync.Mutex
	waiting []byte        // lines
	lines   int           // how many they are
	spare   []byte        // memory for those to come
	news    chan struct{} // a token when lines wait
	// writing: lines are being written. idle is closed when none are, and none wait.
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
	if s.closed || s.lines >= mostLines || len(s.waiting)+len(line) > mostBytes {
		s.dropped.Add(1)
		return len(line), nil
	}
	if !s.writing && s.lines == 0 {
		s.idle = make(chan struct{})
	}
	s.waiting = append(s.waiting, line...)
	s.lines++
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
			lines, n := s.next()
			if n == 0 {
				break
			}
			if d := s.dropped.Load(); d != told && s.put(fmt.Appendf(nil, "%d log lines were dropped: nobody read them in time\n", d-told), 1) == 0 {
				told = d
			}
			s.dropped.Add(uint64(s.put(lines, n)))
			s.giveBack(lines)
		}
	}
}

// put writes n lines and returns how many of them were not.
func (s *Sink) put(lines []byte, n int) (lost int) {
	written, err := s.to.Write(lines)
	if err == nil {
		return 0
	}
	return n - bytes.Count(lines[:written], []byte{'\n'})
}

// next takes the lines that wait; 0 when none do.
func (s *Sink) next() (lines []byte, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lines == 0 {
		if s.writing {
			close(s.idle)
		}
		s.writing = false
		return nil, 0
	}
	lines, n = s.waiting, s.lines
	s.waiting, s.spare, s.lines, s.writing = s.spare, nil, 0, true
	return lines, n
}

// giveBack returns the memory of written lines.
func (s *Sink) giveBack(lines []byte) {
	if cap(lines) > keptBytes {
		return
	}
	s.mu.Lock()
	s.spare = lines[:0]
	s.mu.Unlock()
}
