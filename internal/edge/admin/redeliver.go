package admin

import (
	"context"
	"fmt"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// Bounds of one call: the notices that it owes again, and those of all merchants that
// it looks at. A longer range is refused before anything of it is done.
var (
	maxRedeliver = 10_000
	mostEnded    = 200_000
)

func noticeEntity(id uint64) string { return fmt.Sprintf("notice/%d", id) }

// Redeliver owes one notice again, or all ended ones of a merchant that were
// first owed in a time range. Each is one command; those that are owed already
// are passed over, so repeating a range that broke off completes it.
func (s *Server) Redeliver(ctx context.Context, q *connect.Request[pb.RedeliverRequest]) (*connect.Response[pb.RedeliverResponse], error) {
	ids, err := s.chosen(ctx, q.Msg)
	if err != nil {
		return nil, err
	}
	a := new(pb.RedeliverResponse)
	for _, id := range ids {
		_, out, err := notice.Redeliver.Do(ctx, s.Core, actor(ctx), requestID(ctx), &pb.NoticeRedeliver{NoticeId: id})
		switch {
		case err != nil:
			return nil, s.fail("redeliver", err)
		case out == code.OK:
			a.Notices = append(a.Notices, id)
		case out == code.NoticeStillOwed && q.Msg.Notice == "":
		default:
			return nil, refuse(out)
		}
	}
	return answer(a)
}

// chosen lists the notices a request means.
func (s *Server) chosen(ctx context.Context, q *pb.RedeliverRequest) (ids []uint64, err error) {
	to := q.To
	if to == 0 {
		to = s.Now()
	}
	switch {
	case (q.Notice == "") == (q.Mchid == ""):
		return nil, invalid("name one notice, or a merchant with a time range")
	case q.Mchid != "" && (q.From <= 0 || q.From > to):
		return nil, invalid("the range begins after it ends, or has no beginning")
	}
	err = s.read(ctx, "find notices", func(r table.Reader) error {
		if q.Notice != "" {
			n, err := findNotice(ctx, r, q.Notice)
			if err == nil {
				ids = []uint64{n.Id}
			}
			return err
		}
		ids, err = endedBetween(ctx, r, q.Mchid, q.From, to)
		return err
	})
	return ids, err
}

// endedBetween lists a merchant's ended notices that were first owed in a time range.
func endedBetween(ctx context.Context, r table.Reader, mchid string, from, to int64) (ids []uint64, err error) {
	looked := 0
	notice.Ended(r, notice.EndedSince(r, from), func(n *pb.Notice) bool {
		if n.CreatedAt > to || ctx.Err() != nil {
			return false // numbers grow with time: nothing that comes is in the range
		}
		if n.Mchid == mchid {
			ids = append(ids, n.Id)
		}
		looked++
		return looked <= mostEnded && len(ids) <= maxRedeliver
	})
	switch {
	case len(ids) > maxRedeliver:
		return nil, invalid(fmt.Sprintf("more than %d of the merchant's notices are in the range: choose a shorter one", maxRedeliver))
	case looked > mostEnded:
		return nil, invalid(fmt.Sprintf("more than %d notices of all merchants are in the range: choose a shorter one", mostEnded))
	}
	return ids, ctx.Err()
}
