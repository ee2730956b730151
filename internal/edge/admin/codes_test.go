package admin

import (
	"testing"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
)

// What an operator's commands can be refused with says what kind of mistake it is,
// in Connect's words.
func TestWhatOperatorsAreToldSaysWhatToDo(t *testing.T) {
	t.Parallel()
	produced := edgetest.Refusals(t, "../../..", "genesis", "tick", "set_level", "backfill", "advance_clock", "member_change",
		"merchant_add", "merchant_set", "merchant_appid", "merchant_cert", "merchant_cert_revoke", "merchant_key",
		"person_add", "person_openid", "person_topup", "order_close", "notice_redeliver", "account_limit", "transfer_batch")
	if len(produced) < 40 {
		t.Fatalf("only %d outcomes were found", len(produced))
	}
	for _, c := range produced {
		said, info := rpc.Code(c, connectCodes), c.Class()
		switch {
		case said == 0 || said > connect.CodeUnauthenticated:
			t.Errorf("%s is no code of Connect: %d", c, said)
		case said == connect.CodeUnknown && info != code.InDoubt, said == connect.CodeInternal && info != code.Fault:
			t.Errorf("%s is %s and reaches clients as %s", c, info, said)
		}
	}
}

// An exception that says what the class says is no exception.
func TestExceptionsDifferFromTheirClass(t *testing.T) {
	t.Parallel()
	for c, said := range connectCodes {
		if said == rpc.Classes[c.Class()] {
			t.Errorf("%s is %s and says so by its class: remove its row", c, said)
		}
	}
}
