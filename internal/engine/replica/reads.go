package replica

import (
	"context"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
)

// barrier waits until this node's state is as far as a read's batch says.
func (r *Replica) barrier(ctx context.Context, b *sequencer.Batch) error {
	r.reading.Add(1)
	defer r.reading.Add(-1)
	select {
	case <-b.Done(): // also when the node stops
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

// ReadLatest calls f with one snapshot that has every frame whose answer was
// given, by this node or another. It waits for the leader's word, and until this
// node has caught up, for as long as ctx lasts; when that ends, or the node
// stops, the error is code.NotLeader.
func (r *Replica) ReadLatest(ctx context.Context, f func(table.Reader) error) error {
	if err := r.barrier(ctx, r.seq.Read()); err != nil {
		return err
	}
	return r.ReadLocal(ctx, f)
}
