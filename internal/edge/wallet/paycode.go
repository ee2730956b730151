package wallet

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// aliasDraws is how often an alias is drawn that turns out to be somebody's. Were half
// of all taken, one renewal in 65,000 would come to nothing and be repeated.
const aliasDraws = 16

// RenewPayCode implements WalletService.
func (s *Server) RenewPayCode(ctx context.Context, _ *connect.Request[pb.RenewPayCodeRequest]) (*connect.Response[pb.RenewPayCodeResponse], error) {
	who := from(ctx)
	p, alias, err := s.renew(ctx)
	if err != nil {
		return nil, err
	}
	secret, err := judge.Secret(ctx, s.Personal, alias, who.params.Key)
	if err != nil {
		return nil, s.fail(who, "make a device's secret", err)
	}
	v := &pb.RenewPayCodeResponse{Alias: alias, Secret: secret, ServerTime: s.Wall().UnixMilli()}
	for _, dev := range p.Devices {
		for _, a := range dev.Aliases {
			if a.Alias == alias {
				v.Until = a.Until
			}
		}
	}
	return answer(v)
}

// renew draws aliases until one is nobody's.
func (s *Server) renew(ctx context.Context) (p *pb.PayCodes, alias uint32, err error) {
	who := from(ctx)
	for range aliasDraws {
		n, err := rand.Int(rand.Reader, big.NewInt(paycode.MaxAlias))
		if err != nil {
			return nil, 0, s.fail(who, "draw an alias", err)
		}
		alias = uint32(n.Uint64())
		var out code.Code
		p, out, err = paycode.Renew.Do(ctx, s.Core, who.actor(), who.request, &pb.PayCodeRenew{Uid: who.uid, Alias: alias, Consent: who.consent(0)})
		switch {
		case err != nil:
			return nil, 0, s.fail(who, "renew an alias", err)
		case out == code.CodeNumberTaken:
			continue
		case out != code.OK:
			return nil, 0, s.refuse(who, out)
		}
		return p, alias, nil
	}
	return nil, 0, s.fail(who, "renew an alias", errors.New("all that were drawn are somebody's"))
}

// ListAsked implements WalletService.
func (s *Server) ListAsked(ctx context.Context, _ *connect.Request[pb.ListAskedRequest]) (*connect.Response[pb.ListAskedResponse], error) {
	who, v := from(ctx), &pb.ListAskedResponse{}
	if err := s.read(ctx, "list what waits", func(r table.Reader) error {
		v.Asked = nil
		for _, o := range paycode.Waiting(r, who.uid) {
			v.Asked = append(v.Asked, s.askedOrder(r, o))
		}
		for _, m := range paycode.WaitingCash(r, s.Now(), who.uid) {
			v.Asked = append(v.Asked, s.askedCash(r, m))
		}
		_, _, out := own(r, who)
		return out.Err()
	}); err != nil {
		return nil, err
	}
	return answer(v)
}

// ShowAsked implements WalletService.
func (s *Server) ShowAsked(ctx context.Context, q *connect.Request[pb.ShowAskedRequest]) (*connect.Response[pb.Asked], error) {
	who := from(ctx)
	var v *pb.Asked
	if err := s.read(ctx, "show what waits", func(r table.Reader) error {
		if v = s.askedOf(r, who.uid, q.Msg); v == nil {
			return code.AskNotFound.Err()
		}
		_, _, out := own(r, who)
		return out.Err()
	}); err != nil {
		return nil, err
	}
	return answer(v)
}

// AnswerAsked implements WalletService.
func (s *Server) AnswerAsked(ctx context.Context, q *connect.Request[pb.AnswerAskedRequest]) (*connect.Response[pb.Asked], error) {
	show, err := s.answerAsked(ctx, q.Msg)
	if err != nil {
		return nil, err
	}
	var v *pb.Asked
	if err := s.read(ctx, "show what waited", func(r table.Reader) error {
		v = show(r)
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(v)
}

// answerAsked answers for an order, or whether a till may hand cash out, and returns how
// to show it.
func (s *Server) answerAsked(ctx context.Context, q *pb.AnswerAskedRequest) (show func(table.Reader) *pb.Asked, err error) {
	who := from(ctx)
	if c := q.Cash; c != nil {
		m, err := do(ctx, s, paycode.AnswerCash, &pb.CashAnswer{Till: c.Till, ClientId: c.ClientId, Uid: who.uid, Pay: q.Pay, Consent: who.consent(q.Grant)})
		return func(r table.Reader) *pb.Asked { return s.askedCash(r, m) }, err
	}
	o, err := do(ctx, s, paycode.Answer, &pb.AskAnswer{Order: q.Order, Uid: who.uid, Pay: q.Pay, Consent: who.consent(q.Grant)})
	return func(r table.Reader) *pb.Asked { return s.askedOrder(r, o) }, err
}

// askedOrder is an order as the person who showed a code for it sees it.
func (s *Server) askedOrder(r table.Reader, o *pb.Order) *pb.Asked {
	v := &pb.Asked{Order: o.Id, Merchant: merchantName(r, o.Mchid), Description: o.Description, Total: o.Total, State: "closed", Entry: o.PaySeq}
	switch {
	case order.Paid(o):
		v.State = "paid"
	case o.State == pb.TradeState_TRADE_STATE_USERPAYING && s.Now() < paycode.AskedUntil(o):
		v.State, v.Until = "waiting", paycode.AskedUntil(o)
	}
	return v
}

// askedOf is what a person was asked for, nil where it was somebody else or nobody.
func (s *Server) askedOf(r table.Reader, uid uint64, q *pb.ShowAskedRequest) *pb.Asked {
	if q.Cash != nil {
		if m, ok := till.CashOf(r, q.Cash.Till, q.Cash.ClientId); ok && m.AskedUntil != 0 && m.Uid == uid {
			return s.askedCash(r, m)
		}
		return nil
	}
	if o, ok := order.Get(r, q.Order); ok && paycode.Shown(o) != nil && o.PayerUid == uid {
		return s.askedOrder(r, o)
	}
	return nil
}

// askedCash is cash as the person who showed a code for it sees it.
func (s *Server) askedCash(r table.Reader, m *pb.CashMove) *pb.Asked {
	v := &pb.Asked{Cash: &pb.AskedCash{Till: m.Till, ClientId: m.ClientId}, Total: m.Amount, State: "closed"}
	if t, ok := till.Peek(r, m.Till); ok {
		v.Merchant, v.Description = merchantName(r, t.Mchid), t.Name
	}
	switch {
	case m.State == pb.CashState_CASH_STATE_DONE, m.State == pb.CashState_CASH_STATE_UNDONE:
		v.State, v.Entry = "paid", m.Seq
	case till.Waits(r, s.Now(), m):
		v.State, v.Until = "waiting", m.AskedUntil
	}
	return v
}
