// Package till keeps the places where a merchant takes money: a counter in a shop, a
// taxi, a printed code at a stall. A till has a token, which its printed code says;
// whoever reads it there can pay there.
//
// In a shift a till also takes cash into wallets and pays it out of them, within a
// float that is counted when it is handed out and when it comes back (shift.go,
// cash.go).
package till

import (
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Level is the feature level from which on there are tills.
const Level = 5

const (
	// TokenSize is the length of a till's token in bytes.
	TokenSize = 16
	// MaxName is the longest name of a till, in characters.
	MaxName = 40
)

// What a till takes whose caps say nothing, in fen.
const (
	StandardPay   = 50_000_00
	StandardCash  = 5_000_00
	StandardShift = 50_000_00
)

// ids counts tills.
const ids deed.Counter = 3

var (
	tills = table.Of[pb.Till, *pb.Till]{ID: table.Tills}
	refs  = table.Of[pb.OrderRef, *pb.OrderRef]{ID: table.TillRefs}
)

// What a row of references is found by.
const (
	byToken = 1
	byName  = 2
	byPayer = 3 // a payment
)

func key(id uint64) table.Key { return table.K(table.Tills).U64(id) }

func tokenKey(token []byte) table.Key { return table.K(table.TillRefs).U32(byToken).Str(string(token)) }

func namesKey(mchid string) table.Key { return table.K(table.TillRefs).U32(byName).Str(mchid) }

func nameKey(mchid, name string) table.Key { return namesKey(mchid).Str(name) }

func paymentKey(uid uint64, clientID string) table.Key {
	return table.K(table.TillRefs).U32(byPayer).U64(uid).Str(clientID)
}

// Get reads a till by its number.
func Get(r table.Reader, id uint64) (*pb.Till, bool) { return tills.Get(r, key(id)) }

// Peek is Get for looking only: the till must not be modified.
func Peek(r table.Reader, id uint64) (*pb.Till, bool) { return tills.Peek(r, key(id)) }

// ByToken reads the till whose printed code says the token.
func ByToken(r table.Reader, token []byte) (*pb.Till, bool) { return behind(r, tokenKey(token)) }

// ByName reads a merchant's till by the merchant's name for it.
func ByName(r table.Reader, mchid, name string) (*pb.Till, bool) {
	return behind(r, nameKey(mchid, name))
}

func behind(r table.Reader, k table.Key) (*pb.Till, bool) {
	ref, ok := refs.Get(r, k)
	if !ok {
		return nil, false
	}
	return tills.Need(r, key(ref.Id)), true
}

// Of visits a merchant's tills, closed ones too, in the order of their names,
// beginning after the given one.
func Of(r table.Reader, mchid, after string, visit func(*pb.Till) bool) {
	_, to := table.Prefix(namesKey(mchid))
	refs.Scan(r, nameKey(mchid, after), to, func(_ []byte, ref *pb.OrderRef) bool {
		t := tills.Need(r, key(ref.Id))
		return t.Name == after || visit(t)
	})
}

// Scan visits all tills in the order of their numbers.
func Scan(r table.Reader, visit func(*pb.Till) bool) {
	from, to := table.Range(table.Tills)
	tills.Scan(r, from, to, func(_ []byte, t *pb.Till) bool { return visit(t) })
}

// Caps is what the till takes at most; none of it is 0.
func Caps(t *pb.Till) *pb.TillCaps {
	own := t.Caps
	return &pb.TillCaps{
		Pay: orElse(own.GetPay(), StandardPay), Cash: orElse(own.GetCash(), StandardCash), Shift: orElse(own.GetShift(), StandardShift),
	}
}

func orElse(n, standard int64) int64 {
	if n == 0 {
		return standard
	}
	return n
}

// Entity is the till's name in the journal.
func Entity(id uint64) string { return "till/" + strconv.FormatUint(id, 10) }

func put(d *deed.Deed, t *pb.Till) {
	tills.Put(d.Tx, key(t.Id), t)
	d.Record(Entity(t.Id), t.Mchid+"/"+t.Name, nil)
}
