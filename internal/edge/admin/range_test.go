package admin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// told makes notices 1 to n, a second apart, and has them delivered or leaves them
// owed.
func told(t *testing.T, n int, delivered bool) *admintest.Site {
	t.Helper()
	d := admintest.Open(t, true)
	d.Merchant()
	alice := d.Payer("alice", "Alice", 10_000)
	for i := range n {
		o := d.Order(fmt.Sprintf("T2026-%04d", i+1), nil)
		d.Must(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: alice.Uid, Attempt: fmt.Appendf(nil, "attempt-%08d", i)})
		if delivered {
			d.Must(catalogue.NoticeReport, &pb.NoticeReport{Attempts: []*pb.Attempt{{
				NoticeId: uint64(i + 1), Number: 1, At: d.Now(), Outcome: pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED, HttpStatus: 200}}})
		}
		d.Sleep(1000)
	}
	return d
}

// A range begins where it begins, however much has ended before it. One that is
// too long is refused before anything of it is owed again.
func TestRedeliverLooksAtTheRangeOnly(t *testing.T) {
	d := told(t, 6, true)
	admin.Bounds(t, 1, 3, 2)
	ranges := func(from, to int64) *pb.RedeliverRequest {
		return &pb.RedeliverRequest{Mchid: mchid, From: edgetest.Start + from, To: edgetest.Start + to}
	}
	for _, c := range []struct {
		name string
		q    *pb.RedeliverRequest
		want string
	}{
		{"of the merchant", ranges(0, 2000), "more than 2 of the merchant's notices"},
		{"of others", &pb.RedeliverRequest{Mchid: "1900000009", From: edgetest.Start, To: edgetest.Start + 9000}, "more than 3 notices of all merchants"},
	} {
		err := try(t, d.Client.Redeliver, c.q)
		if connect.CodeOf(err) != connect.CodeInvalidArgument || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("too many %s: %v", c.name, err)
		}
	}
	if a := ask(t, d.Client.Redeliver, ranges(4000, 9000)); !slices.Equal(a.Notices, []uint64{5, 6}) {
		t.Errorf("the last two: %v", a.Notices)
	}
	if a := ask(t, d.Client.Redeliver, ranges(0, 1000)); !slices.Equal(a.Notices, []uint64{1, 2}) {
		t.Errorf("the first two: %v", a.Notices)
	}
	if a := ask(t, d.Client.Redeliver, ranges(2500, 9000)); !slices.Equal(a.Notices, []uint64{4}) {
		t.Errorf("one that has not been owed again: %v", a.Notices)
	}
}

// What a merchant is owed is counted up to a bound, and beyond it said to be "at least".
func TestMerchantShowCountsUpToABound(t *testing.T) {
	d := told(t, 3, false)
	for _, c := range []struct {
		bound int
		want  uint64
		more  bool
	}{{4, 3, false}, {3, 3, false}, {2, 2, true}} {
		t.Run(fmt.Sprint(c.bound), func(t *testing.T) {
			admin.Bounds(t, c.bound, 1, 1)
			a := ask(t, d.Client.MerchantShow, &pb.AdminMerchantShowRequest{Mchid: mchid})
			if uint64(a.NoticesOwed) != c.want || a.OwedAtLeast != c.more {
				t.Errorf("%d owed, at least: %v", a.NoticesOwed, a.OwedAtLeast)
			}
		})
	}
}
