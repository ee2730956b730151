// Package shop lets a person who has a wallet open a shop: they apply, an operator or a
// field agent approves it or refuses it with a reason, and an approval makes the
// merchant, its owner among the staff, and a till with its printed code, all in one
// command. What the shop takes, its owner moves into their wallet. The states are
// described at pb.ShopState.
//
// The picture is in the record while it is needed: whoever decides must see what was
// applied with, on any node, and so it is replicated and digested like all else. It is at
// most 32 KiB, a person has a few shops at most, and a refusal drops it.
package shop

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Level is the feature level from which on people open shops.
const Level = 5

const (
	// MaxPicture bounds a picture, in bytes.
	MaxPicture = 32 << 10
	// MaxShops is how often a person may apply, whatever came of it.
	MaxShops = 10
	// maxName and maxCategory are in characters.
	maxName     = 40
	maxCategory = 20
	// sourceSize is the length of the hash of what was sent, in bytes.
	sourceSize = 32
)

// OwnerRef is what the owner is called among the merchant's people.
const OwnerRef = "owner"

// firstTill is what the till is called that an approval makes, and so what people read
// that they pay for there.
func firstTill(s *pb.Shop) string { return cmp.Or(strings.TrimSpace(s.Category), s.Name) }

// firstMchid is the number before the first merchant that is made so: these numbers are
// kept for shops, and operators give other ones.
const firstMchid = 2_100_000_000

// ids counts shops, those that only applied too.
const ids deed.Counter = 8

var (
	shops = table.Of[pb.Shop, *pb.Shop]{ID: table.Shops}
	refs  = table.Of[pb.OrderRef, *pb.OrderRef]{ID: table.ShopRefs}
	takes = table.Of[pb.ShopTaken, *pb.ShopTaken]{ID: table.ShopTakes}
)

// What a row of references is found by.
const (
	byClientID = 1
	waiting    = 2
)

func key(id uint64) table.Key { return table.K(table.Shops).U64(id) }

func ofKey(uid uint64) table.Key { return table.K(table.ShopRefs).U32(byClientID).U64(uid) }

func numberKey(uid uint64, clientID string) table.Key { return ofKey(uid).Str(clientID) }

func waitingKey(id uint64) table.Key { return table.K(table.ShopRefs).U32(waiting).U64(id) }

func takenKey(id uint64, clientID string) table.Key {
	return table.K(table.ShopTakes).U64(id).Str(clientID)
}

// Get reads a shop by its number.
func Get(r table.Reader, id uint64) (*pb.Shop, bool) { return shops.Get(r, key(id)) }

// Peek is Get for looking only: the shop must not be modified.
func Peek(r table.Reader, id uint64) (*pb.Shop, bool) { return shops.Peek(r, key(id)) }

// Need reads a shop that another row names.
func Need(r table.Reader, id uint64) *pb.Shop { return shops.Need(r, key(id)) }

// ByClientID reads a shop by its person's own name for it.
func ByClientID(r table.Reader, uid uint64, clientID string) (*pb.Shop, bool) {
	ref, ok := refs.Get(r, numberKey(uid, clientID))
	if !ok {
		return nil, false
	}
	return Need(r, ref.Id), true
}

// Of lists a person's shops: MaxShops at most, in no order.
func Of(r table.Reader, uid uint64) (list []*pb.Shop) {
	from, to := table.Prefix(ofKey(uid))
	refs.Scan(r, from, to, func(_ []byte, ref *pb.OrderRef) bool {
		list = append(list, Need(r, ref.Id))
		return true
	})
	return list
}

// Scan visits all shops in the order of their numbers, beginning after the given one.
func Scan(r table.Reader, after uint64, visit func(*pb.Shop) bool) {
	_, to := table.Range(table.Shops)
	shops.Scan(r, key(after+1), to, func(_ []byte, s *pb.Shop) bool { return visit(s) })
}

// Waiting visits the numbers of the shops that wait for a decision, beginning after the
// given one.
func Waiting(r table.Reader, after uint64, visit func(id uint64) bool) {
	_, to := table.Prefix(table.K(table.ShopRefs).U32(waiting))
	refs.Scan(r, waitingKey(after+1), to, func(_ []byte, ref *pb.OrderRef) bool { return visit(ref.Id) })
}

// ScanTaken visits all that owners took out, by shop and client id.
func ScanTaken(r table.Reader, visit func(*pb.ShopTaken) bool) {
	from, to := table.Range(table.ShopTakes)
	takes.Scan(r, from, to, func(_ []byte, t *pb.ShopTaken) bool { return visit(t) })
}

// Room says whether a person may apply once more: one shop waits at a time.
//
// Refuses, in this order: ShopWaiting, ShopsTooMany.
func Room(r table.Reader, uid uint64) code.Code {
	mine := Of(r, uid)
	for _, s := range mine {
		if s.State == pb.ShopState_SHOP_STATE_WAITING {
			return code.ShopWaiting
		}
	}
	if len(mine) >= MaxShops {
		return code.ShopsTooMany
	}
	return code.OK
}

// Mchid is the number of the merchant that an approval of the shop makes.
func Mchid(id uint64) string { return strconv.FormatUint(firstMchid+id, 10) }

// appid is bound to that merchant: payments by its printed code are orders, and orders
// have one. No program uses it.
func appid(id uint64) string { return fmt.Sprintf("wx%016x", firstMchid+id) }

// Entity is the shop's name in the journal.
func Entity(id uint64) string { return "shop/" + strconv.FormatUint(id, 10) }

func record(d *deed.Deed, s *pb.Shop, clientID string, postings []*pb.Posting) {
	d.Record(Entity(s.Id), strconv.FormatUint(s.Uid, 10)+"/"+clientID, postings)
}
