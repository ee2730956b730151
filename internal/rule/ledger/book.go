package ledger

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Book plans the postings and holds of one command and writes them together.
//
// Post, Hold and Settle check against the accounts as they would stand after
// what the book holds already; a refusal means the whole book is dropped.
// Commit writes every touched account once.
type Book struct {
	tx       table.Txn
	currency uint32
	rows     []*line
	index    map[string]int // only when there are more rows than a linear search likes
	postings []*pb.Posting

	// Room for one posting, which is what most books hold.
	lines   [2]line
	rowRoom [2]*line
	posting [1]*pb.Posting
	first   pb.Posting
}

// line is one account in the book with its posted sides before.
type line struct {
	key     table.Key
	room    [64]byte // for the key
	acc     pb.Account
	debits  int64
	credits int64
	touched bool
	closes  bool
}

const linearRows = 8

// Begin opens an empty book in one currency.
func Begin(tx table.Txn, currency uint32) *Book {
	b := &Book{tx: tx, currency: currency}
	b.rows, b.postings = b.rowRoom[:0], b.posting[:0]
	return b
}

// account finds the account in the book or loads it; nil when there is none.
func (b *Book) account(name string) *line {
	if b.index != nil {
		if i, ok := b.index[name]; ok {
			return b.rows[i]
		}
	} else {
		for _, l := range b.rows {
			if l.acc.Name == name {
				return l
			}
		}
	}
	key := table.K(table.Accounts).Str(name).U32(b.currency)
	value, ok := table.Value(b.tx, key)
	if !ok {
		return nil
	}
	l := b.fresh(key)
	if err := l.acc.UnmarshalVT(value); err != nil {
		panic(&table.Damage{Key: l.key, Cause: err})
	}
	l.acc.Name, l.acc.Currency = name, b.currency
	l.debits, l.credits = l.acc.DebitsPosted, l.acc.CreditsPosted
	b.add(l)
	return l
}

// Opens lets the book open the account, without limits, if there is none yet.
func (b *Book) Opens(name string) {
	if b.account(name) == nil {
		l := b.fresh(Key(name, b.currency))
		l.acc.Name, l.acc.Currency = name, b.currency
		b.add(l)
	}
}

// OpensOwed lets the book open an account that cannot be overdrawn, if there is none
// yet.
func (b *Book) OpensOwed(name string) {
	if b.account(name) == nil {
		b.Opens(name)
		b.account(name).acc.NoOverdraft = true
	}
}

// Closes lets the book remove the account if nothing is on it in the end. It is
// there.
func (b *Book) Closes(name string) {
	l := b.account(name)
	if l == nil || !Closes(name) {
		must.Never("account %s is there, and of a kind that is removed", name)
	}
	l.closes = true
}

// fresh is an empty line for the account under key.
func (b *Book) fresh(key table.Key) *line {
	var l *line
	if n := len(b.rows); n < len(b.lines) {
		l = &b.lines[n]
	} else {
		l = new(line)
	}
	l.key = append(l.room[:0], key...)
	return l
}

func (b *Book) add(l *line) {
	b.rows = append(b.rows, l)
	if len(b.rows) > linearRows {
		if b.index == nil {
			b.index = make(map[string]int, 2*len(b.rows))
			for i, r := range b.rows {
				b.index[r.acc.Name] = i
			}
		}
		b.index[l.acc.Name] = len(b.rows) - 1
	}
}

// Post plans a posting of amount (minor units) from debit to credit.
//
// Refuses, in this order: AmountMustBePositive, SameAccount, AccountNotFound,
// AccountFrozen, AmountOverflows, BalanceTooLow, AccountCapExceeded.
func (b *Book) Post(reason pb.PostingCode, debit, credit string, amount int64) code.Code {
	from, to, c := b.pair(debit, credit, amount)
	if c != code.OK {
		return c
	}
	return b.post(reason, from, to, amount)
}

func (b *Book) pair(debit, credit string, amount int64) (from, to *line, c code.Code) {
	if amount <= 0 {
		return nil, nil, code.AmountMustBePositive
	}
	if debit == credit {
		return nil, nil, code.SameAccount
	}
	if from, to = b.account(debit), b.account(credit); from == nil || to == nil {
		return nil, nil, code.AccountNotFound
	}
	if from.acc.Frozen || to.acc.Frozen {
		return nil, nil, code.AccountFrozen
	}
	return from, to, code.OK
}

