package admin

import (
	"context"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// own reads "order/17" when kind is "order".
func own(id, kind string) (uint64, bool) {
	digits, ok := strings.CutPrefix(id, kind+"/")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}

// merchantNumber reads "mchid/number", or number alone when mchid is given.
func merchantNumber(id, mchid string) (string, string, bool) {
	if mchid != "" {
		return mchid, id, true
	}
	m, number, ok := strings.Cut(id, "/")
	return m, number, ok && ident.ValidMchid(m)
}

// findOrder reads an order by any of its names.
func findOrder(r table.Reader, id, mchid string) (*pb.Order, error) {
	o, ok := (*pb.Order)(nil), false
	if n, isOwn := own(id, "order"); isOwn && mchid == "" {
		o, ok = order.Get(r, n)
	} else if m, number, isNumber := merchantNumber(id, mchid); isNumber {
		o, ok = order.ByNumber(r, m, number)
	} else if strings.HasPrefix(id, "wx") {
		o, ok = order.Behind(r, id) // an operator may ask by one that was replaced
	} else {
		o, ok = order.ByTransactionID(r, id)
	}
	if !ok {
		return nil, refuse(code.OrderNotFound)
	}
	return o, nil
}

// findRefund reads a refund by any of its names.
func findRefund(r table.Reader, id, mchid string) (*pb.Refund, error) {
	f, ok := (*pb.Refund)(nil), false
	if n, isOwn := own(id, "refund"); isOwn && mchid == "" {
		f, ok = refund.Get(r, n)
	} else if m, number, isNumber := merchantNumber(id, mchid); isNumber {
		f, ok = refund.ByNumber(r, m, number)
	} else {
		f, ok = refund.ByRefundID(r, id)
	}
	if !ok {
		return nil, refuse(code.RefundNotFound)
	}
	return f, nil
}

// maxEventSearch bounds how many event ids are computed to find one: the id is
// a hash of the notice's number, so it can only be searched, newest first.
const maxEventSearch = 5_000_000

// findNotice reads a notice by its number or event id.
func findNotice(ctx context.Context, r table.Reader, id string) (*pb.Notice, error) {
	number, err := strconv.ParseUint(strings.TrimPrefix(id, "notice/"), 10, 64)
	if err != nil {
		if number, err = searchEvent(ctx, r, strings.ToLower(id)); err != nil {
			return nil, err
		}
	}
	n, ok := notice.Get(r, number)
	if !ok {
		return nil, refuse(code.NoticeNotFound)
	}
	return n, nil
}

func searchEvent(ctx context.Context, r table.Reader, id string) (uint64, error) {
	head, ok := machine.Head(r)
	if !ok || len(id) != 36 {
		return 0, refuse(code.NoticeNotFound)
	}
	for n, looked := head.NextNotice, 0; n > 1 && looked < maxEventSearch; looked++ {
		n--
		if ident.EventID(head.LogName, n) == id {
			return n, nil
		}
		if looked%10_000 == 0 && ctx.Err() != nil {
			return 0, refuse(code.NoticeNotFound)
		}
	}
	return 0, refuse(code.NoticeNotFound)
}
