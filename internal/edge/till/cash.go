package till

import (
	"context"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	rule "github.com/holdfast-pay/holdfast/internal/rule/till"
)

// OpenShift implements TillService.
func (s *Server) OpenShift(ctx context.Context, q *connect.Request[pb.OpenShiftRequest]) (*connect.Response[pb.ShiftView], error) {
	m, t, err := s.at(ctx, q.Msg.Till)
	if err != nil {
		return nil, err
	}
	shift, err := do(ctx, s, rule.OpenShift, &pb.ShiftOpen{Till: t.Id, Number: q.Msg.Number, Staff: m.ID, Float: q.Msg.Float})
	if err != nil {
		return nil, err
	}
	return s.shiftView(ctx, shift)
}

// CloseShift implements TillService. Whoever counts the drawer may be another than who
// worked the shift; the journal says who.
func (s *Server) CloseShift(ctx context.Context, q *connect.Request[pb.CloseShiftRequest]) (*connect.Response[pb.ShiftView], error) {
	_, t, err := s.at(ctx, q.Msg.Till)
	if err != nil {
		return nil, err
	}
	shift, err := do(ctx, s, rule.CloseShift, &pb.ShiftClose{Till: t.Id, Number: q.Msg.Number, Counted: q.Msg.Counted})
	if err != nil {
		return nil, err
	}
	return s.shiftView(ctx, shift)
}

// ShowShift implements TillService. That there was no shift yet is no refusal: a page asks
// whenever it opens.
func (s *Server) ShowShift(ctx context.Context, q *connect.Request[pb.ShowShiftRequest]) (*connect.Response[pb.ShiftView], error) {
	_, t, err := s.at(ctx, q.Msg.Till)
	if err != nil {
		return nil, err
	}
	var shift *pb.Shift
	var any bool
	if err := s.read(ctx, "show a shift", func(r table.Reader) error {
		shift, any = rule.ShiftOf(r, t.Id, t.Shift)
		return nil
	}); err != nil {
		return nil, err
	}
	if !any {
		return answer(&pb.ShiftView{Till: t.Id})
	}
	return s.shiftView(ctx, shift)
}

