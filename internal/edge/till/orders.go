package till

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
	rule "github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

const (
	maxDescription = 40
	maxReason      = 60
)

// ListTills implements TillService.
func (s *Server) ListTills(ctx context.Context, q *connect.Request[pb.ListTillsRequest]) (*connect.Response[pb.ListTillsResponse], error) {
	m, err := s.cashier(ctx)
	if err != nil {
		return nil, err
	}
	const page = 100
	a := &pb.ListTillsResponse{Staff: m.Ref}
	err = s.read(ctx, "list tills", func(r table.Reader) error {
		if shop, ok := merchant.Peek(r, m.Mchid); ok {
			a.Merchant = shop.Name
		}
		rule.Of(r, m.Mchid, q.Msg.After, func(t *pb.Till) bool {
			if len(a.Tills) == page {
				a.Next = a.Tills[page-1].Name
				return false
			}
			a.Tills = append(a.Tills, &pb.TillView{
				Till: t.Id, Name: t.Name, Link: s.TillLink(t.Token), Closed: t.ClosedAt != 0, Shift: t.Shift, Open: rule.Open(r, t) != nil,
			})
			return true
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a)
}

// number is the merchant's number of what a till does under a client id.
func number(till uint64, clientID string) string {
	sum := sha256.Sum256([]byte(clientID))
	return "T" + strconv.FormatUint(till, 36) + "-" + hex.EncodeToString(sum[:8])
}

// CreateOrder implements TillService.
func (s *Server) CreateOrder(ctx context.Context, q *connect.Request[pb.TillOrderRequest]) (*connect.Response[pb.TillOrder], error) {
	c, err := s.placed(ctx, q.Msg)
	if err != nil {
		return nil, err
	}
	c.Product = pb.Product_PRODUCT_NATIVE
	o, err := do(ctx, s, order.Create, c)
	if err != nil {
		return nil, err
	}
	return s.orderView(ctx, o)
}

// placed is the order that a call asks for, but for its product.
func (s *Server) placed(ctx context.Context, m *pb.TillOrderRequest) (*pb.OrderCreate, error) {
	_, t, err := s.at(ctx, m.Till)
	switch {
	case err != nil:
		return nil, err
	case !ident.ValidClientID(m.ClientId):
		return nil, refuse(ctx, code.ClientIDInvalid)
	case m.Description == "" || !wallet.Text(m.Description, maxDescription):
		return nil, refuse(ctx, code.TextInvalid)
	case t.ClosedAt != 0:
		return nil, refuse(ctx, code.TillClosed)
	case m.Amount > rule.Caps(t).Pay:
		return nil, refuse(ctx, code.TillCapExceeded)
	}
	c := &pb.OrderCreate{
		Mchid: t.Mchid, OutTradeNo: number(t.Id, m.ClientId), Total: m.Amount, Currency: money.CNY, Description: m.Description, DeviceId: rule.Entity(t.Id),
	}
	err = s.read(ctx, "find the merchant", func(r table.Reader) error {
		if shop, ok := merchant.Peek(r, t.Mchid); ok {
			c.NotifyUrl = shop.Settings.GetTillNotifyUrl()
			if len(shop.Appids) > 0 {
				c.Appid = shop.Appids[0]
			}
		}
		if old, ok := order.ByNumber(r, t.Mchid, c.OutTradeNo); ok { // its repeat, although the merchant's setting has changed
			c.NotifyUrl = old.NotifyUrl
		}
		return nil
	})
	return c, err
}

// ShowOrder implements TillService.
func (s *Server) ShowOrder(ctx context.Context, q *connect.Request[pb.ShowTillOrderRequest]) (*connect.Response[pb.TillOrder], error) {
	m, err := s.cashier(ctx)
	if err != nil {
		return nil, err
	}
	o, err := s.order(ctx, m.Mchid, q.Msg.OutTradeNo)
	if err != nil {
		return nil, err
	}
	return s.orderView(ctx, o)
}

// CancelOrder implements TillService.
func (s *Server) CancelOrder(ctx context.Context, q *connect.Request[pb.CancelTillOrderRequest]) (*connect.Response[pb.TillOrder], error) {
	m, err := s.cashier(ctx)
	if err != nil {
		return nil, err
	}
	o, err := s.order(ctx, m.Mchid, q.Msg.OutTradeNo)
	switch {
	case err != nil:
		return nil, err
	case tillOf(o) == 0: // the merchant's own program waits for it
		return nil, refuse(ctx, code.OrderNotFound)
	}
	closed, out, err := order.Close.Do(ctx, s.Core, m.Actor(), rpc.CallOf(ctx).Request, &pb.OrderClose{Mchid: m.Mchid, OutTradeNo: o.OutTradeNo})
	switch {
	case err != nil:
		return nil, s.fail(ctx, "cancel an order", err)
	case out != code.OK && out != code.OrderPaid: // which is what the order says
		return nil, refuse(ctx, out)
	}
	return s.orderView(ctx, closed)
}

func (s *Server) order(ctx context.Context, mchid, number string) (o *pb.Order, err error) {
	err = s.read(ctx, "find an order", func(r table.Reader) error {
		var ok bool
		if o, ok = order.ByNumber(r, mchid, number); !ok {
			return code.OrderNotFound.Err()
		}
		return nil
	})
	return o, err
}

// orderView is an order as the till shows it.
func (s *Server) orderView(ctx context.Context, o *pb.Order) (*connect.Response[pb.TillOrder], error) {
	var v *pb.TillOrder
	if err := s.read(ctx, "show an order", func(r table.Reader) error {
		v = s.shown(r, o)
		return nil
	}); err != nil {
		return nil, err
	}
	if o.State == pb.TradeState_TRADE_STATE_NOTPAY {
		v.Link = s.OrderLink(o.PrepayId)
	}
	return answer(v)
}

func (s *Server) shown(r table.Reader, o *pb.Order) *pb.TillOrder {
	v := &pb.TillOrder{
		OutTradeNo: o.OutTradeNo, Till: tillOf(o), Description: o.Description, Total: o.Total, State: rpc.Word(o.State),
		CreatedAt: o.CreatedAt, PaidAt: o.PaidAt, Refunded: o.Refunded,
	}
	if order.Paid(o) {
		v.TransactionId = ident.TransactionID(o.Id, o.PaidAt, stamp.Business)
		v.Payer = personal.Masked(r, s.Personal, o.PayerUid)
	}
	return v
}

// tillOf is the till that an order is of, 0 for none.
func tillOf(o *pb.Order) uint64 {
	if number, ok := strings.CutPrefix(o.DeviceId, "till/"); ok {
		id, _ := strconv.ParseUint(number, 10, 64)
		return id
	}
	return 0
}

// Refund implements TillService.
func (s *Server) Refund(ctx context.Context, q *connect.Request[pb.TillRefundRequest]) (*connect.Response[pb.TillRefund], error) {
	m, err := s.cashier(ctx)
	if err != nil {
		return nil, err
	}
	ask := q.Msg
	switch {
	case !ident.ValidClientID(ask.ClientId):
		return nil, refuse(ctx, code.ClientIDInvalid)
	case ask.Reason == "" || !wallet.Text(ask.Reason, maxReason):
		return nil, refuse(ctx, code.TextInvalid)
	}
	o, err := s.order(ctx, m.Mchid, ask.OutTradeNo)
	if err != nil {
		return nil, err
	}
	c := &pb.RefundCreate{
		Mchid: m.Mchid, OutRefundNo: number(tillOf(o), ask.ClientId), OutTradeNo: o.OutTradeNo, Refund: ask.Amount, Total: o.Total, Currency: o.Currency, Reason: ask.Reason,
	}
	if err := s.read(ctx, "find the merchant", func(r table.Reader) error {
		if shop, ok := merchant.Peek(r, m.Mchid); ok {
			c.NotifyUrl = shop.Settings.GetTillNotifyUrl()
		}
		return nil
	}); err != nil {
		return nil, err
	}
	f, err := do(ctx, s, refund.Create, c)
	if err != nil {
		return nil, err
	}
	return answer(&pb.TillRefund{OutRefundNo: f.OutRefundNo, Amount: f.Refund, State: rpc.Word(f.Status)})
}
