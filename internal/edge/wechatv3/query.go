package wechatv3

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// queryOrder answers the order that find finds by number, if it is the
// merchant's own: another merchant's order is not told from none.
func (a *API) queryOrder(q *request, number string, find func(table.Reader) (*pb.Order, bool)) ([]byte, *refusal) {
	if refused := q.queryMchid(); refused != nil {
		return nil, refused
	}
	return a.poll(q, number, func() ([]byte, bool, *refusal) {
		var o *pb.Order
		refused := a.read(q, func(r table.Reader) error {
			o, _ = find(r)
			return nil
		})
		switch {
		case refused != nil:
			return nil, false, refused
		case o == nil || o.Mchid != q.mchid():
			return nil, false, refusalOf(code.OrderNotFound, q.route.family)
		}
		return wechatjson.Transaction(o, q.offset), isFinal(order.Moves, o.State), nil
	})
}
