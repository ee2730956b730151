package notice

import (
	"github.com/holdfast-pay/holdfast/internal/base/moves"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Moves is the life of a notice. An attempt that was sent and not reported
// because of a crash is sent again under the same number.
var Moves = moves.Table[pb.NoticeState]{
	{To: pb.NoticeState_NOTICE_STATE_OWED, By: "order_pay", When: "the order is paid"},
	{To: pb.NoticeState_NOTICE_STATE_OWED, By: "tick", When: "a refund with a notify_url ends"},
	{From: pb.NoticeState_NOTICE_STATE_OWED, To: pb.NoticeState_NOTICE_STATE_DELIVERED, By: "notice_report", When: "the merchant answered as documented"},
	{From: pb.NoticeState_NOTICE_STATE_OWED, To: pb.NoticeState_NOTICE_STATE_PARKED, By: "notice_report", When: "the last retry failed, or the one after a revival"},
	{From: pb.NoticeState_NOTICE_STATE_PARKED, To: pb.NoticeState_NOTICE_STATE_OWED, By: "notice_report", When: "another notice to the merchant was delivered; once"},
	{From: pb.NoticeState_NOTICE_STATE_PARKED, To: pb.NoticeState_NOTICE_STATE_OWED, By: "notice_redeliver", When: "an operator asks"},
	{From: pb.NoticeState_NOTICE_STATE_DELIVERED, To: pb.NoticeState_NOTICE_STATE_OWED, By: "notice_redeliver", When: "an operator asks"},
}

// NotHTTP begins what is recorded of an attempt whose endpoint was reached and said
// something that is not HTTP; what it said follows.
const NotHTTP = "the endpoint does not speak HTTP: "
