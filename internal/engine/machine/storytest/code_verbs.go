package storytest

import (
	"errors"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
)

func payCodeRenew(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	alias, err2 := strconv.ParseUint(l.arg(1), 10, 32)
	by, err3 := consent(l)
	return &pb.PayCodeRenew{Uid: uid, Alias: uint32(alias), Consent: by}, errors.Join(err, err2, err3)
}

func payCodeWrong(_ *player, l *line) (table.Record, error) {
	till, err := strconv.ParseUint(l.arg(1), 10, 64)
	return &pb.PayCodeWrong{Mchid: mchid(l.arg(0)), Till: till}, err
}

func codePay(_ *player, l *line) (table.Record, error) {
	fen, err := amount(l.arg(2))
	code, err2 := shownCode(l, 3)
	till, err3 := strconv.ParseUint(l.option("till", "0"), 10, 64)
	return &pb.CodePay{
		Order: &pb.OrderCreate{
			OutTradeNo: l.arg(0), Mchid: mchid(l.arg(1)), Total: fen, Currency: currency(l), Appid: appid(l.option("appid", "A1")),
			Product: pb.Product_PRODUCT_MICROPAY, Description: l.option("description", "tea"),
		},
		Code: code,
		Till: till,
	}, errors.Join(err, err2, err3)
}

// shownCode reads alias, step and tap of a code that is shown.
func shownCode(l *line, at int) (*pb.ShownCode, error) {
	alias, err := strconv.ParseUint(l.arg(at), 10, 32)
	step, err2 := strconv.ParseUint(l.arg(at+1), 10, 64)
	tap, err3 := strconv.ParseUint(l.arg(at+2), 10, 32)
	digits, err4 := strconv.ParseUint(l.option("digits", strconv.FormatUint(step*paycode.Taps+tap, 10)), 10, 32)
	return &pb.ShownCode{Alias: uint32(alias), Step: step, Tap: uint32(tap), Digits: uint32(digits), Judge: 1}, errors.Join(err, err2, err3, err4)
}

func codeCash(s *player, l *line) (table.Record, error) {
	t, err := s.till(l.arg(0))
	fen, err2 := amount(l.arg(2))
	code, err3 := shownCode(l, 4)
	id, err4 := s.memberID(l.option("staff", "nobody"))
	kind := pb.CashKind(pb.CashKind_value["CASH_KIND_"+strings.ToUpper(l.arg(1))])
	return &pb.CodeCash{Till: t.GetId(), Kind: kind, Amount: fen, ClientId: l.arg(3), Code: code, Staff: id}, errors.Join(err, err2, err3, err4)
}

func cashAnswer(s *player, l *line) (table.Record, error) {
	t, err := s.till(l.arg(0))
	uid, err2 := s.uid(l.arg(2))
	by, err3 := consent(l)
	return &pb.CashAnswer{Till: t.GetId(), ClientId: l.arg(1), Uid: uid, Pay: l.arg(3) == "pay", Consent: by}, errors.Join(err, err2, err3)
}

func askAnswer(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(1))
	by, err2 := consent(l)
	c := &pb.AskAnswer{Uid: uid, Pay: l.arg(2) == "pay", Consent: by}
	return c, errors.Join(err, err2, s.p.Read(func(r table.Reader) error {
		if o, ok := order.ByNumber(r, mchid(l.option("merchant", "M1")), l.arg(0)); ok {
			c.Order = o.Id
		}
		return nil
	}))
}

func receiveCodeSet(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	by, err2 := consent(l)
	return &pb.ReceiveCodeSet{Uid: uid, Code: minted(l.arg(1)), Consent: by}, errors.Join(err, err2)
}

func (s *player) describeCodes(c *pb.PayCodes) map[string]string {
	out := map[string]string{"devices": strconv.Itoa(len(c.Devices)), "asked": strconv.Itoa(len(c.Asked)), "cash": strconv.Itoa(len(c.Cash)), "receives": strconv.FormatBool(len(c.Receive) > 0)}
	for i, dev := range c.Devices {
		n := strconv.Itoa(i + 1)
		out["used"+n], out["alias"+n], out["aliases"+n] = strconv.Itoa(len(dev.Used)), num(dev.Aliases[0].Alias), strconv.Itoa(len(dev.Aliases))
		out["until"+n] = s.when(dev.Aliases[len(dev.Aliases)-1].Until)
	}
	return out
}
