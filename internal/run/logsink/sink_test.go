package logsink_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/logsink"
)

// reader is where lines go; while held, it takes none, and once gone, it fails.
type reader struct {
	mu   sync.Mutex
	hold chan struct{}
	gone bool
	text bytes.Buffer

	writes int
}

func (r *reader) Write(b []byte) (int, error) {
	if r.hold != nil {
		<-r.hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return 0, errors.New("broken pipe")
	}
	r.writes++
	return r.text.Write(b)
}

func (r *reader) set(gone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = gone
}

func (r *reader) lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Split(strings.TrimSpace(r.text.String()), "\n")
}

// Lines arrive whole and in order, and the buffer they came in may be used again.
func TestLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := new(reader)
		s := logsink.New(r)
		buf := make([]byte, 0, 64)
		for i := range 1000 {
			buf = fmt.Appendf(buf[:0], "line %d\n", i)
			s.Write(buf)
		}
		s.Close()
		got := r.lines()
		if len(got) != 1000 || got[0] != "line 0" || got[999] != "line 999" || s.Dropped() != 0 {
			t.Errorf("%d lines, from %q to %q, %d dropped", len(got), got[0], got[len(got)-1], s.Dropped())
		}
		s.Write([]byte("late\n"))
		if s.Dropped() != 1 {
			t.Error("a line after the end is neither written nor counted")
		}
	})
}

// Lines that wait are written at once: a write for each would be most of what a
// line costs.
func TestLinesThatWaitAreOneWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &reader{hold: make(chan struct{})}
		s := logsink.New(r)
		s.Write([]byte("first\n"))
		synctest.Wait() // it is being written
		for range 100 {
			s.Write([]byte("line\n"))
		}
		close(r.hold)
		s.Close()
		if got := r.lines(); len(got) != 101 || r.writes != 2 {
			t.Errorf("%d lines in %d writes, want 101 in 2", len(got), r.writes)
		}
	})
}

// A reader that stalls holds nobody, what is kept is bounded, and the log says
// what is missing once it is read again.
func TestStalledReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &reader{hold: make(chan struct{})}
		s := logsink.New(r)
		s.Write([]byte("line\n"))
		synctest.Wait()         // it is being written, so that the log says once what is missing
		for range 100_000 - 1 { // a blocked write would be a deadlock of the bubble
			s.Write([]byte("line\n"))
		}
		lost := s.Dropped()
		if lost < 80_000 {
			t.Errorf("%d of 100000 lines dropped: more are kept than should be", lost)
		}
		start := time.Now()
		s.Flush(time.Second)
		if took := time.Since(start); took != time.Second {
			t.Errorf("flushing to a reader that stalls took %v", took)
		}
		close(r.hold)
		synctest.Wait()
		s.Write([]byte("read again\n"))
		s.Close()
		got := r.lines()
		if want := uint64(len(got)-2) + lost; want != 100_000 {
			t.Errorf("%d lines read and %d dropped do not make 100000", len(got)-2, lost)
		}
		if text := strings.Join(got, "\n"); !strings.Contains(text, fmt.Sprintf("%d log lines were dropped", lost)) || got[len(got)-1] != "read again" {
			t.Errorf("the log does not say that %d lines are missing; it ends in %q", lost, got[len(got)-1])
		}
	})
}

// A reader that is gone costs the lines, and nothing else; another may come.
func TestReaderGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &reader{gone: true}
		s := logsink.New(r)
		s.Write([]byte("a\n"))
		s.Write([]byte("b\n"))
		synctest.Wait()
		if n := s.Dropped(); n != 2 {
			t.Errorf("%d lines dropped, want 2", n)
		}
		r.set(false)
		s.Write([]byte("c\n"))
		s.Close()
		if got := r.lines(); len(got) != 2 || !strings.HasPrefix(got[0], "2 log lines") || got[1] != "c" {
			t.Errorf("the log reads %q", got)
		}
	})
}

const childEnv = "HOLDFAST_TEST_LOGSINK"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		s := logsink.New(os.Stderr)
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test has closed the other end
		s.Write([]byte("nobody reads this\n"))
		s.Flush(time.Second)
		fmt.Println("alive", s.Dropped())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A real process whose standard error is a pipe without a reader goes on.
func TestProcessSurvivesItsReader(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stderr = w
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	r.Close()
	in.Close()
	if err := cmd.Wait(); err != nil || out.String() != "alive 1\n" {
		t.Errorf("the process ended with %v and said %q, want it alive and one line dropped", err, out.String())
	}
}
