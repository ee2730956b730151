package storytest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// tokenOf makes the token of a printed code from a word of up to 16 letters; "short" is
// too short.
func tokenOf(word string) []byte {
	if word == "short" {
		return []byte(word)
	}
	return fmt.Appendf(nil, "%-16s", word)[:till.TokenSize]
}

func tillAdd(_ *player, l *line) (table.Record, error) {
	return &pb.TillAdd{Mchid: mchid(l.arg(0)), Name: l.option("name", l.arg(1)), Token: tokenOf(l.option("token", l.arg(0)+l.arg(1)))}, nil
}

func tillSet(s *player, l *line) (table.Record, error) {
	t, err := s.till(l.arg(0))
	pay, err2 := amount(l.option("pay", "0"))
	cash, err3 := amount(l.option("cash", "0"))
	shift, err4 := amount(l.option("shift", "0"))
	return &pb.TillSet{Id: t.GetId(), Close: l.has("close"), Caps: &pb.TillCaps{Pay: pay, Cash: cash, Shift: shift}}, errors.Join(err, err2, err3, err4)
}

// till finds a till by MERCHANT/NAME; nil when it is not there.
func (s *player) till(name string) (t *pb.Till, err error) {
	merchant, name, _ := strings.Cut(name, "/")
	return t, s.p.Read(func(r table.Reader) error {
		t, _ = till.ByName(r, mchid(merchant), name)
		return nil
	})
}

func tillPay(s *player, l *line) (table.Record, error) {
	t, err := s.till(l.arg(0))
	uid, err2 := s.uid(l.arg(1))
	fen, err3 := amount(l.arg(2))
	by, err4 := consent(l)
	return &pb.TillPay{Token: t.GetToken(), Uid: uid, Amount: fen, ClientId: l.arg(3), Consent: by}, errors.Join(err, err2, err3, err4)
}

func shiftOpen(s *player, l *line) (table.Record, error) {
	t, err := s.till(l.arg(0))
	number, err2 := strconv.ParseUint(l.arg(1), 10, 64)
	id, err3 := s.memberID(l.arg(2))
	fen, err4 := amount(l.arg(3))
	return &pb.ShiftOpen{Till: t.GetId(), Number: number, Staff: id, Float: fen}, errors.Join(err, err2, err3, err4)
}

func shiftClose(s *player, l *line) (table.Record, error) {
	t, err := s.till(l.arg(0))
	number, err2 := strconv.ParseUint(l.arg(1), 10, 64)
	fen, err3 := amount(l.arg(2))
	return &pb.ShiftClose{Till: t.GetId(), Number: number, Counted: fen}, errors.Join(err, err2, err3)
}

func cashIn(s *player, l *line) (table.Record, error) {
	t, err := s.till(l.arg(0))
	uid, err2 := s.uid(l.arg(1))
	fen, err3 := amount(l.arg(2))
	id, err4 := s.memberID(l.option("staff", "nobody"))
	return &pb.CashIn{Till: t.GetId(), Uid: uid, Amount: fen, ClientId: l.arg(3), Staff: id, Change: l.has("change")}, errors.Join(err, err2, err3, err4)
}

func cashOut(s *player, l *line) (table.Record, error) {
	body, err := tillPay(s, l)
	p, _ := body.(*pb.TillPay)
	return &pb.CashOut{Token: p.Token, Uid: p.Uid, Amount: p.Amount, ClientId: p.ClientId, Consent: p.Consent}, err
}

func cashUndo(s *player, l *line) (table.Record, error) {
	t, err := s.till(l.arg(0))
	id, err2 := s.memberID(l.option("staff", "nobody"))
	return &pb.CashUndo{Till: t.GetId(), ClientId: l.arg(1), Staff: id}, errors.Join(err, err2)
}

// findAtTill looks up what a see line names: a till, its shift or what was done in cash.
func (s *player) findAtTill(r table.Reader, l *line) any {
	t, err := s.till(l.arg(1))
	if err != nil || t == nil {
		return nil
	}
	switch l.arg(0) {
	case "till":
		return t
	case "shift":
		number, _ := strconv.ParseUint(l.arg(2), 10, 64)
		if found, ok := till.ShiftOf(r, t.Id, number); ok {
			return found
		}
	case "cash":
		if found, ok := till.CashOf(r, t.Id, l.arg(2)); ok {
			return found
		}
	}
	return nil
}

func describeAtTill(body any) map[string]string {
	switch r := body.(type) {
	case *pb.Till:
		return map[string]string{
			"id": num(r.Id), "closed": strconv.FormatBool(r.ClosedAt != 0), "token": strings.TrimSpace(string(r.Token)),
			"cash": money.Format(till.Caps(r).Cash), "shift": num(r.Shift),
		}
	case *pb.Shift:
		return map[string]string{
			"number": num(r.Number), "state": word(r.State, "SHIFT_STATE_"), "staff": num(r.Staff), "float": money.Format(r.Float),
			"taken": money.Format(r.Taken), "out": money.Format(r.PaidOut), "expected": money.Format(till.Expected(r)), "counted": money.Format(r.Counted),
		}
	case *pb.CashMove:
		return map[string]string{
			"kind": word(r.Kind, "CASH_KIND_"), "amount": money.Format(r.Amount), "shift": num(r.Shift), "undone": strconv.FormatBool(r.UndoneAt != 0),
			"state": word(r.State, "CASH_STATE_"), "uid": num(r.Uid),
		}
	}
	return nil
}
