package dev

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Bounds of supervision.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second
	// steady is how long a child must live for its next death to count as new.
	steady = 10 * time.Second
	// graceful is how long a child may take to stop before it is killed.
	graceful = 10 * time.Second
	// maxLog is the size at which a log is set aside at the next start.
	maxLog = 16 << 20
)

// child is a process that is kept running.
type child struct {
	name string
	args []string
	// logPath takes its standard error.
	logPath string
	// pidPath takes the number of the process that runs.
	pidPath string
	// logFrom is where this run's part of the log begins.
	logFrom int64
	// said is called with each line of its standard output.
	said func(line string)
	// died is called when it ended without being asked to.
	died func(err error, again time.Duration)

	executable string
	cancel     context.CancelFunc
	done       chan struct{}
	pid        atomic.Int64 // of the process that runs, 0 between two
	ended      chan error   // takes the first end that wasn't asked for
}

// start begins to supervise. The child is started at once.
func (c *child) start() error {
	log, err := openLog(c.logPath)
	if err != nil {
		return err
	}
	if info, err := log.Stat(); err == nil {
		c.logFrom = info.Size()
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel, c.done, c.ended = cancel, make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(c.done)
		// The kernel ends a child with the thread that started it, so this
		// thread has to live as long as the supervision does.
		runtime.LockOSThread()
		c.supervise(ctx, log)
		_ = log.Close() // the child has ended; nothing is written any more
	}()
	return nil
}

// stop asks the child to end and waits until it has.
func (c *child) stop() {
	if c.cancel == nil {
		return
	}
	c.cancel()
	<-c.done
}

// supervise runs the child again whenever it ends, with a growing pause.
func (c *child) supervise(ctx context.Context, log *os.File) {
	pause := firstPause
	for first := true; ; first = false {
		began := time.Now()
		err := c.run(ctx, log)
		if ctx.Err() != nil {
			return
		}
		if first {
			c.ended <- err
		}
		if time.Since(began) > steady {
			pause = firstPause
		}
		if c.died != nil {
			c.died(err, pause)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

// run starts the child and waits for its end, which it asks for when ctx ends.
func (c *child) run(ctx context.Context, log *os.File) error {
	cmd := exec.CommandContext(ctx, c.executable, c.args...)
	cmd.Stderr = log
	cmd.SysProcAttr = ChildAttributes()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = graceful
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	c.pid.Store(int64(cmd.Process.Pid))
	defer c.pid.Store(0)
	if c.pidPath != "" {
		if err := writeFile(c.pidPath, []byte(strconv.Itoa(cmd.Process.Pid)+"\n"), 0o600); err != nil {
			fmt.Fprintln(log, "error: the process's number is not written down:", err)
		}
		defer os.Remove(c.pidPath)
	}
	lines := make(chan struct{})
	go func() {
		defer close(lines)
		c.listen(out)
	}()
	<-lines // Wait closes the pipe, so everything said must be read before
	return cmd.Wait()
}

func (c *child) listen(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if c.said != nil {
			c.said(lines.Text())
		}
	}
	_, _ = io.Copy(io.Discard, out) // a line too long: read on, so that the child isn't blocked
}

// openLog opens a log for appending; one that has grown large is set aside.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

// lastWords reads what a child said at its end: the line that begins with
// "error: " and the one with "hint: " after it, or else the log's last line.
// What stands before from is an earlier run's.
func lastWords(path string, from int64) (said, hint string) {
	data, err := os.ReadFile(path)
	if err != nil || int64(len(data)) < from {
		return "", ""
	}
	lines := strings.Split(strings.TrimSpace(string(data[from:])), "\n")
	for i, line := range slices.Backward(lines) {
		text, ok := strings.CutPrefix(line, "error: ")
		if !ok {
			continue
		}
		if i+1 < len(lines) {
			hint, _ = strings.CutPrefix(lines[i+1], "hint: ")
		}
		return text, hint
	}
	return lines[len(lines)-1], ""
}
