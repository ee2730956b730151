package wechatjson

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// wording is what fixes a notice's text: the event, and the format in its row.
type wording struct {
	event  pb.NoticeEvent
	format uint32
}

// renderer writes the notices of one wording.
type renderer struct {
	Event
	// of is the kind of the notice's subject.
	of pb.Kind
	// write writes the plaintext, or says why these records are not what the
	// event tells of.
	write func(rec Records, offset int32) ([]byte, error)
}

// renderers has every wording there is or was: rows of any age are rendered by
// any later version. A line is never changed; changed text is a new format.
var renderers = map[wording]renderer{
	{pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS, 1}: {Event{"TRANSACTION.SUCCESS", "支付成功", resourceEncrypted, originalTransaction, originalTransaction}, pb.Kind_KIND_ORDER, paymentFormat1},
	{pb.NoticeEvent_NOTICE_EVENT_REFUND_SUCCESS, 1}:      {Event{"REFUND.SUCCESS", "退款成功", resourceEncrypted, originalRefund, originalRefund}, pb.Kind_KIND_REFUND, refundSuccessFormat1},
	{pb.NoticeEvent_NOTICE_EVENT_REFUND_ABNORMAL, 1}:     {Event{"REFUND.ABNORMAL", "退款异常", resourceEncrypted, originalRefund, originalRefund}, pb.Kind_KIND_REFUND, refundEnded("ABNORMAL")},
	{pb.NoticeEvent_NOTICE_EVENT_REFUND_CLOSED, 1}:       {Event{"REFUND.CLOSED", "退款关闭", resourceEncrypted, originalRefund, originalRefund}, pb.Kind_KIND_REFUND, refundEnded("CLOSED")},
}

func paymentFormat1(rec Records, offset int32) ([]byte, error) {
	if rec.Order.PaidAt == 0 {
		return nil, fmt.Errorf("order %d is not paid: %w", rec.Order.Id, ErrRecord)
	}
	return payFormat1(rec.Order, offset), nil
}

func refundSuccessFormat1(rec Records, offset int32) ([]byte, error) {
	if rec.Refund.SuccessAt == 0 {
		return nil, fmt.Errorf("refund %d has not succeeded: %w", rec.Refund.Id, ErrRecord)
	}
	return refundEnded("SUCCESS")(rec, offset)
}

// refundEnded writes the event of a refund that ended so.
func refundEnded(status string) func(Records, int32) ([]byte, error) {
	return func(rec Records, offset int32) ([]byte, error) {
		if rec.Order.PaidAt == 0 {
			return nil, fmt.Errorf("order %d is not paid: %w", rec.Order.Id, ErrRecord)
		}
		return refundFormat1(status, rec.Order, rec.Refund, offset), nil
	}
}

// Records are what a notice tells of: the order, and for a refund the refund
// too.
type Records struct {
	Order  *pb.Order
	Refund *pb.Refund
}

// readers read what belongs to a subject, by its kind.
var readers = map[pb.Kind]func(r table.Reader, id uint64) Records{
	pb.Kind_KIND_ORDER: func(r table.Reader, id uint64) (rec Records) {
		rec.Order, _ = order.Get(r, id)
		return rec
	},
	pb.Kind_KIND_REFUND: func(r table.Reader, id uint64) (rec Records) {
		if rec.Refund, _ = refund.Get(r, id); rec.Refund != nil {
			rec.Order, _ = order.Get(r, rec.Refund.OrderId)
		}
		return rec
	},
}

// Read reads what a subject of a kind is about; what is not there is nil.
func Read(r table.Reader, kind pb.Kind, id uint64) Records {
	read, ok := readers[kind]
	if !ok {
		return Records{}
	}
	return read(r, id)
}

// of says whether these are the records of a subject.
func (rec Records) of(kind pb.Kind, id uint64) bool {
	switch {
	case rec.Order == nil:
		return false
	case kind == pb.Kind_KIND_REFUND:
		return rec.Refund != nil && rec.Refund.Id == id && rec.Refund.OrderId == rec.Order.Id
	}
	return kind == pb.Kind_KIND_ORDER && rec.Order.Id == id
}
