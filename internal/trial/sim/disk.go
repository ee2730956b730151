package sim

import (
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// disk is one data folder.
type disk struct {
	id    identity.Identity
	log   *raftLog
	state *state
	keys  *vfs.MemFS // where the keyring is
	heard []byte     // an encoded pb.Heard, nil for none
	// known are the members a joining node was told of.
	known *pb.Members
	// copies are the snapshots that can be fetched, by their index.
	copies map[uint64]*table.Mem
}

func newDisk(id identity.Identity) *disk {
	return &disk{id: id, log: new(raftLog), state: newState(table.NewMem()), keys: vfs.NewCrashableMem(), copies: make(map[uint64]*table.Mem)}
}

// crash leaves what a crash leaves.
func (d *disk) crash(w *World) {
	d.log.crash(w.lucky)
	d.state = d.state.crashed(w.lucky)
	if w.keyed {
		d.keys = d.keys.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: w.chance.IntN(101), RNG: w.chance.Rand})
	}
}

// clone is a copy of the folder as it is on disk now, made while no process runs
// or of what is durable while one does.
func (d *disk) clone() *disk {
	c := &disk{id: d.id, log: d.log.clone(), state: newState(d.state.frames[0]), keys: d.keys.CrashClone(vfs.CrashCloneCfg{}), heard: d.heard, known: d.known, copies: make(map[uint64]*table.Mem)}
	for index, mem := range d.copies { // order does not matter: the copy is a map too
		c.copies[index] = mem
	}
	return c
}

func (d *disk) savedHeard() *pb.Heard {
	if d.heard == nil {
		return nil
	}
	h := new(pb.Heard)
	if err := h.UnmarshalVT(d.heard); err != nil {
		panic(err)
	}
	return h
}
