package keyring

import (
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// How keyrings of a cluster become one: what is decided, for whoever has the network.

// Gift counts who has new data keys. A command may name them once a majority of those
// with a vote has them.
type Gift struct {
	voters []uint64
	have   []uint64
}

// NewGift begins with the member that minted the keys.
func NewGift(voters []uint64, by uint64) *Gift {
	g := &Gift{voters: voters}
	g.Took(by)
	return g
}

// Took says that a member has the keys on its disk.
func (g *Gift) Took(by uint64) {
	if slices.Contains(g.voters, by) && !slices.Contains(g.have, by) {
		g.have = append(g.have, by)
	}
}

// Have is how many of those with a vote have the keys.
func (g *Gift) Have() int { return len(g.have) }

// Of is how many have a vote.
func (g *Gift) Of() int { return len(g.voters) }

// Enough says whether a majority has the keys.
func (g *Gift) Enough() bool { return len(g.have) > len(g.voters)/2 }

// Walk takes over what a peer has and this node lacks, part after part.
type Walk struct {
	ring *Ring
	from uint32
}

// Walk begins one.
func (r *Ring) Walk() *Walk { return &Walk{ring: r} }

// Next is what to ask the peer next, nil when all parts were looked at.
func (w *Walk) Next() *pb.DataKeysRequest {
	if w.from >= Parts {
		return nil
	}
	return &pb.DataKeysRequest{Sums: w.ring.Sums(), From: w.from}
}

// Take keeps what the peer has in the first part that differs.
func (w *Walk) Take(a *pb.DataKeysResponse) error {
	w.from = a.Part + 1
	return w.ring.Put(a.Keys)
}

// Answer is what a peer that walks gets.
func (r *Ring) Answer(req *pb.DataKeysRequest) (*pb.DataKeysResponse, error) {
	part, keys, err := r.Differing(req.Sums, req.From)
	if err != nil {
		return nil, err
	}
	return &pb.DataKeysResponse{Part: part, Keys: keys}, nil
}

// Erasures are the keys that a state erased, as far as this node has deleted them.
type Erasures struct{ found, deleted uint64 }

// Find returns all keys that were erased when there are more of them than at the last
// deletion. Those that are gone already cost nothing.
func (e *Erasures) Find(r table.Reader) (ids []string) {
	head, ok := machine.Head(r)
	if !ok {
		return nil
	}
	if e.found = machine.RowsOf(head, table.ErasedKeys); e.found == e.deleted {
		return nil
	}
	person.Erased(r, func(k *pb.ErasedKey) bool {
		ids = append(ids, k.KeyId)
		return true
	})
	return ids
}

// Deleted says that what Find returned is deleted.
func (e *Erasures) Deleted() { e.deleted = e.found }
