package storytest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// checks are the verbs that look and change nothing.
var checks = map[string]func(s *player, l *line) error{
	"balance": balance, "total": total, "see": see, "owed": owed, "parked": parked, "indexed": indexed,
	"busy":   func(s *player, _ *line) error { return s.due(true) },
	"idle":   func(s *player, _ *line) error { return s.due(false) },
	"reopen": func(s *player, _ *line) error { return s.p.Reopen() },
	"ladder": ladder, "end": endLadder,
}

func balance(s *player, l *line) error {
	name, err := s.account(l.arg(0))
	if err != nil {
		return err
	}
	want, err := amount(l.arg(1))
	if err != nil {
		return err
	}
	held, err := amount(l.option("held", "0"))
	if err != nil {
		return err
	}
	s.shown[name] = true
	return s.p.Read(func(r table.Reader) error {
		a, ok := ledger.Get(r, name, money.CNY)
		switch {
		case !ok:
			return fmt.Errorf("there is no account %s", name)
		case ledger.Balance(a) != want || a.DebitsPending != held:
			return fmt.Errorf("it is %s, %s of it held", money.Format(ledger.Balance(a)), money.Format(a.DebitsPending))
		}
		return nil
	})
}

// total checks that what is owed equals what is held, and both the line.
func total(s *player, l *line) error {
	want, err := amount(l.arg(1))
	if err != nil {
		return err
	}
	s.total = true
	return s.p.Read(func(r table.Reader) error {
		var owed, held int64
		ledger.Scan(r, func(a *pb.Account) bool {
			if ledger.DebitNormal(a.Name) {
				held += ledger.Balance(a)
			} else {
				owed += ledger.Balance(a)
			}
			return true
		})
		if owed != want || held != want {
			return fmt.Errorf("%s is owed and %s is held", money.Format(owed), money.Format(held))
		}
		return nil
	})
}

func see(s *player, l *line) error {
	var found any
	err := s.p.Read(func(r table.Reader) error {
		found = s.find(r, l)
		return nil
	})
	gone := len(l.args) > 2 && l.args[2] == "gone"
	switch {
	case err != nil:
		return err
	case gone != (found == nil):
		return fmt.Errorf("found %v", found)
	case gone:
		return nil
	}
	var want []string
	for key, value := range l.options {
		want = append(want, key+"="+value)
	}
	slices.Sort(want)
	return compare(s.describe(found), want)
}

func owed(s *player, l *line) error {
	return s.p.Read(func(r table.Reader) error {
		var ids []string
		notice.Owed(r, 0, func(n *pb.Notice) bool {
			ids = append(ids, strconv.FormatUint(n.Id, 10))
			return true
		})
		if len(ids) == 0 {
			ids = []string{"none"}
		}
		if !slices.Equal(ids, l.args) {
			return fmt.Errorf("owed are %s", strings.Join(ids, " "))
		}
		return nil
	})
}

func parked(s *player, l *line) error {
	return s.p.Read(func(r table.Reader) error {
		if got := strconv.FormatUint(notice.ParkedCount(r, mchid(l.arg(0))), 10); got != l.arg(1) {
			return fmt.Errorf("%s are parked", got)
		}
		return nil
	})
}

func indexed(s *player, l *line) error {
	return s.p.Read(func(r table.Reader) error {
		var got []string
		if o, ok := order.ByNumber(r, mchid("M1"), l.arg(0)); ok {
			for _, f := range refund.ByOrder(r, o.Id) {
				got = append(got, f.OutRefundNo)
			}
		}
		if !slices.Equal(got, l.args[1:]) {
			return fmt.Errorf("indexed are %v", got)
		}
		return nil
	})
}

// due compares whether a Tick would find something to do by now.
func (s *player) due(want bool) error {
	return s.p.Read(func(r table.Reader) error {
		head, _ := machine.Head(r)
		if got := machine.TickDue(r, head, s.now+head.ClockOffsetMs); got != want {
			return fmt.Errorf("a tick would have something to do: %v", got)
		}
		return nil
	})
}

func ladder(s *player, l *line) error {
	v, ok := verbs[l.arg(0)]
	if !ok || s.ladder != nil {
		return fmt.Errorf("no ladder of %q can begin here", l.arg(0))
	}
	s.ladder = &Ladder{Line: l.number, Number: v.number}
	return nil
}

func endLadder(s *player, _ *line) error {
	if s.ladder == nil {
		return errors.New("no ladder has begun")
	}
	s.rec.Ladders = append(s.rec.Ladders, *s.ladder)
	s.ladder = nil
	return nil
}

// fingerprint covers every row but the head's place in the log and in time: it
// is equal exactly when nothing was written and no number was taken.
func (s *player) fingerprint() (sum [32]byte, err error) {
	err = s.p.Read(func(r table.Reader) error {
		head, ok := machine.Head(r)
		if !ok {
			return nil
		}
		head.AppliedIndex, head.AppliedTerm, head.At = 0, 0, 0
		sum = sha256.Sum256(table.Encode(head)) // holds the digests and the journal's root
		return nil
	})
	if err != nil {
		return sum, fmt.Errorf("read the head: %w", err)
	}
	return sum, s.books()
}

// books checks what holds between any two commands.
func (s *player) books() error {
	return s.p.Read(func(r table.Reader) (broken error) {
		head, ok := machine.Head(r)
		if !ok {
			return nil
		}
		err := machine.CheckBooks(r, head, func(b *catalogue.Breach) bool { broken = b; return false })
		return errors.Join(err, broken)
	})
}

// end checks what every story must end with: all balances, the total, and a
// journal and digests that say the same as the rows.
func (s *player) end() error {
	if s.ladder != nil {
		return errors.New("a ladder has no end")
	}
	if !s.total {
		return errors.New("the story does not end with its total")
	}
	return s.p.Read(func(r table.Reader) error {
		var silent []string
		ledger.Scan(r, func(a *pb.Account) bool {
			if !s.shown[a.Name] && ledger.Balance(a) != 0 {
				silent = append(silent, a.Name)
			}
			return true
		})
		if len(silent) > 0 {
			return fmt.Errorf("the story does not say the balance of %s", strings.Join(silent, ", "))
		}
		return machine.Audit(r)
	})
}
