package inner

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/edge/owed"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// maxAnswer is how many bytes of a merchant's answer an attempt keeps.
const maxAnswer = 200

// Report records attempts as one command and returns which of the notices are
// still owed. Attempts that are recorded already are passed over, so a courier
// repeats a report whose outcome it doesn't know. Errors are those of owed.Report.
func (s *Service) Report(ctx context.Context, courier string, attempts []*pb.Attempt) (*pb.ReportResponse, error) {
	if err := validReport(attempts); err != nil {
		return nil, err
	}
	ids := make([]uint64, len(attempts))
	for i, a := range attempts {
		ids[i] = a.NoticeId
	}
	left, applied, err := owed.Report(ctx, s.Service, courier, ids, notice.Report, &pb.NoticeReport{Attempts: attempts, Courier: courier})
	if err != nil {
		if errors.Is(err, owed.ErrInvalid) {
			s.log.Error("inner: a report was refused", "courier", courier, "attempts", len(attempts), "err", err)
		}
		return nil, err
	}
	resp := &pb.ReportResponse{Applied: applied}
	for _, n := range left {
		resp.Owed = append(resp.Owed, n.Head())
	}
	return resp, nil
}

func validReport(attempts []*pb.Attempt) error {
	if len(attempts) == 0 || len(attempts) > notice.MaxReport {
		return fmt.Errorf("%w: a report has 1 to %d attempts", owed.ErrInvalid, notice.MaxReport)
	}
	for _, a := range attempts {
		switch {
		case a.GetNoticeId() == 0 || a.Number == 0:
			return fmt.Errorf("%w: an attempt names no notice or has no number", owed.ErrInvalid)
		case a.Outcome <= 0 || pb.AttemptOutcome_name[int32(a.Outcome)] == "":
			return fmt.Errorf("%w: attempt %d of notice %d has no known outcome", owed.ErrInvalid, a.Number, a.NoticeId)
		case len(a.Answer) > maxAnswer || !utf8.ValidString(a.Answer) || len(a.KeySerial) > 64:
			return fmt.Errorf("%w: attempt %d of notice %d: the answer is at most %d bytes of UTF-8, the serial 64",
				owed.ErrInvalid, a.Number, a.NoticeId, maxAnswer)
		}
	}
	return nil
}
