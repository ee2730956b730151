package wallet

import (
	"context"
	"strconv"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
	"github.com/holdfast-pay/holdfast/internal/rule/shop"
)

// Bills a page.
const (
	usualBills = 20
	mostBills  = 100
)

// ListBills implements WalletService.
func (s *Server) ListBills(ctx context.Context, q *connect.Request[pb.ListBillsRequest]) (*connect.Response[pb.ListBillsResponse], error) {
	who, limit := from(ctx), usualBills
	if q.Msg.Limit > 0 {
		limit = int(min(q.Msg.Limit, mostBills))
	}
	list := &pb.ListBillsResponse{Included: s.Views.Next()}
	lines, err := s.Views.History(ledger.UserBalance(who.uid), money.CNY, q.Msg.Before, limit)
	if err != nil {
		return nil, s.fail(who, "list bills", err)
	}
	err = s.read(ctx, "list bills", func(r table.Reader) error {
		if _, _, out := own(r, who); out != code.OK {
			return &code.Error{Code: out}
		}
		for _, l := range lines {
			list.Bills = append(list.Bills, &pb.Bill{Entry: l.Seq, At: l.At, What: what(l.Code), Amount: l.Amount, Who: counterpart(r, l.Entity), Subject: l.Entity})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(lines) == limit {
		list.Next = lines[limit-1].Seq
	}
	return answer(list)
}

// what is a posting's reason as people read it.
func what(reason pb.PostingCode) string {
	return rpc.Word(reason)
}

// counterpart is the merchant's name behind an order or refund, or the person's own
// shop; empty for the rest.
func counterpart(r table.Reader, entity string) string {
	kind, number, _ := strings.Cut(entity, "/")
	id, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return ""
	}
	switch kind {
	case "order":
		if o, ok := order.Get(r, id); ok {
			return merchantName(r, o.Mchid)
		}
	case "refund":
		if f, ok := refund.Get(r, id); ok {
			return merchantName(r, f.Mchid)
		}
	case "shop":
		if s, ok := shop.Peek(r, id); ok {
			return s.Name
		}
	}
	return ""
}
