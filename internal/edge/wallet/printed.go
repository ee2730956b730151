package wallet

import (
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// showTill shows what a printed code asks for: an amount that the payer types.
func (s *Server) showTill(ctx context.Context, token []byte) (*connect.Response[pb.Payable], error) {
	who, v := from(ctx), &pb.Payable{TypeAmount: true}
	if err := s.read(ctx, "look at a printed code", func(r table.Reader) error {
		_, _, out := own(r, who)
		if out != code.OK {
			return out.Err()
		}
		t, ok := till.ByToken(r, token)
		if !ok {
			return code.TillNotFound.Err()
		}
		v.Merchant, v.Description, v.Most, v.State = merchantName(r, t.Mchid), t.Name, till.Caps(t).Pay, code.OK.String()
		if t.ClosedAt != 0 {
			v.State = code.TillClosed.String()
		}
		v.PaysCash = till.Open(r, t) != nil
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(v)
}

// payTill pays by a printed code.
func (s *Server) payTill(ctx context.Context, token []byte, m *pb.PayRequest) (*pb.Order, error) {
	who := from(ctx)
	return do(ctx, s, till.Pay, &pb.TillPay{Token: token, Uid: who.uid, Amount: m.Amount, ClientId: m.ClientId, Consent: who.consent(m.Grant)})
}

// WithdrawCash implements WalletService.
func (s *Server) WithdrawCash(ctx context.Context, q *connect.Request[pb.WithdrawCashRequest]) (*connect.Response[pb.CashOutView], error) {
	who, m := from(ctx), q.Msg
	token, ok := paylink.Token(m.Code)
	if !ok {
		return nil, refuse(who, code.TillNotFound)
	}
	out, err := do(ctx, s, till.PayCash, &pb.CashOut{Token: token, ClientId: m.ClientId, Uid: who.uid, Amount: m.Amount, Consent: who.consent(m.Grant)})
	if err != nil {
		return nil, err
	}
	return answer(&pb.CashOutView{Till: out.Till, Amount: out.Amount, At: out.At, UndoneAt: out.UndoneAt, Entry: max(out.Seq, out.UndoSeq)})
}
