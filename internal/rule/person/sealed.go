package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/commitment"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

// LevelSealed is the feature level from which on personal details are sealed.
const LevelSealed = 5

// Sizes of what is sealed or hashed, in bytes.
const (
	// TagSize is the length of a keyed hash by which somebody is found.
	TagSize = 32
	// HashSize is the length of the keyed hash that tells details apart.
	HashSize = 16
	// MaxBox bounds sealed details.
	MaxBox = 4096
)

var (
	phones = table.Of[pb.PersonRef, *pb.PersonRef]{ID: table.PersonPhones}
	keys   = table.Of[pb.PersonKeys, *pb.PersonKeys]{ID: table.PersonKeys}
	erased = table.Of[pb.ErasedKey, *pb.ErasedKey]{ID: table.ErasedKeys}
)

func phoneKey(tag []byte) table.Key { return table.K(table.PersonPhones).Str(string(tag)) }
func keysKey() table.Key            { return table.K(table.PersonKeys) }
func erasedKey(id string) table.Key { return table.K(table.ErasedKeys).Str(id) }
func sealed(p *pb.Person) bool      { return p.Name == "" && p.ErasedAt == 0 }
func tagged(tag []byte) bool        { return len(tag) == 0 || len(tag) == TagSize }
func sameHash(a, b *pb.Sealed) bool { return string(a.GetHash()) == string(b.GetHash()) }

// ValidSealed says whether sealed details, or a sealed memo, have their shape.
// What is inside only who has the key can see.
func ValidSealed(s *pb.Sealed) bool {
	return s != nil && ident.ValidKeyName(s.KeyId) && len(s.Box) > 0 && len(s.Box) <= MaxBox && len(s.Hash) == HashSize
}

// ByPhone reads the person with the phone number behind the tag.
func ByPhone(r table.Reader, tag []byte) (*pb.Person, bool) {
	p, ok := phones.Get(r, phoneKey(tag))
	if !ok {
		return nil, false
	}
	return persons.Need(r, key(p.Uid)), true
}

// New adds a person with sealed details, found by the phone number's tag where
// there is one, and with an empty balance. It is recorded. The caller has checked
// that the details have their shape and that nobody has the phone number.
func New(d *deed.Deed, phoneTag []byte, details *pb.Sealed) *pb.Person {
	p := fresh(d, phoneTag, details)
	insert(d, p)
	return p
}

// fresh is a new person who is in no table yet.
func fresh(d *deed.Deed, phoneTag []byte, details *pb.Sealed) *pb.Person {
	must.That(d.Head.Level >= LevelSealed && ValidSealed(details) && tagged(phoneTag), "person %d has sealed details", d.Head.NextPerson)
	p := &pb.Person{Uid: d.Head.NextPerson, CreatedAt: d.At, Salt: d.Seed, Details: details, PhoneTag: phoneTag}
	d.Head.NextPerson++
	return p
}

func insert(d *deed.Deed, p *pb.Person) {
	persons.Insert(d.Tx, key(p.Uid), p)
	if p.Ref != "" {
		refs.Put(d.Tx, refKey(p.Ref), &pb.PersonRef{Uid: p.Uid})
	}
	if len(p.PhoneTag) > 0 {
		phones.Insert(d.Tx, phoneKey(p.PhoneTag), &pb.PersonRef{Uid: p.Uid})
	}
	ledger.OpenOwed(d.Tx, ledger.UserBalance(p.Uid), money.CNY)
	d.Record(entity(p.Uid), "", nil, commitment.Field(p.Salt, "details", string(p.Details.Hash)))
}
