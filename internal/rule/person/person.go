// Package person keeps people: details that are sealed, a balance, and an openid
// per appid. The keys of the details are in the keyring, which no rule sees.
package person

import (
	"strconv"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/commitment"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

var (
	persons = table.Of[pb.Person, *pb.Person]{ID: table.Persons}
	refs    = table.Of[pb.PersonRef, *pb.PersonRef]{ID: table.PersonRefs}
	openids = table.Of[pb.PersonRef, *pb.PersonRef]{ID: table.Openids}
)

func key(uid uint64) table.Key        { return table.K(table.Persons).U64(uid) }
func refKey(ref string) table.Key     { return table.K(table.PersonRefs).Str(ref) }
func openidKey(a, o string) table.Key { return table.K(table.Openids).Str(a).Str(o) }

// Get reads a person by uid.
func Get(r table.Reader, uid uint64) (*pb.Person, bool) { return persons.Get(r, key(uid)) }

// Peek is Get for looking only: the person must not be modified.
func Peek(r table.Reader, uid uint64) (*pb.Person, bool) { return persons.Peek(r, key(uid)) }

// ByRef reads a person by the operator's reference.
func ByRef(r table.Reader, ref string) (*pb.Person, bool) {
	p, ok := refs.Get(r, refKey(ref))
	if !ok {
		return nil, false
	}
	return persons.Need(r, key(p.Uid)), true
}

// ByOpenid reads the person whom an appid knows by the openid.
func ByOpenid(r table.Reader, appid, openid string) (*pb.Person, bool) {
	p, ok := openids.Get(r, openidKey(appid, openid))
	if !ok {
		return nil, false
	}
	return persons.Need(r, key(p.Uid)), true
}

// TakesMoney says whether others may give the person money: not one who is blocked,
// nor one who was erased and could not spend it.
func TakesMoney(p *pb.Person) bool { return !p.Blocked && p.ErasedAt == 0 }

// Openid is the person's openid under an appid, "" when there is none.
func Openid(p *pb.Person, appid string) string {
	for _, o := range p.Openids {
		if o.Appid == appid {
			return o.Openid
		}
	}
	return ""
}

// List visits people in the order in which they were added.
func List(r table.Reader, visit func(*pb.Person) bool) {
	from, to := table.Range(table.Persons)
	persons.Scan(r, from, to, func(_ []byte, p *pb.Person) bool { return visit(p) })
}

// ApplyAdd adds a person with an empty balance. ref is the identity. From level 5 on it
// adds nobody once the key of the hashes is named: details can be sealed then, and a
// name that enters in clear stands in the log until that is cut.
//
// Refuses, in this order: PersonRefNeeded, NameInvalid, AppidInvalid, PersonExists,
// DetailsUnsealed.
func ApplyAdd(d *deed.Deed, c *pb.PersonAdd) (code.Code, *pb.Person) {
	if c.Ref == "" || !short(c.Ref, 64) {
		return code.PersonRefNeeded, nil
	}
	if c.Name == "" || !short(c.Name, 127) {
		return code.NameInvalid, nil
	}
	for _, appid := range c.Appids {
		if !ident.ValidAppid(appid) {
			return code.AppidInvalid, nil
		}
	}
	if old, ok := ByRef(d.Tx, c.Ref); ok {
		return sameAdd(d, c, old), old
	}
	if _, sealing := Keys(d.Tx); sealing && d.Head.Level >= LevelSealed {
		return code.DetailsUnsealed, nil
	}
	// From here the command succeeds.
	p := &pb.Person{Uid: d.Head.NextPerson, Ref: c.Ref, Name: c.Name, CreatedAt: d.At, Salt: d.Seed}
	d.Head.NextPerson++
	for _, appid := range c.Appids {
		mint(d, p, appid)
	}
	persons.Insert(d.Tx, key(p.Uid), p)
	refs.Put(d.Tx, refKey(p.Ref), &pb.PersonRef{Uid: p.Uid})
	ledger.OpenOwed(d.Tx, ledger.UserBalance(p.Uid), money.CNY)
	d.Record(entity(p.Uid), "", nil,
		commitment.Commit(commitment.FieldSalt(p.Salt, "ref"), "ref", p.Ref), commitment.Commit(commitment.FieldSalt(p.Salt, "name"), "name", p.Name))
	return code.OK, p
}

// LevelSameContent is the feature level from which on an add that repeats another
// must have its appids too.
const LevelSameContent = 4

// sameAdd compares an add with what is there; openids may have grown since.
func sameAdd(d *deed.Deed, c *pb.PersonAdd, old *pb.Person) code.Code {
	if old.Name != c.Name {
		return code.PersonExists
	}
	if d.Head.Level < LevelSameContent {
		return code.OK
	}
	for _, appid := range c.Appids {
		if Openid(old, appid) == "" {
			return code.PersonExists
		}
	}
	return code.OK
}

// mint gives the person an openid for the appid, unless there is one. The
// caller writes the person afterwards.
func mint(d *deed.Deed, p *pb.Person, appid string) (openid string, minted bool) {
	if openid := Openid(p, appid); openid != "" {
		return openid, false
	}
	openid = ident.Openid(append([]byte(appid), d.Seed...))
	p.Openids = append(p.Openids, &pb.Openid{Appid: appid, Openid: openid})
	openids.Put(d.Tx, openidKey(appid, openid), &pb.PersonRef{Uid: p.Uid})
	return openid, true
}

// EnsureOpenid returns the person's openid under the appid and mints it the
// first time the two meet. It writes only then. p stays as it is.
func EnsureOpenid(d *deed.Deed, p *pb.Person, appid string) string {
	if openid := Openid(p, appid); openid != "" {
		return openid
	}
	own, ok := Get(d.Tx, p.Uid)
	if !ok {
		must.Never("person %d is there while it gets an openid", p.Uid)
	}
	openid, _ := mint(d, own, appid)
	persons.Put(d.Tx, key(p.Uid), own)
	return openid
}

// ApplyOpenid binds a person to one more appid; again changes nothing.
//
// Refuses, in this order: AppidInvalid, PersonNotFound.
func ApplyOpenid(d *deed.Deed, c *pb.PersonOpenid) (code.Code, *pb.Person) {
	if !ident.ValidAppid(c.Appid) {
		return code.AppidInvalid, nil
	}
	p, ok := Get(d.Tx, c.Uid)
	if !ok {
		return code.PersonNotFound, nil
	}
	if Openid(p, c.Appid) != "" {
		return code.OK, p
	}
	openid, _ := mint(d, p, c.Appid)
	persons.Put(d.Tx, key(p.Uid), p)
	d.Record(entity(p.Uid), "", nil, commitment.Commit(commitment.FieldSalt(p.Salt, "openid"), "openid", openid))
	return code.OK, p
}

// ApplyTopup credits a person's balance against a bank line's clearing account.
// ref is the identity.
//
// Refuses, in this order: AmountMustBePositive, CurrencyUnknown, PersonRefNeeded
// (no ref), AccountNameInvalid (line), PersonNotFound, TopupExists, and what
// ledger.Book.Post refuses.
func ApplyTopup(d *deed.Deed, c *pb.PersonTopup) (code.Code, *pb.Account) {
	switch {
	case c.Amount <= 0:
		return code.AmountMustBePositive, nil
	case c.Currency != money.CNY:
		return code.CurrencyUnknown, nil
	case c.Ref == "" || !short(c.Ref, 64):
		return code.PersonRefNeeded, nil
	}
	bank, balance := ledger.BankClearing(c.Line), ledger.UserBalance(c.Uid)
	if !ledger.ValidName(bank) {
		return code.AccountNameInvalid, nil
	}
	if _, ok := Get(d.Tx, c.Uid); !ok {
		return code.PersonNotFound, nil
	}
	ref, content := "topup/"+c.Ref, ledger.ContentHash(d.Mem, c)
	if out, fresh := ledger.Once(d.Tx, ref, content, code.TopupExists); !fresh {
		a, _ := ledger.Get(d.Tx, balance, c.Currency)
		return out, a
	}
	if out := fund(d, bank, balance, c, ref, content); out != code.OK {
		return out, nil
	}
	a, _ := ledger.Get(d.Tx, balance, c.Currency)
	return code.OK, a
}

// fund posts the top-up. A bank line's clearing account opens with its first one.
func fund(d *deed.Deed, bank, balance string, c *pb.PersonTopup, ref string, content []byte) code.Code {
	book := ledger.Begin(d.Tx, c.Currency)
	book.Opens(bank)
	if out := book.Post(pb.PostingCode_POSTING_CODE_TOPUP, bank, balance, c.Amount); out != code.OK {
		return out
	}
	// From here the command succeeds.
	ledger.Remember(d, ref, content, 1)
	d.Record(entity(c.Uid), c.Ref, book.Commit())
	return code.OK
}

func entity(uid uint64) string { return "person/" + strconv.FormatUint(uid, 10) }

func short(s string, runes int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= runes
}
