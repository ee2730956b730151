package notice

import (
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ApplyRedeliver owes a delivered or parked notice again, and makes a waiting
// one due at once.
//
// Refuses, in this order: NoticeNotFound, NoticeStillOwed (it is due already).
func ApplyRedeliver(d *deed.Deed, c *pb.NoticeRedeliver) (code.Code, *pb.Notice) {
	n, ok := Get(d.Tx, c.NoticeId)
	switch {
	case !ok:
		return code.NoticeNotFound, nil
	case n.State == pb.NoticeState_NOTICE_STATE_OWED && n.NextAt <= d.At:
		return code.NoticeStillOwed, n
	case n.State == pb.NoticeState_NOTICE_STATE_OWED:
		n.NextAt = d.At
		owed.Put(d.Tx, owedKey(n.Id), n)
	default:
		again(d, n, false)
	}
	d.Record("notice/"+strconv.FormatUint(n.Id, 10), n.Mchid, nil)
	return code.OK, n
}
