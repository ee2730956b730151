package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/commitment"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ClearCommitment commits to the name that stands in a row in clear: what a
// PersonSeal names, so that it seals what is there. Once the row's salt is erased
// it says nothing any more.
func ClearCommitment(p *pb.Person) []byte { return commitment.Field(p.Salt, "name", p.Name) }

// ApplySeal replaces the clear name of a person of before level 5 by sealed
// details; again with the same content changes nothing.
//
// Refuses, in this order: SealedInvalid, PersonNotFound, PersonErased,
// PersonChanged.
func ApplySeal(d *deed.Deed, c *pb.PersonSeal) (code.Code, *pb.Person) {
	if !ValidSealed(c.Details) {
		return code.SealedInvalid, nil
	}
	p, ok := Get(d.Tx, c.Uid)
	switch {
	case !ok:
		return code.PersonNotFound, nil
	case p.ErasedAt != 0:
		return code.PersonErased, p
	case sealed(p) && sameHash(p.Details, c.Details):
		return code.OK, p
	case sealed(p) || string(ClearCommitment(p)) != string(c.Clear):
		return code.PersonChanged, p
	}
	p.Name, p.Details = "", c.Details
	persons.Put(d.Tx, key(p.Uid), p)
	d.Record(entity(p.Uid), "", nil, commitment.Field(p.Salt, "details", string(p.Details.Hash)))
	return code.OK, p
}
