// Package ledger keeps accounts. It is the only package that changes a balance.
//
// An account is a name and a currency with two sides, debits and credits, each
// posted or pending (a hold). Names are paths whose first part tells the kind:
//
//	user/<uid>/balance       what we owe a person        credit-normal
//	mch/<mchid>/pending      what we owe a merchant      credit-normal
//	bank/<line>/clearing     what a bank holds for us    debit-normal
//	till/<id>/cash           what is in a till's drawer  debit-normal
//	till/<id>/difference     what was missing there      debit-normal
//	escrow/transfer/<id>     people's money under way    credit-normal
//	escrow/redpacket/<id>    what is left of a packet    credit-normal
//
// An escrow account opens with what it is for and is gone when that has ended.
//
// A posting debits one account and credits another by the same amount, so the
// books balance by construction and are asserted to all the same.
package ledger

import (
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var accounts = table.Of[pb.Account, *pb.Account]{ID: table.Accounts}

// MaxName is the longest account name, in bytes.
const MaxName = 96

// UserBalance names a person's balance.
func UserBalance(uid uint64) string {
	var room [40]byte
	return string(append(strconv.AppendUint(append(room[:0], "user/"...), uid, 10), "/balance"...))
}

// MerchantPending names a merchant's money before settlement.
func MerchantPending(mchid string) string { return "mch/" + mchid + "/pending" }

// BankClearing names what a bank line holds for us.
func BankClearing(line string) string { return "bank/" + line + "/clearing" }

// TillCash names what is in a till's drawer.
func TillCash(id uint64) string { return tillPrefix + strconv.FormatUint(id, 10) + "/cash" }

// TillDifference names what was missing in a till's drawers, all shifts together;
// what was too much counts against it.
func TillDifference(id uint64) string { return tillPrefix + strconv.FormatUint(id, 10) + "/difference" }

// MerchantSafe names the cash that a merchant holds for us outside of its drawers:
// floats come from there, and what was counted goes there.
func MerchantSafe(mchid string) string { return BankClearing("cash-" + mchid) }

const tillPrefix = "till/"

// Reserved says whether only what the account is for moves its money: no batch of an
// operator's does.
func Reserved(name string) bool { return Closes(name) || strings.HasPrefix(name, tillPrefix) }

// EscrowTransfer names the money of a transfer that waits to be accepted.
func EscrowTransfer(id uint64) string { return escrow("transfer/", id) }

// EscrowPacket names what is left of a red packet.
func EscrowPacket(id uint64) string { return escrow("redpacket/", id) }

func escrow(kind string, id uint64) string {
	var room [48]byte
	return string(strconv.AppendUint(append(append(room[:0], escrowPrefix...), kind...), id, 10))
}

const escrowPrefix = "escrow/"

// Closes says whether accounts of this kind are removed when they are empty and
// what they were for has ended.
func Closes(name string) bool { return strings.HasPrefix(name, escrowPrefix) }

// DebitNormal says whether the account's balance is debits less credits.
func DebitNormal(name string) bool {
	return strings.HasPrefix(name, "bank/") || strings.HasPrefix(name, tillPrefix)
}

// Owed says whether the account holds money we owe somebody. Such accounts open
// with their owner and are never overdrawn.
func Owed(name string) bool {
	return strings.HasPrefix(name, "user/") || strings.HasPrefix(name, "mch/") || Closes(name)
}

// Balance is the posted balance on the account's normal side, in minor units.
func Balance(a *pb.Account) int64 {
	if DebitNormal(a.Name) {
		return a.DebitsPosted - a.CreditsPosted
	}
	return a.CreditsPosted - a.DebitsPosted
}

// Available is the balance less what is held.
func Available(a *pb.Account) int64 {
	if DebitNormal(a.Name) {
		return Balance(a) - a.CreditsPending
	}
	return Balance(a) - a.DebitsPending
}

// Key is the address of an account's row.
func Key(name string, currency uint32) table.Key {
	return table.K(table.Accounts).Str(name).U32(currency)
}

// Get reads an account.
func Get(r table.Reader, name string, currency uint32) (*pb.Account, bool) {
	a, ok := accounts.Get(r, Key(name, currency))
	if ok {
		a.Name, a.Currency = name, currency
	}
	return a, ok
}

// Scan visits all accounts in the order of their names.
func Scan(r table.Reader, visit func(*pb.Account) bool) {
	from, to := table.Range(table.Accounts)
	accounts.Scan(r, from, to, func(key []byte, a *pb.Account) bool {
		f := table.F(key)
		a.Name, a.Currency = f.Str(), f.U32()
		return visit(a)
	})
}

// ValidName says whether name is a well-formed account path: two or more parts
// of [0-9A-Za-z_.-], at most MaxName bytes.
func ValidName(name string) bool {
	if len(name) == 0 || len(name) > MaxName || !strings.Contains(name, "/") {
		return false
	}
	for _, part := range strings.Split(name, "/") {
		if part == "" {
			return false
		}
		for i := 0; i < len(part); i++ {
			c := part[i]
			if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '.' && c != '-' {
				return false
			}
		}
	}
	return true
}

// put writes an account's row; name and currency are its key.
func put(tx table.Txn, key table.Key, a *pb.Account) {
	name, currency := a.Name, a.Currency
	a.Name, a.Currency = "", 0
	accounts.Put(tx, key, a)
	a.Name, a.Currency = name, currency
}

// OpenOwed adds the account of a new owner: it cannot be overdrawn. An account
// that is there already is a broken invariant: its money would be forgotten.
func OpenOwed(tx table.Txn, name string, currency uint32) {
	key := Key(name, currency)
	if _, ok := tx.Get(key); ok || !Owed(name) {
		must.Never("account %s is new, and of money that is owed", name)
	}
	put(tx, key, &pb.Account{Name: name, Currency: currency, NoOverdraft: true})
}
