package node

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
)

// A checkpoint for which there is no file descriptor left is published by a later
// try; what is no shortage ends the node.
func TestCheckpointWithoutDescriptors(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := s.open()
	defer s.stop(n)
	verifier, err := note.NewVerifier(n.keys.CheckpointVerifier())
	if err != nil {
		t.Fatal(err)
	}
	publisher, err := journal.OpenPublisher(t.TempDir(), n.keys.CheckpointSigner(), verifier, n.journal.prover)
	if err != nil {
		t.Fatal(err)
	}
	c := newCheckpoints(publisher, time.Millisecond, slog.New(slog.DiscardHandler))
	c.core = n.replica
	var tries atomic.Int32
	failing := func(times int32, why error) {
		tries.Store(0)
		c.publish = func(r table.Reader, size uint64, root tlog.Hash, index uint64) (journal.Signed, error) {
			if tries.Add(1) <= times {
				return journal.Signed{}, &fs.PathError{Op: "open", Path: "checkpoint", Err: why}
			}
			return publisher.Publish(r, size, root, index)
		}
	}
	failing(3, syscall.EMFILE)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	if _, err := c.Covering(t.Context(), 0); err != nil {
		t.Errorf("after a shortage: %v", err)
	}
	cancel()
	if err := <-ended; err != nil || tries.Load() < 4 {
		t.Errorf("after %d tries: %v", tries.Load(), err)
	}
	s.purchase(n)
	failing(1, syscall.EIO)
	if err := c.Run(t.Context()); !errors.Is(err, syscall.EIO) {
		t.Errorf("a disk that fails: %v", err)
	}
}