func (s *Server) shiftView(ctx context.Context, shift *pb.Shift) (*connect.Response[pb.ShiftView], error) {
	var v *pb.ShiftView
	lines, err := s.Views.History(ledger.TillCash(shift.Till), money.CNY, 0, newest)
	if err != nil {
		return nil, s.fail(ctx, "list what was done in cash", err)
	}
	if err := s.read(ctx, "show a shift", func(r table.Reader) error {
		v = shown(r, shift)
		for _, l := range lines {
			if m, ok := cashOf(r, shift, l); ok {
				v.Newest = append(v.Newest, s.cashView(r, m))
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(v)
}

// cashOf is what a line of a drawer's history was done for, in the shift; an undoing
// shows on what it undid.
func cashOf(r table.Reader, shift *pb.Shift, l *pb.HistoryLine) (*pb.CashMove, bool) {
	if l.Code != pb.PostingCode_POSTING_CODE_CASH {
		return nil, false
	}
	_, rest, _ := strings.Cut(l.Entity, "/")
	_, clientID, _ := strings.Cut(rest, "/")
	m, ok := rule.CashOf(r, shift.Till, clientID)
	return m, ok && m.Shift == shift.Number
}

func (s *Server) cashView(r table.Reader, m *pb.CashMove) *pb.CashView {
	v := &pb.CashView{
		ClientId: m.ClientId, Kind: rpc.Word(m.Kind), Amount: m.Amount, Who: personal.Masked(r, s.Personal, m.Uid), At: m.At, UndoneAt: m.UndoneAt, State: rpc.Word(m.State),
	}
	switch {
	case rule.Waits(r, s.Now(), m):
		v.Until = m.AskedUntil
	case m.State == pb.CashState_CASH_STATE_WAITING: // and nobody can say yes any more
		v.State = rpc.Word(pb.CashState_CASH_STATE_CALLED_OFF)
	}
	return v
}

// TakeCash implements TillService.
func (s *Server) TakeCash(ctx context.Context, q *connect.Request[pb.TillCashRequest]) (*connect.Response[pb.CashView], error) {
	m, t, err := s.at(ctx, q.Msg.Till)
	if err != nil {
		return nil, err
	}
	kind := pb.CashKind_CASH_KIND_IN
	if q.Msg.Change {
		kind = pb.CashKind_CASH_KIND_CHANGE
	}
	if _, shown := paycode.Parse(q.Msg.Code); shown && q.Msg.Phone == "" {
		return s.cashForCode(ctx, m, t, q.Msg, kind)
	}
	uid, err := s.whose(ctx, q.Msg)
	if err != nil {
		return nil, err
	}
	done, err := do(ctx, s, rule.TakeCash, &pb.CashIn{Till: t.Id, ClientId: q.Msg.ClientId, Uid: uid, Amount: q.Msg.Amount, Change: q.Msg.Change, Staff: m.ID})
	if err != nil {
		return nil, err
	}
	return s.cashAnswer(ctx, done)
}

func (s *Server) cashAnswer(ctx context.Context, m *pb.CashMove) (*connect.Response[pb.CashView], error) {
	var v *pb.CashView
	if err := s.read(ctx, "show cash", func(r table.Reader) error {
		v = s.cashView(r, m)
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(v)
}

// whose finds the person whose wallet the cash goes into. A number that nobody has and
// a code that is nobody's come out alike.
func (s *Server) whose(ctx context.Context, q *pb.TillCashRequest) (uid uint64, err error) {
	var tag []byte
	if q.Phone != "" {
		phone, ok := personal.Phone(q.Phone)
		if !ok {
			return 0, refuse(ctx, code.PhoneTagInvalid)
		}
		if tag, err = s.Personal.PhoneTag(ctx, phone); err != nil {
			return 0, s.fail(ctx, "hash a phone number", err)
		}
	}
	err = s.read(ctx, "find a wallet", func(r table.Reader) error {
		if tag != nil {
			if p, ok := person.ByPhone(r, tag); ok {
				uid = p.Uid
			}
		} else if mine, _, _, ok := paylink.ReadReceive(q.Code); ok { // an amount that they ask for is of no interest here
			uid = paycode.ByReceive(r, mine)
		}
		if uid == 0 {
			return code.PayeeUnavailable.Err()
		}
		return nil
	})
	return uid, err
}

// HandCash implements TillService.
func (s *Server) HandCash(ctx context.Context, q *connect.Request[pb.TillCashRequest]) (*connect.Response[pb.CashView], error) {
	m, t, err := s.at(ctx, q.Msg.Till)
	if err != nil {
		return nil, err
	}
	return s.cashForCode(ctx, m, t, q.Msg, pb.CashKind_CASH_KIND_OUT)
}

// cashForCode takes cash for a shown code, or hands it out.
func (s *Server) cashForCode(ctx context.Context, m staffauth.Member, t *pb.Till, q *pb.TillCashRequest, kind pb.CashKind) (*connect.Response[pb.CashView], error) {
	done, out, err := s.Codes.Cash(ctx, judge.Charge{
		Order: &pb.OrderCreate{Mchid: t.Mchid}, Till: t.Id, Code: q.Code, Actor: m.Actor(), Request: rpc.CallOf(ctx).Request,
	}, &pb.CodeCash{Till: t.Id, ClientId: q.ClientId, Kind: kind, Amount: q.Amount, Staff: m.ID})
	switch {
	case err != nil:
		return nil, s.fail(ctx, "do cash for a shown code", err)
	case out != code.OK:
		return nil, refuse(ctx, out)
	}
	return s.cashAnswer(ctx, done)
}

// UndoCash implements TillService.
func (s *Server) UndoCash(ctx context.Context, q *connect.Request[pb.UndoCashRequest]) (*connect.Response[pb.CashView], error) {
	m, t, err := s.at(ctx, q.Msg.Till)
	if err != nil {
		return nil, err
	}
	done, err := do(ctx, s, rule.UndoCash, &pb.CashUndo{Till: t.Id, ClientId: q.Msg.ClientId, Staff: m.ID})
	if err != nil {
		return nil, err
	}
	return s.cashAnswer(ctx, done)
}
