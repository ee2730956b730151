package cli

import (
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Who made an attempt, and what two couriers both sent, is for whoever asks why a
// merchant got a notice twice.
func TestNoticeSaysWhoSentIt(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	printNotices(&b, []*pb.NoticeShown{{
		Id: 7, State: pb.NoticeState_NOTICE_STATE_DELIVERED, Attempts: 1, Duplicates: 2,
		Recent:        []*pb.Attempt{{Number: 1, HttpStatus: 200, Courier: "c1", Outcome: pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED}},
		LastDuplicate: &pb.Attempt{Number: 1, Courier: "c2"},
	}})
	for _, want := range []string{"status 200  by c1\n", "delivered 2 times more than recorded, last by courier c2 at "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}
