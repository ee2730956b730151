package wechatjson

import (
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Format is the plaintext format that new notices are given.
const Format uint32 = 1

// Event says how a notice's envelope names it.
type Event struct {
	// Type is the envelope's event_type.
	Type string
	// Summary is the envelope's summary, for people.
	Summary string
	// ResourceType is the envelope's resource_type.
	ResourceType string
	// OriginalType is resource.original_type.
	OriginalType string
	// AssociatedData is resource.associated_data, which the seal covers.
	AssociatedData string
}

var events = map[pb.NoticeEvent]Event{
	pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS: {"TRANSACTION.SUCCESS", "支付成功", resourceEncrypted, originalTransaction, originalTransaction},
	pb.NoticeEvent_NOTICE_EVENT_REFUND_SUCCESS:      {"REFUND.SUCCESS", "退款成功", resourceEncrypted, originalRefund, originalRefund},
	pb.NoticeEvent_NOTICE_EVENT_REFUND_ABNORMAL:     {"REFUND.ABNORMAL", "退款异常", resourceEncrypted, originalRefund, originalRefund},
	pb.NoticeEvent_NOTICE_EVENT_REFUND_CLOSED:       {"REFUND.CLOSED", "退款关闭", resourceEncrypted, originalRefund, originalRefund},
}

// Describe names an event; false for one this version does not know.
func Describe(e pb.NoticeEvent) (Event, bool) {
	d, ok := events[e]
	return d, ok
}

var (
	// ErrFormat: the notice's format was made by a newer version.
	ErrFormat = errors.New("notice format is not known to this version; run the version that wrote it, or a newer one")
	// ErrRecord: the records do not belong to the notice or lack the deed it tells of.
	ErrRecord = errors.New("notice does not fit its records")
)

// Plaintext is what a notice says before it is sealed: a pure function of the
// format in the notice's row and of fields of the order and refund that never
// change after the deed. It is the same at every attempt and on every node.
// r is needed for refund events only. offset is the business offset in seconds.
//
// Errors: ErrFormat, ErrRecord.
func Plaintext(n *pb.Notice, o *pb.Order, r *pb.Refund, offset int32) ([]byte, error) {
	if n.Format != Format {
		return nil, fmt.Errorf("notice %d has format %d: %w", n.Id, n.Format, ErrFormat)
	}
	if o == nil || o.Id != n.OrderId || o.PaidAt == 0 {
		return nil, fmt.Errorf("notice %d needs the paid order %d: %w", n.Id, n.OrderId, ErrRecord)
	}
	if n.Event == pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS {
		return payFormat1(o, offset), nil
	}
	status, ok := refundEventStatus[n.Event]
	if !ok {
		return nil, fmt.Errorf("notice %d has event %d: %w", n.Id, n.Event, ErrFormat)
	}
	if r == nil || r.Id != n.RefundId || r.OrderId != o.Id {
		return nil, fmt.Errorf("notice %d needs refund %d of order %d: %w", n.Id, n.RefundId, n.OrderId, ErrRecord)
	}
	if status == refundStatusSuccess && r.SuccessAt == 0 {
		return nil, fmt.Errorf("notice %d tells of a success that refund %d has not had: %w", n.Id, r.Id, ErrRecord)
	}
	return refundFormat1(status, o, r, offset), nil
}

const refundStatusSuccess = "SUCCESS"

var refundEventStatus = map[pb.NoticeEvent]string{
	pb.NoticeEvent_NOTICE_EVENT_REFUND_SUCCESS:  refundStatusSuccess,
	pb.NoticeEvent_NOTICE_EVENT_REFUND_ABNORMAL: "ABNORMAL",
	pb.NoticeEvent_NOTICE_EVENT_REFUND_CLOSED:   "CLOSED",
}
