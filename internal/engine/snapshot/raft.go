package snapshot

import (
	"errors"
	"fmt"
	"sync/atomic"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// Offer answers raft's question for a snapshot (raftlog.Options.Snapshot), which
// the log may put before there is a keeper. The zero value has none.
type Offer struct{ source atomic.Pointer[offered] }

type offered struct {
	keeper *Keeper
	first  func() (uint64, error)
}

// By lets keeper answer from now on; first is the log's first index.
func (o *Offer) By(keeper *Keeper, first func() (uint64, error)) {
	o.source.Store(&offered{keeper, first})
}

// Snapshot is the manifest of a copy from which the log goes on, as the message's
// data. While there is none it is raft.ErrSnapshotTemporarilyUnavailable.
func (o *Offer) Snapshot() (*raftpb.Snapshot, error) {
	s := o.source.Load()
	if s == nil {
		return nil, raft.ErrSnapshotTemporarilyUnavailable
	}
	first, err := s.first()
	if err != nil {
		return nil, err
	}
	m, err := s.keeper.Manifest(first - 1)
	if errors.Is(err, ErrNotYet) {
		return nil, raft.ErrSnapshotTemporarilyUnavailable
	}
	if err != nil {
		return nil, err
	}
	cs := new(raftpb.ConfState)
	if err := proto.Unmarshal(m.Conf, cs); err != nil {
		return nil, fmt.Errorf("read the members of a snapshot: %w", err)
	}
	data, err := m.MarshalVT()
	if err != nil {
		return nil, err
	}
	return &raftpb.Snapshot{Data: data, Metadata: &raftpb.SnapshotMetadata{ConfState: cs, Index: &m.Index, Term: &m.Term}}, nil
}
