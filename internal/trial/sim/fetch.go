package sim

import (
	"fmt"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// keepCopies is how many snapshots a node keeps for others to fetch.
const keepCopies = 2

// manifest copies the state and describes the copy, for a follower whose log is
// too far behind.
func (p *process) manifest() (*raftpb.Snapshot, error) {
	cs, members := p.disk.log.Conf()
	if members.GetIndex() > p.applied {
		return nil, raft.ErrSnapshotTemporarilyUnavailable
	}
	term, err := p.disk.log.Term(p.applied)
	if err != nil {
		return nil, raft.ErrSnapshotTemporarilyUnavailable
	}
	conf, err := proto.Marshal(cs)
	if err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	index := p.applied
	copies := p.disk.copies
	copies[index] = p.disk.state.live.Clone()
	for len(copies) > keepCopies {
		oldest := index
		for i := range copies { // order does not matter: the least is looked for
			oldest = min(oldest, i)
		}
		delete(copies, oldest)
	}
	m := &pb.SnapshotManifest{
		Index: index, Term: term, Members: members, Conf: conf, From: p.disk.id.RaftID,
		Files: []*pb.SnapshotFile{{Name: "state"}},
	}
	data := table.Encode(m)
	return &raftpb.Snapshot{Data: data, Metadata: &raftpb.SnapshotMetadata{ConfState: cs, Index: &index, Term: &term}}, nil
}

// Behind implements sequencer.Driver: the log this node needs is gone.
func (p *process) Behind(m *pb.SnapshotManifest) {
	if p.fetching != nil || p.w.broken.neverFetches {
		return
	}
	p.fetching = m
	p.w.tell(p.node.name, "fetches the snapshot of entry %d", m.Index)
	p.post(func() { p.member.Fetching(m.Index) })
	p.fetch(m, 0)
}

// fetch asks for the copy until it is there; the copying takes a while and may
// break off.
func (p *process) fetch(m *pb.SnapshotManifest, tries int) {
	if p.dead {
		return
	}
	from := p.w.byRaftID(m.From)
	if tries == 8 || from == nil {
		p.w.reach("snapshot given up")
		p.w.tell(p.node.name, "gives up on the snapshot of entry %d", m.Index)
		p.fetching = nil
		p.post(func() { p.member.Fetching(0) })
		return
	}
	answered := false
	p.w.after(700, func() {
		if !answered {
			answered = true
			p.fetch(m, tries+1)
		}
	})
	p.w.send(p.node.place, from.place, false, func() {
		if from.process == nil {
			return
		}
		copied := from.process.disk.copies[m.Index]
		if copied == nil {
			return
		}
		p.w.after(p.w.chance.between(20, 400), func() {
			p.w.send(from.place, p.node.place, false, func() {
				if !answered && !p.dead {
					answered = true
					p.install(m, copied)
				}
			})
		})
	})
}

// install puts the copy into place and starts the node again, as the marker of a
// complete snapshot makes a node do at its start.
func (p *process) install(m *pb.SnapshotManifest, copied *table.Mem) {
	if p.applied >= m.Index {
		p.fetching = nil
		p.post(func() { p.member.Fetching(0) })
		return
	}
	cs := new(raftpb.ConfState)
	if err := proto.Unmarshal(m.Conf, cs); err != nil {
		p.stop(fmt.Errorf("decode a snapshot's configuration: %w", err))
		return
	}
	p.w.reach("snapshot installed")
	p.w.tell(p.node.name, "installs the snapshot of entry %d", m.Index)
	n := p.node
	p.kill()
	n.disk.crash(p.w)
	n.disk.state = newState(copied)
	n.disk.log.install(m, cs)
	p.w.start(n)
}
