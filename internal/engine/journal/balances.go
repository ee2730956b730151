package journal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

// Balances is a second bookkeeper: it adds up the journal's postings by account
// and compares the sums with the accounts the rules keep.
type Balances struct {
	sides map[accountKey]*sides
}

type accountKey struct {
	name     string
	currency uint32
}

// sides are an account's totals in minor units.
type sides struct{ debits, credits int64 }

// NewBalances returns an empty bookkeeper.
func NewBalances() *Balances { return &Balances{sides: make(map[accountKey]*sides)} }

// Add books an entry's postings. A posting of nothing, of a negative amount, to
// the account it comes from, or beyond what an account can hold is an error
// that names the entry.
func (b *Balances) Add(seq uint64, e *pb.Entry) error {
	for i, p := range e.Postings {
		if p.Amount <= 0 || p.Debit == "" || p.Credit == "" || p.Debit == p.Credit {
			return &Fault{Seq: seq, What: fmt.Sprintf("has posting %d of %d from %q to %q", i, p.Amount, p.Debit, p.Credit)}
		}
		debit, credit := b.account(p.Debit, p.Currency), b.account(p.Credit, p.Currency)
		var ok1, ok2 bool
		debit.debits, ok1 = money.Add(debit.debits, p.Amount)
		credit.credits, ok2 = money.Add(credit.credits, p.Amount)
		if !ok1 || !ok2 {
			return &Fault{Seq: seq, What: fmt.Sprintf("has posting %d that no account can hold", i)}
		}
	}
	return nil
}

func (b *Balances) account(name string, currency uint32) *sides {
	s := b.sides[accountKey{name, currency}]
	if s == nil {
		s = new(sides)
		b.sides[accountKey{strings.Clone(name), currency}] = s
	}
	return s
}

// Difference is an account whose postings don't add up to what it holds.
type Difference struct {
	Account  string
	Currency uint32
	// The sides by the journal and by the accounts table, minor units.
	JournalDebits, JournalCredits int64
	TableDebits, TableCredits     int64
	// Missing says that the accounts table lacks the account.
	Missing bool
}

func (d Difference) String() string {
	if d.Missing {
		return fmt.Sprintf("account %s (currency %d) is missing; the journal has debits %d and credits %d",
			d.Account, d.Currency, d.JournalDebits, d.JournalCredits)
	}
	return fmt.Sprintf("account %s (currency %d) has debits %d and credits %d; the journal has %d and %d",
		d.Account, d.Currency, d.TableDebits, d.TableCredits, d.JournalDebits, d.JournalCredits)
}

// Compare returns the accounts that differ, by name and currency; none when the
// books agree. r must be the snapshot the entries came from. The error is a
// damaged row.
func (b *Balances) Compare(r table.Reader) (differ []Difference, err error) {
	seen := make(map[accountKey]bool, len(b.sides))
	err = table.Read(r, func(r table.Reader) error {
		ledger.Scan(r, func(a *pb.Account) bool {
			key := accountKey{a.Name, a.Currency}
			seen[key] = true
			var s sides
			if known := b.sides[key]; known != nil {
				s = *known
			}
			if s.debits != a.DebitsPosted || s.credits != a.CreditsPosted {
				differ = append(differ, Difference{
					Account: a.Name, Currency: a.Currency, JournalDebits: s.debits, JournalCredits: s.credits,
					TableDebits: a.DebitsPosted, TableCredits: a.CreditsPosted,
				})
			}
			return true
		})
		return nil
	})
	for key, s := range b.sides {
		if gone := s.debits == s.credits && ledger.Closes(key.name); !seen[key] && !gone {
			differ = append(differ, Difference{
				Account: key.name, Currency: key.currency,
				JournalDebits: s.debits, JournalCredits: s.credits, Missing: true,
			})
		}
	}
	slices.SortFunc(differ, func(a, b Difference) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), cmp.Compare(a.Currency, b.Currency))
	})
	return differ, err
}
