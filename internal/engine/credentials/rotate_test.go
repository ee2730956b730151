package credentials

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A renewed certificate is used by listeners and dialers that exist already.
func TestRenewReachesOpenConfigurations(t *testing.T) {
	t.Parallel()
	n1, n2 := first(t, ours(), "n1"), first(t, ours(), "n2")
	issuedAt(t, n1, ours(), time.Now().AddDate(0, 0, -60))
	server, client := n1.ServerConfig("p"), n2.ClientConfig("p")
	if _, _, _, err := meet(t, server, client); err == nil {
		t.Fatal("an expired certificate was accepted")
	}
	if err := n1.Renew(t.Context(), n1.IssuedBy(ours())); err != nil {
		t.Fatal(err)
	}
	if _, who, serverErr, clientErr := meet(t, server, client); serverErr != nil || clientErr != nil || who != "n1" {
		t.Errorf("after renewing: %q, %v, %v", who, serverErr, clientErr)
	}
	again, err := Load(n1.Dir())
	if err != nil || !again.Expires().Equal(n1.Expires()) || again.Valid() != nil {
		t.Errorf("on disk is %v, %v", again.Expires(), err)
	}
}

func TestRenewKeepsTheOldOneOtherwise(t *testing.T) {
	t.Parallel()
	n1, n2, stranger := first(t, ours(), "n1"), first(t, ours(), "n2"), first(t, theirs(), "n1")
	before, err := os.ReadFile(filepath.Join(n1.Dir(), certFile))
	if err != nil {
		t.Fatal(err)
	}
	der := func(c *Credentials) Issue {
		return func(context.Context, []byte) ([]byte, error) { return c.current.Load().cert.Raw, nil }
	}
	for name, issue := range map[string]Issue{
		"refused":         func(context.Context, []byte) ([]byte, error) { return nil, errors.New("no leader") },
		"nothing":         func(context.Context, []byte) ([]byte, error) { return nil, nil },
		"another node's":  der(n2),
		"another CA's":    der(stranger),
		"another keypair": der(first(t, ours(), "n1")),
	} {
		if err := n1.Renew(t.Context(), issue); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	after, err := os.ReadFile(filepath.Join(n1.Dir(), certFile))
	if err != nil || !bytes.Equal(before, after) || n1.Valid() != nil {
		t.Errorf("the old certificate is gone: %v", err)
	}
}

// Rotate waits for half of the time, tries again when it fails, says so, and
// renews once.
func TestRotate(t *testing.T) {
	t.Parallel()
	c := first(t, ours(), "n1")
	issuedAt(t, c, ours(), time.Now().AddDate(0, 0, -20))
	old := c.Expires()
	ctx, cancel := context.WithCancel(t.Context())
	var log buffer
	asked, renewed := 0, make(chan struct{})
	issue := func(ctx context.Context, csr []byte) ([]byte, error) {
		if asked++; asked < 3 {
			return nil, errors.New("no leader")
		}
		if asked == 3 {
			defer close(renewed)
		}
		return c.IssuedBy(ours())(ctx, csr)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.rotate(ctx, issue, slog.New(slog.NewTextHandler(&log, nil)), time.Millisecond)
	}()
	<-renewed
	cancel()
	<-done
	if asked != 3 || !c.Expires().After(old) || time.Now().After(c.RenewAt()) {
		t.Errorf("asked %d times, expires %v after %v", asked, c.Expires(), old)
	}
	if text := log.String(); strings.Count(text, "was not renewed") != 2 || !strings.Contains(text, "no leader") {
		t.Errorf("the log says %s", text)
	}
}

// Near its end the failure is an error, not a warning.
func TestRotateGetsLouder(t *testing.T) {
	t.Parallel()
	for age, want := range map[int]string{20: "level=WARN", 28: "level=ERROR", 60: "level=ERROR"} {
		c := first(t, ours(), "n1")
		issuedAt(t, c, ours(), time.Now().AddDate(0, 0, -age))
		var log buffer
		c.logFailure(slog.New(slog.NewTextHandler(&log, nil)), errors.New("no leader"))
		if !strings.Contains(log.String(), want) {
			t.Errorf("%d days old: %s", age, log.String())
		}
	}
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
