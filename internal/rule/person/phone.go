package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/commitment"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ApplyPhone gives a person another phone number, or their first: whoever proves to have it
// is that person from then on, and nobody is by the number before. The details stay under
// the key that they had, so that what was sealed for the person stays readable. Again with
// the same content changes nothing.
//
// Refuses, in this order: SealedInvalid, PersonNotFound, PersonErased, PersonNotSealed,
// PersonChanged, PhoneTaken.
func ApplyPhone(d *deed.Deed, c *pb.PersonPhone) (code.Code, *pb.Person) {
	if !ValidSealed(c.Details) || len(c.PhoneTag) != TagSize {
		return code.SealedInvalid, nil
	}
	p, ok := Get(d.Tx, c.Uid)
	switch {
	case !ok:
		return code.PersonNotFound, nil
	case p.ErasedAt != 0:
		return code.PersonErased, p
	case p.Details == nil:
		return code.PersonNotSealed, p
	case sameHash(p.Details, c.Details) && string(p.PhoneTag) == string(c.PhoneTag):
		return code.OK, p
	case p.Details.KeyId != c.Details.KeyId || string(p.Details.Hash) != string(c.Before):
		return code.PersonChanged, p
	}
	if other, ok := ByPhone(d.Tx, c.PhoneTag); ok && other.Uid != p.Uid {
		return code.PhoneTaken, nil
	}
	// From here the command succeeds.
	if len(p.PhoneTag) > 0 {
		d.Tx.Delete(phoneKey(p.PhoneTag))
	}
	p.Details, p.PhoneTag = c.Details, c.PhoneTag
	phones.Put(d.Tx, phoneKey(p.PhoneTag), &pb.PersonRef{Uid: p.Uid})
	persons.Put(d.Tx, key(p.Uid), p)
	d.Record(entity(p.Uid), "", nil, commitment.Field(p.Salt, "details", string(p.Details.Hash)))
	return code.OK, p
}
