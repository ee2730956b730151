package wallet

import (
	"context"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// Transfer implements WalletService.
func (s *Server) Transfer(ctx context.Context, q *connect.Request[pb.TransferRequest]) (*connect.Response[pb.TransferView], error) {
	who, m := from(ctx), q.Msg
	payee, err := s.payee(ctx, m.Payee)
	if err != nil {
		return nil, err
	}
	t, err := do(ctx, s, transfer.Create, &pb.TransferCreate{
		Payer: who.uid, Payee: payee, Amount: m.Amount, Currency: money.CNY, ClientId: m.ClientId, Accept: m.Accept, Consent: who.consent(m.Grant),
	})
	if err != nil {
		return nil, err
	}
	return s.transferView(ctx, t)
}

// ShowTransfer implements WalletService.
func (s *Server) ShowTransfer(ctx context.Context, q *connect.Request[pb.ShowTransferRequest]) (*connect.Response[pb.TransferView], error) {
	var found *pb.PersonTransfer
	if err := s.read(ctx, "show a transfer", func(r table.Reader) error {
		who := from(ctx)
		t, ok := transfer.Get(r, q.Msg.Transfer)
		if !ok || t.Payer != who.uid && t.Payee != who.uid {
			return &code.Error{Code: code.TransferNotFound}
		}
		_, _, out := own(r, who)
		found = t
		return out.Err()
	}); err != nil {
		return nil, err
	}
	return s.transferView(ctx, found)
}

// AnswerTransfer implements WalletService.
func (s *Server) AnswerTransfer(ctx context.Context, q *connect.Request[pb.AnswerTransferRequest]) (*connect.Response[pb.TransferView], error) {
	who := from(ctx)
	var t *pb.PersonTransfer
	var err error
	if q.Msg.Accept {
		t, err = do(ctx, s, transfer.Accept, &pb.TransferAccept{Id: q.Msg.Transfer, Uid: who.uid, Consent: who.consent(0)})
	} else {
		t, err = do(ctx, s, transfer.Decline, &pb.TransferDecline{Id: q.Msg.Transfer, Uid: who.uid, Consent: who.consent(0)})
	}
	if err != nil {
		return nil, err
	}
	return s.transferView(ctx, t)
}

// transferView is a transfer as the caller, who takes part in it, sees it.
func (s *Server) transferView(ctx context.Context, t *pb.PersonTransfer) (*connect.Response[pb.TransferView], error) {
	who := from(ctx)
	v := &pb.TransferView{
		Transfer: t.Id, Amount: t.Amount, Mine: t.Payer == who.uid, CreatedAt: t.CreatedAt, EndedAt: t.EndedAt,
		State: strings.ToLower(strings.TrimPrefix(t.State.String(), "TRANSFER_STATE_")), Entry: max(t.CreateSeq, t.EndSeq),
	}
	if t.State == pb.TransferState_TRANSFER_STATE_WAITING {
		v.Until = transfer.WaitsUntil(t)
	}
	other := t.Payer
	if v.Mine {
		other = t.Payee
	}
	if err := s.read(ctx, "show a transfer", func(r table.Reader) error {
		v.Who = s.masked(r, other)
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(v)
}
