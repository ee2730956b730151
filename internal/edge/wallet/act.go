package wallet

import (
	"context"
	"crypto/sha256"
	"fmt"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// acting notes what a call asks for, if it names a grant: that of a passkey is good for
// one act.
func acting(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, q connect.AnyRequest) (connect.AnyResponse, error) {
		if m, ok := q.Any().(interface{ GetGrant() uint64 }); ok && m.GetGrant() != 0 {
			from(ctx).act = actOf(m)
		}
		return next(ctx, q)
	}
}

// actOf is the hash of a call as it is without its grant; nil for one that takes none.
func actOf(call any) []byte {
	switch m := call.(type) {
	case *pb.PayRequest:
		return withoutGrant(m, &m.Grant)
	case *pb.TransferRequest:
		return withoutGrant(m, &m.Grant)
	case *pb.AnswerAskedRequest:
		return withoutGrant(m, &m.Grant)
	case *pb.WithdrawCashRequest:
		return withoutGrant(m, &m.Grant)
	case *pb.ThrowPacketRequest:
		return withoutGrant(m, &m.Grant)
	case *pb.SetFreeLimitRequest:
		return withoutGrant(m, &m.Grant)
	case *pb.SetPinRequest:
		return withoutGrant(m, &m.Grant)
	case *pb.AddPasskeyRequest:
		return withoutGrant(m, &m.Grant)
	case *pb.EndPasskeyRequest:
		return withoutGrant(m, &m.Grant)
	case *pb.EndDeviceRequest:
		return withoutGrant(m, &m.Grant)
	case *pb.SignInStaffRequest:
		return withoutGrant(m, &m.Grant)
	}
	return nil
}

// withoutGrant takes the fields as they are on the wire: they have one order, and none is a
// map.
func withoutGrant(m interface{ MarshalVT() ([]byte, error) }, grant *uint64) []byte {
	kept := *grant
	*grant = 0
	b, err := m.MarshalVT()
	*grant = kept
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(append(fmt.Appendf(nil, "%T\n", m), b...))
	return sum[:assertion.ActSize]
}
