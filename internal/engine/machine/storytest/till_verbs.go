package storytest

import (
	"errors"
	"fmt"
	"strings"

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
