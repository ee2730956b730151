package replica

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
)

// readPatience is how long a read waits for a leader's word.
const readPatience = 5 * time.Second

// barrier waits until this node's state is as far as a read's batch says.
func (r *Replica) barrier(ctx context.Context, b *sequencer.Batch) error {
	r.reading.Add(1)
	defer r.reading.Add(-1)
	select {
	case <-b.Done():
	case <-ctx.Done():
		return code.NotLeader.Err()
	}
	index, ok := b.Known()
	if !ok {
		return code.NotLeader.Err()
	}
	return r.await(ctx, index)
}

// await waits until index is applied here.
func (r *Replica) await(ctx context.Context, index uint64) error {
	for {
		changed := r.Changed()
		if r.Applied() >= index {
			return nil
		}
		select {
		case <-changed:
		case <-r.ctx.Done():
			return code.NotLeader.Err()
		case <-ctx.Done():
			return code.NotLeader.Err()
		}
	}
}

// Read calls f with one snapshot that has every frame whose answer was given, by
// this node or another. When no leader can be asked within 5 s, or the node
// stops, the error is code.NotLeader.
func (r *Replica) Read(f func(table.Reader) error) error {
	ctx, cancel := context.WithTimeout(r.ctx, readPatience)
	defer cancel()
	if err := r.barrier(ctx, r.seq.Read()); err != nil {
		return err
	}
	return r.Local(f)
}
