package wallet

import (
	"context"
	"net/url"
	"path"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// prepayID is what a scanned code stands for: the last part of a link, or all of it.
func prepayID(scanned string) string {
	scanned = strings.TrimSpace(scanned)
	if u, err := url.Parse(scanned); err == nil && u.Scheme != "" {
		if id := u.Query().Get("prepay_id"); id != "" {
			return id
		}
		return path.Base(u.Path)
	}
	return scanned
}

// ShowPayable implements WalletService.
func (s *Server) ShowPayable(ctx context.Context, q *connect.Request[pb.ShowPayableRequest]) (*connect.Response[pb.Payable], error) {
	if token, ok := paylink.Token(q.Msg.Code); ok {
		return s.showTill(ctx, token)
	}
	who, v := from(ctx), &pb.Payable{PrepayId: prepayID(q.Msg.Code)}
	if err := s.read(ctx, "look at a code", func(r table.Reader) error {
		w, _, out := own(r, who)
		if out != code.OK {
			return &code.Error{Code: out}
		}
		o, ok := order.Behind(r, v.PrepayId)
		if !ok {
			return &code.Error{Code: code.OrderNotFound}
		}
		out = order.Payable(o, v.PrepayId, s.Now(), stamp.Business)
		if out == code.PrepayReplaced { // and nothing of the order
			return &code.Error{Code: out}
		}
		v.Merchant, v.Description, v.Total = merchantName(r, o.Mchid), o.Description, o.Total
		v.State, v.NeedsPin = out.String(), o.Total > w.FreeLimit
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(v)
}

func merchantName(r table.Reader, mchid string) string {
	if m, ok := merchant.Get(r, mchid); ok {
		return m.Name
	}
	return ""
}

// Pay implements WalletService.
func (s *Server) Pay(ctx context.Context, q *connect.Request[pb.PayRequest]) (*connect.Response[pb.Payment], error) {
	o, err := s.pay(ctx, q.Msg)
	if err != nil {
		return nil, err
	}
	return answer(&pb.Payment{
		TransactionId: ident.TransactionID(o.Id, o.PaidAt, stamp.Business), OutTradeNo: o.OutTradeNo,
		Total: o.Total, PaidAt: o.PaidAt, Entry: o.PaySeq,
	})
}

// pay pays what a code stands for: an order, or a till.
func (s *Server) pay(ctx context.Context, m *pb.PayRequest) (*pb.Order, error) {
	if token, ok := paylink.Token(m.Code); ok {
		return s.payTill(ctx, token, m)
	}
	who := from(ctx)
	return do(ctx, s, order.PayByWallet, &pb.WalletPay{
		PrepayId: prepayID(m.Code), Uid: who.uid, Attempt: []byte(m.ClientId), Consent: who.consent(m.Grant),
	})
}