func (b *Book) post(reason pb.PostingCode, from, to *line, amount int64) code.Code {
	debits, ok1 := money.Add(from.acc.DebitsPosted, amount)
	credits, ok2 := money.Add(to.acc.CreditsPosted, amount)
	if !ok1 || !ok2 {
		return code.AmountOverflows
	}
	if from.acc.NoOverdraft && !covers(from.acc.CreditsPosted, debits, from.acc.DebitsPending) {
		return code.BalanceTooLow
	}
	if !withinCap(credits, to.acc.DebitsPosted, to.acc.Cap) {
		return code.AccountCapExceeded
	}
	from.acc.DebitsPosted, to.acc.CreditsPosted = debits, credits
	from.touched, to.touched = true, true
	p := b.newPosting()
	p.Code, p.Debit, p.Credit, p.Amount, p.Currency = reason, from.acc.Name, to.acc.Name, amount, b.currency
	b.postings = append(b.postings, p)
	return code.OK
}

func (b *Book) newPosting() *pb.Posting {
	if len(b.postings) == 0 {
		return &b.first
	}
	return new(pb.Posting)
}

// covers says whether credits cover debits and pending debits, without overflow.
func covers(credits, debits, pending int64) bool {
	return debits <= credits && pending <= credits-debits
}

// withinCap says whether a credit balance is within a cap; 0 is none.
func withinCap(credits, debits, limit int64) bool { return limit == 0 || credits-debits <= limit }

// Hold plans to set amount aside on an account that cannot be overdrawn.
//
// Refuses: AmountMustBePositive, AccountNotFound, AccountFrozen, AmountOverflows, BalanceTooLow.
func (b *Book) Hold(name string, amount int64) code.Code {
	if amount <= 0 {
		return code.AmountMustBePositive
	}
	l := b.account(name)
	if l == nil {
		return code.AccountNotFound
	}
	if l.acc.Frozen {
		return code.AccountFrozen
	}
	pending, ok := money.Add(l.acc.DebitsPending, amount)
	if !ok {
		return code.AmountOverflows
	}
	if l.acc.NoOverdraft && !covers(l.acc.CreditsPosted, l.acc.DebitsPosted, pending) {
		return code.BalanceTooLow
	}
	l.acc.DebitsPending, l.touched = pending, true
	return code.OK
}

// Settle plans to turn a hold on debit into a posting to credit.
//
// Refuses as Post does; that the hold exists is the caller's promise.
func (b *Book) Settle(reason pb.PostingCode, debit, credit string, amount int64) code.Code {
	from, to, c := b.pair(debit, credit, amount)
	if c != code.OK {
		return c
	}
	if from.acc.DebitsPending < amount {
		must.Never("account %s holds the %d to be settled", debit, amount)
	}
	from.acc.DebitsPending -= amount
	if c := b.post(reason, from, to, amount); c != code.OK {
		from.acc.DebitsPending += amount
		return c
	}
	return code.OK
}

// Commit writes the touched accounts and returns the postings for the journal.
// It asserts that debits equal credits and that no limit is broken.
func (b *Book) Commit() []*pb.Posting {
	var debits, credits int64
	for _, l := range b.rows {
		if !l.touched {
			continue
		}
		a := &l.acc
		debits += a.DebitsPosted - l.debits
		credits += a.CreditsPosted - l.credits
		l.check()
		if l.closes && a.DebitsPosted == a.CreditsPosted && a.DebitsPending == 0 && a.CreditsPending == 0 {
			b.tx.Delete(l.key)
		} else {
			put(b.tx, l.key, a)
		}
	}
	var posted int64
	for _, p := range b.postings {
		posted += p.Amount
	}
	if debits != credits || posted != debits {
		must.Never("debits %d equal credits %d and the postings' sum %d", debits, credits, posted)
	}
	return b.postings
}

// check asserts what must hold of an account before it is written. It asks
// before it calls: the arguments of must.That would be put on the heap for every
// account of every payment.
func (l *line) check() {
	a := &l.acc
	if a.NoOverdraft && !covers(a.CreditsPosted, a.DebitsPosted, a.DebitsPending) {
		must.Never("account %s is not overdrawn", a.Name)
	}
	if a.CreditsPosted > l.credits && !withinCap(a.CreditsPosted, a.DebitsPosted, a.Cap) {
		must.Never("account %s is within its cap", a.Name)
	}
	if a.DebitsPending < 0 || a.CreditsPending < 0 || a.DebitsPosted < l.debits || a.CreditsPosted < l.credits {
		must.Never("account %s only grows and its holds are not negative", a.Name)
	}
}
