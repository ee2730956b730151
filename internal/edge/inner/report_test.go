package inner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/owed"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// paid makes a paid order and returns its notice's number.
func paid(core *edgetest.Live, payer uint64, no string) uint64 {
	o := core.Must(catalogue.OrderCreate, &pb.OrderCreate{Mchid: edgetest.Mchid, Appid: edgetest.Appid, OutTradeNo: no,
		Product: pb.Product_PRODUCT_NATIVE, Total: 100, Currency: 156, Description: "x", NotifyUrl: "https://shop.example/n"}).(*pb.Order)
	return core.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: payer, Attempt: []byte(no)}).(*pb.Order).NoticeId
}

func attempt(id uint64, number uint32, o pb.AttemptOutcome) *pb.Attempt {
	return &pb.Attempt{NoticeId: id, Number: number, At: time.Now().UnixMilli(), Outcome: o}
}

const (
	ok     = pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED
	failed = pb.AttemptOutcome_ATTEMPT_OUTCOME_STATUS
)

// A report is recorded, its answer says what is still owed and when; the stream
// tells that no second time, but tells what others change.
func TestReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core := edgetest.NewLive(t)
		core.Merchant()
		payer := core.Payer("p", "p", 100_000).Uid
		svc := New(core, quiet)
		l := listen(t, svc, "c1")
		a, b := paid(core, payer, "T000001"), paid(core, payer, "T000002")
		for seen := 0; seen < 2; {
			seen += len(l.next(t).Notices)
		}
		report := []*pb.Attempt{attempt(a, 1, ok), attempt(b, 1, failed), attempt(999, 1, ok)}
		want := ""
		for i := range 3 { // the second and third repeat it
			resp, err := svc.Report(t.Context(), "c1", report)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(resp.Owed)
			if i == 0 {
				want = got
				if len(resp.Owed) != 1 || resp.Owed[0].Id != b || resp.Owed[0].Attempts != 1 || resp.Owed[0].NextAt < core.Now()+14_900 || resp.Applied != core.Applied() {
					t.Errorf("the answer is %v, want notice %d due in 15 s", resp, b)
				}
			}
			if got != want {
				t.Errorf("repeated, the answer is %s, want %s", got, want)
			}
		}
		core.Must(catalogue.NoticeRedeliver, &pb.NoticeRedeliver{NoticeId: a})
		if m := l.next(t); len(m.Waiting) != 1 || m.Waiting[0].Id != a || m.Waiting[0].Attempts != 1 {
			t.Errorf("the stream tells %v, want notice %d alone, which was redelivered", m, a)
		}
		core.Must(catalogue.NoticeRedeliver, &pb.NoticeRedeliver{NoticeId: b})
		if m := l.next(t); len(m.Waiting) != 1 || m.Waiting[0].Id != b || m.Waiting[0].NextAt > core.Now() {
			t.Errorf("the stream tells %v, want notice %d due now", m, b)
		}
	})
}

// Parked notices that a delivery revives are told.
func TestRevivedIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core := edgetest.NewLive(t)
		core.Merchant()
		payer := core.Payer("p", "p", 100_000).Uid
		svc := New(core, quiet)
		old := paid(core, payer, "T000001")
		for n := range uint32(16) {
			if _, err := svc.Report(t.Context(), "c1", []*pb.Attempt{attempt(old, n+1, failed)}); err != nil {
				t.Fatal(err)
			}
		}
		l := listen(t, svc, "c1")
		fresh := paid(core, payer, "T000002")
		if b := l.next(t); len(b.Notices) != 1 || b.Notices[0].Notice.Id != fresh {
			t.Fatalf("told %v, want the fresh notice only: the other is parked", b)
		}
		if _, err := svc.Report(t.Context(), "c1", []*pb.Attempt{attempt(fresh, 1, ok)}); err != nil {
			t.Fatal(err)
		}
		if b := l.next(t); len(b.Waiting) != 1 || b.Waiting[0].Id != old || b.Waiting[0].Attempts != 16 {
			t.Errorf("told %v, want the revived notice", b)
		}
	})
}

func TestReportRefusals(t *testing.T) {
	t.Parallel()
	core := edgetest.NewLive(t)
	svc := New(core, quiet)
	long := make([]*pb.Attempt, 1001)
	for i := range long {
		long[i] = attempt(uint64(i+1), 1, ok)
	}
	wordy := attempt(1, 1, ok)
	wordy.Answer = strings.Repeat("x", 201)
	binary := attempt(1, 1, ok)
	binary.Answer = "\xff"
	for name, attempts := range map[string][]*pb.Attempt{
		"none": nil, "too many": long, "no notice": {attempt(0, 1, ok)}, "no number": {attempt(1, 0, ok)},
		"no outcome": {attempt(1, 1, 0)}, "unknown outcome": {attempt(1, 1, 99)}, "negative outcome": {attempt(1, 1, -1)},
		"long answer": {wordy}, "no UTF-8": {binary}, "nil": {nil},
	} {
		if _, err := svc.Report(t.Context(), "c1", attempts); !errors.Is(err, owed.ErrInvalid) {
			t.Errorf("%s: %v, want owed.ErrInvalid", name, err)
		}
	}
	if _, err := svc.Report(t.Context(), "", []*pb.Attempt{attempt(1, 1, ok)}); !errors.Is(err, owed.ErrInvalid) {
		t.Errorf("no courier: %v", err)
	}
	for _, c := range []struct {
		fails code.Code
		final bool
	}{{code.Overloaded, false}, {code.Unknown, false}, {code.ReadOnly, false}, {code.DiskLow, false}, {code.NotLeader, false}, {code.CommandTooLarge, true}} {
		core.Break(func(*pb.Command) (bool, error) { return false, c.fails.Err() })
		_, err := svc.Report(context.Background(), "c1", []*pb.Attempt{attempt(1, 1, ok)})
		if err == nil || errors.Is(err, owed.ErrInvalid) != c.final {
			t.Errorf("%s: %v, want final %t", c.fails, err, c.final)
		}
	}
}
