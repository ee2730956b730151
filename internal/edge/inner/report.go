package inner

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// maxAnswer is how many bytes of a merchant's answer an attempt keeps.
const maxAnswer = 200

// Report records attempts as one command and returns which of the notices are
// still owed. Attempts that are recorded already are passed over, so a courier
// repeats a report whose outcome it doesn't know.
//
// Errors: ErrInvalid for a report that will never be taken; any other (a
// *code.Error: Overloaded, ReadOnly, Unknown ...) asks for a repetition.
func (s *Service) Report(ctx context.Context, courier string, attempts []*pb.Attempt) (*pb.ReportResponse, error) {
	if err := validReport(courier, attempts); err != nil {
		return nil, err
	}
	body := &pb.NoticeReport{Attempts: attempts, Courier: courier}
	_, out, err := notice.Report.Do(ctx, s.core, "courier/"+courier, requestID("report-"), body)
	var refusal *code.Error
	switch {
	case errors.As(err, &refusal) && refusal.Code == code.CommandTooLarge:
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	case err != nil:
		return nil, err
	case out == code.OK, out == code.NothingToDo: // all of it was recorded before
		return s.after(ctx, courier, attempts)
	}
	s.log.Error("inner: a report was refused", "courier", courier, "attempts", len(attempts), "code", out.String())
	return nil, fmt.Errorf("%w: %w", ErrInvalid, out.Err())
}

// after reads how the reported notices stand.
func (s *Service) after(ctx context.Context, courier string, attempts []*pb.Attempt) (*pb.ReportResponse, error) {
	s.mu.Lock()
	st := s.streams[courier]
	s.mu.Unlock()
	resp := &pb.ReportResponse{Applied: s.core.Applied()}
	err := s.core.ReadLocal(ctx, func(r table.Reader) error {
		for _, a := range attempts {
			value, ok := r.Get(owedKey(a.NoticeId))
			if !ok {
				continue
			}
			resp.Owed = append(resp.Owed, owedTable.Decode(owedKey(a.NoticeId), value).Head())
			if st != nil {
				st.told.answered(a.NoticeId, value)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

func validReport(courier string, attempts []*pb.Attempt) error {
	if err := validCourier(courier); err != nil {
		return err
	}
	if len(attempts) == 0 || len(attempts) > notice.MaxReport {
		return fmt.Errorf("%w: a report has 1 to %d attempts", ErrInvalid, notice.MaxReport)
	}
	for _, a := range attempts {
		switch {
		case a.GetNoticeId() == 0 || a.Number == 0:
			return fmt.Errorf("%w: an attempt names no notice or has no number", ErrInvalid)
		case a.Outcome <= 0 || pb.AttemptOutcome_name[int32(a.Outcome)] == "":
			return fmt.Errorf("%w: attempt %d of notice %d has no known outcome", ErrInvalid, a.Number, a.NoticeId)
		case len(a.Answer) > maxAnswer || !utf8.ValidString(a.Answer) || len(a.KeySerial) > 64:
			return fmt.Errorf("%w: attempt %d of notice %d: the answer is at most %d bytes of UTF-8, the serial 64",
				ErrInvalid, a.Number, a.NoticeId, maxAnswer)
		}
	}
	return nil
}

// requestID names a command of this service in logs.
func requestID(prefix string) string {
	var b [12]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return prefix + hex.EncodeToString(b[:])
}
