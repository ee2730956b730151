package wallet

import (
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
	rule "github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// Transfer implements WalletService.
func (s *Server) Transfer(ctx context.Context, q *connect.Request[pb.TransferRequest]) (*connect.Response[pb.TransferView], error) {
	who, m := from(ctx), q.Msg
	payee, err := s.payee(ctx, m.Payee, m.Amount)
	if err != nil {
		return nil, err
	}
	c := &pb.TransferCreate{
		Payer: who.uid, Payee: payee, Amount: m.Amount, Currency: money.CNY, ClientId: m.ClientId, Accept: m.Accept, Consent: who.consent(m.Grant),
	}
	if c.Memo, err = s.memo(ctx, m.Memo, who.uid, payee); err != nil {
		return nil, err
	}
	t, err := do(ctx, s, transfer.Create, c)
	if err != nil {
		return nil, err
	}
	return s.transferView(ctx, t)
}

// maxMemo bounds a memo, in characters.
const maxMemo = 60

// memo seals a text for people who may read it; none is nil.
func (s *Server) memo(ctx context.Context, text string, readers ...uint64) (*pb.Sealed, error) {
	return s.sealText(ctx, text, maxMemo, readers...)
}

// sealText seals a text of at most so many characters.
func (s *Server) sealText(ctx context.Context, text string, most int, readers ...uint64) (*pb.Sealed, error) {
	who := from(ctx)
	switch {
	case text == "":
		return nil, nil
	case !rule.Text(text, most):
		return nil, refuse(who, code.TextInvalid)
	}
	var people []*pb.Person
	if err := s.read(ctx, "find a memo's readers", func(r table.Reader) error {
		for _, uid := range readers {
			if p, ok := person.Get(r, uid); ok {
				people = append(people, p)
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	sealed, err := s.Personal.SealMemo(ctx, text, people...)
	if err != nil {
		return nil, s.fail(who, "seal a memo", err)
	}
	return sealed, nil
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
	var v *pb.TransferView
	if err := s.readOwn(ctx, "show a transfer", func(r table.Reader) error {
		v = s.transferLine(r, from(ctx).uid, t)
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(v)
}

// transferLine is a transfer as one of its two sees it.
func (s *Server) transferLine(r table.Reader, uid uint64, t *pb.PersonTransfer) *pb.TransferView {
	v := &pb.TransferView{
		Transfer: t.Id, Amount: t.Amount, Mine: t.Payer == uid, CreatedAt: t.CreatedAt, EndedAt: t.EndedAt,
		State: rpc.Word(t.State), Entry: max(t.CreateSeq, t.EndSeq),
	}
	if t.State == pb.TransferState_TRANSFER_STATE_WAITING {
		v.Until = transfer.WaitsUntil(t)
	}
	other := t.Payer
	if v.Mine {
		other = t.Payee
	}
	v.Who = personal.Masked(r, s.Personal, other)
	if p, ok := person.Get(r, uid); ok && t.Memo != nil {
		v.Memo, _ = s.Personal.OpenMemo(t.Memo, p) // "" where it can't be opened
	}
	return v
}
