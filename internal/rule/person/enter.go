package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ApplyEnter adds a person with sealed details and an empty balance. ref is the
// identity, and the keyed hash of the details says whether they are the same:
// sealing them again gives other bytes.
//
// Refuses, in this order: PersonRefNeeded, SealedInvalid, AppidInvalid,
// PersonErased, PersonNotSealed, PersonExists, PhoneTaken.
func ApplyEnter(d *deed.Deed, c *pb.PersonEnter) (code.Code, *pb.Person) {
	if c.Ref == "" || !short(c.Ref, 64) {
		return code.PersonRefNeeded, nil
	}
	if !ValidSealed(c.Details) || !tagged(c.PhoneTag) {
		return code.SealedInvalid, nil
	}
	for _, appid := range c.Appids {
		if !ident.ValidAppid(appid) {
			return code.AppidInvalid, nil
		}
	}
	if old, ok := ByRef(d.Tx, c.Ref); ok {
		return sameEnter(c, old), old
	}
	if _, ok := ByPhone(d.Tx, c.PhoneTag); ok {
		return code.PhoneTaken, nil
	}
	// From here the command succeeds.
	p := fresh(d, c.PhoneTag, c.Details)
	p.Ref = c.Ref
	for _, appid := range c.Appids {
		mint(d, p, appid)
	}
	insert(d, p)
	return code.OK, p
}

// sameEnter compares with what is there; openids may have grown since.
func sameEnter(c *pb.PersonEnter, old *pb.Person) code.Code {
	switch {
	case old.ErasedAt != 0:
		return code.PersonErased
	case !sealed(old):
		return code.PersonNotSealed
	case !sameHash(old.Details, c.Details):
		return code.PersonExists
	}
	for _, appid := range c.Appids {
		if Openid(old, appid) == "" {
			return code.PersonExists
		}
	}
	return code.OK
}
