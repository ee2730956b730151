package wallet

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Each call that names a grant can be allowed by a passkey.
func TestEveryGrantedCallCanTakeAPasskey(t *testing.T) {
	t.Parallel()
	calls := pb.File_holdfast_v1_wallet_proto.Services().ByName("WalletService").Methods()
	asks := (&pb.AskPasskeyRequest{}).ProtoReflect().Descriptor().Oneofs().ByName("call").Fields()
	asked := map[string]bool{}
	for i := range asks.Len() {
		asked[string(asks.Get(i).Message().Name())] = true
		q := new(pb.AskPasskeyRequest)
		q.ProtoReflect().Set(asks.Get(i), q.ProtoReflect().NewField(asks.Get(i)))
		if act := actOf(inner(q)); len(act) != assertion.ActSize {
			t.Errorf("%s has no hash", asks.Get(i).Name())
		}
	}
	for i := range calls.Len() {
		if in := calls.Get(i).Input(); in.Fields().ByName("grant") != nil && !asked[string(in.Name())] {
			t.Errorf("%s names a grant, and a passkey can't be asked for it", in.Name())
		}
	}
}

// What a grant is for does not depend on the grant, and on all else.
func TestActsAreTold(t *testing.T) {
	t.Parallel()
	pay := &pb.PayRequest{Code: "a", ClientId: "b"}
	bare := actOf(pay)
	pay.Grant = 7
	if string(actOf(pay)) != string(bare) || pay.Grant != 7 {
		t.Error("the grant changes what it is for")
	}
	for _, other := range []any{&pb.PayRequest{Code: "a", ClientId: "c"}, &pb.PayRequest{Code: "c", ClientId: "b"}, &pb.SetPinRequest{}, &pb.EndPasskeyRequest{}} {
		if string(actOf(other)) == string(bare) {
			t.Errorf("%v is the same act", other)
		}
	}
	if actOf(&pb.ShowWalletRequest{}) != nil {
		t.Error("an act that takes no grant has a hash")
	}
}
