package ledger

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// LevelEscrow is the feature level from which on escrow accounts belong to
// transfers and packets: below it they were like any other.
const LevelEscrow = 5

// ApplyAccountLimit opens an account or changes its limits. Accounts of money
// we owe open with their owner and keep no_overdraft whatever the command says.
//
// Refuses, in this order: AccountNameInvalid, CurrencyUnknown,
// AmountMustBePositive (cap), AccountNotFound (an owed account without its
// owner), NothingToDo, BalanceTooLow (no_overdraft on an overdrawn account),
// AccountCapExceeded (a cap below what the account has).
func ApplyAccountLimit(d *deed.Deed, c *pb.AccountLimit) (code.Code, *pb.Account) {
	switch {
	case !ValidName(c.Account):
		return code.AccountNameInvalid, nil
	case c.Currency != money.CNY:
		return code.CurrencyUnknown, nil
	case c.Cap < 0:
		return code.AmountMustBePositive, nil
	}
	owed := Owed(c.Account) && (d.Head.Level >= LevelEscrow || !Closes(c.Account))
	noOverdraft := c.NoOverdraft || owed
	a, ok := Get(d.Tx, c.Account, c.Currency)
	switch {
	case !ok && owed:
		return code.AccountNotFound, nil
	case !ok:
		a = &pb.Account{Name: c.Account, Currency: c.Currency}
	case a.Frozen == c.Frozen && a.NoOverdraft == noOverdraft && a.Cap == c.Cap:
		return code.NothingToDo, a
	}
	switch {
	case noOverdraft && !covers(a.CreditsPosted, a.DebitsPosted, a.DebitsPending):
		return code.BalanceTooLow, a
	case !withinCap(a.CreditsPosted, a.DebitsPosted, c.Cap):
		return code.AccountCapExceeded, a
	}
	// From here the command succeeds.
	a.Frozen, a.NoOverdraft, a.Cap = c.Frozen, noOverdraft, c.Cap
	put(d.Tx, Key(c.Account, c.Currency), a)
	d.Record("account/"+c.Account, c.Account, nil)
	return code.OK, a
}
