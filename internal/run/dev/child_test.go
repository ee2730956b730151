//go:build unix

package dev

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// shell is a child that runs a line of shell.
func shell(t *testing.T, line string) *child {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	return &child{name: "sh", executable: sh, args: []string{"-c", line}, logPath: filepath.Join(t.TempDir(), "log")}
}

// A child that dies comes back, after pauses that grow; what it says and logs
// is kept, and its first end is told with the exit code.
func TestChildComesBack(t *testing.T) {
	defer goleak.VerifyNone(t)
	c := shell(t, "echo ready; echo trouble >&2; exit 3")
	var mu sync.Mutex
	var pauses []time.Duration
	said := 0
	enough := make(chan struct{})
	c.said = func(line string) {
		mu.Lock()
		defer mu.Unlock()
		if line == "ready" {
			said++
		}
	}
	c.died = func(_ error, again time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if pauses = append(pauses, again); len(pauses) == 3 {
			close(enough)
		}
	}
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-enough:
	case <-time.After(20 * time.Second):
		t.Fatal("it did not die three times in 20 s")
	}
	c.stop()
	var exit *exec.ExitError
	if err := <-c.ended; !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("its first end: %v", err)
	}
	if said < 3 || pauses[0] != firstPause || pauses[1] != 2*firstPause || pauses[2] != 4*firstPause {
		t.Errorf("said ready %d times, pauses %v", said, pauses)
	}
	log, err := os.ReadFile(c.logPath)
	if err != nil || strings.Count(string(log), "trouble\n") < 3 {
		t.Errorf("log %q %v", log, err)
	}
}

// A child that is asked to stop may tidy up, and is not started again.
func TestChildStops(t *testing.T) {
	defer goleak.VerifyNone(t)
	c := shell(t, `trap 'echo tidy >&2; exit 0' TERM; echo ready; while :; do sleep 0.01; done`)
	ready := make(chan struct{})
	c.said = func(string) { close(ready) }
	c.died = func(err error, _ time.Duration) { t.Errorf("it died: %v", err) }
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	<-ready
	c.stop()
	if log, err := os.ReadFile(c.logPath); err != nil || string(log) != "tidy\n" {
		t.Errorf("log %q %v", log, err)
	}
	select {
	case err := <-c.ended:
		t.Errorf("an end that was asked for is told as %v", err)
	default:
	}
}

func TestChildThatCannotStart(t *testing.T) {
	defer goleak.VerifyNone(t)
	c := &child{name: "none", executable: filepath.Join(t.TempDir(), "none"), logPath: filepath.Join(t.TempDir(), "log")}
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	if err := <-c.ended; !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it ended with %v", err)
	}
	c.stop()
	c.stop() // again is harmless
	(&child{}).stop()
}

func TestLargeLogIsSetAside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, make([]byte, maxLog+1), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("the log begins with %d bytes", info.Size())
	}
	if _, err := os.Stat(path + ".old"); err != nil {
		t.Error(err)
	}
}
