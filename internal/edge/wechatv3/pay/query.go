package pay

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// queryOrder returns the order that find finds by number, if it is the
// merchant's own: another merchant's order is not told from none.
func queryOrder(q *wechatv3.Request, number string, find func(table.Reader) (*pb.Order, bool)) ([]byte, *wechatv3.Refusal) {
	if refused := q.QueryMchid(); refused != nil {
		return nil, refused
	}
	return q.Poll(number, func() ([]byte, bool, *wechatv3.Refusal) {
		var o *pb.Order
		refused := q.Read(func(r table.Reader) error {
			o, _ = find(r)
			return nil
		})
		switch {
		case refused != nil:
			return nil, false, refused
		case o == nil || o.Mchid != q.Mchid():
			return nil, false, q.Refuse(code.OrderNotFound)
		}
		return wechatjson.Transaction(o, q.Offset), wechatv3.IsFinal(order.Moves, o.State), nil
	})
}
