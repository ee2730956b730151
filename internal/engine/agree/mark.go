// Package agree is how the nodes of a cluster make sure that they hold the same
// state, and how a majority vouches for what a checkpoint signs.
//
// Every node remembers, for each of its last 4,096 log indexes, where its
// journal and its tables stood (a Mark). Once per checkpoint interval:
//
//	leader              each other member
//	  | -- ask index -----> |  answers at once, or when it has applied index
//	  | <-- answer -------- |
//	  |  a majority of voters, itself counted, has one mark: the verdict
//	  | -- verdict -------> |  compares with its own: Agreed, or asks on its own
//
// A node never stops on one other node's word: whose mark differs from a
// verdict asks all members itself, and only a majority that differs from it
// makes it Diverged. A leader with a broken memory can so stop nobody but itself.
//
// The package is pure: no clock, no goroutine, no input or output. The loop of a
// node and the simulation drive the same code.
package agree

import "github.com/holdfast-pay/holdfast/internal/pb"

// Kinds of pb.Mark.
const (
	KindAsk     = 0
	KindAnswer  = 1
	KindVerdict = 2
)

// Kept is how many marks a node remembers, one for each log index.
const Kept = 4096

// Mark is where the state stood after the frame at a log index.
type Mark struct {
	Index uint64
	// Size and Root are the journal's.
	Size uint64
	Root [32]byte
	// Digest is of all tables: machine.Digest.
	Digest [32]byte
}

// Same says whether both had the same history and hold the same rows.
func (m Mark) Same(o Mark) bool { return m == o }

// message is the mark on the wire.
func (m Mark) message(kind uint32) *pb.Mark {
	return &pb.Mark{Index: m.Index, Size: m.Size, Root: m.Root[:], Digest: m.Digest[:], Kind: kind}
}

// question asks for the receiver's mark at the same index.
func (m Mark) question() *pb.Mark { return &pb.Mark{Index: m.Index, Kind: KindAsk} }

// fromMessage reads what a peer sent; ok is false when it is malformed.
func fromMessage(p *pb.Mark) (m Mark, ok bool) {
	if len(p.GetRoot()) != len(m.Root) || len(p.GetDigest()) != len(m.Digest) {
		return Mark{}, false
	}
	return Mark{Index: p.Index, Size: p.Size, Root: [32]byte(p.Root), Digest: [32]byte(p.Digest)}, true
}

// ring holds the newest marks.
type ring struct {
	marks [Kept]Mark
	last  uint64
}

func (r *ring) put(m Mark) { r.marks[m.Index%Kept], r.last = m, m.Index }

func (r *ring) get(index uint64) (Mark, bool) {
	m := r.marks[index%Kept]
	return m, index != 0 && m.Index == index
}
