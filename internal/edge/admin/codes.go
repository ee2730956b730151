package admin

import (
	"errors"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
)

// connectCodes are the outcomes that Connect has a closer word for than their
// class's.
var connectCodes = map[code.Code]connect.Code{
	code.Overloaded:       connect.CodeResourceExhausted,
	code.DiskLow:          connect.CodeResourceExhausted,
	code.Quarantined:      connect.CodeAborted,
	code.LevelTooLow:      connect.CodeUnimplemented,
	code.SandboxOnly:      connect.CodePermissionDenied,
	code.CommandUnknown:   connect.CodeUnimplemented,
	code.AmountOverflows:  connect.CodeOutOfRange,
	code.BatchExists:      connect.CodeAlreadyExists,
	code.MerchantExists:   connect.CodeAlreadyExists,
	code.CertExists:       connect.CodeAlreadyExists,
	code.PersonExists:     connect.CodeAlreadyExists,
	code.TopupExists:      connect.CodeAlreadyExists,
	code.OrderNoUsed:      connect.CodeAlreadyExists,
	code.PayerMismatch:    connect.CodePermissionDenied,
	code.RefundNoUsed:     connect.CodeAlreadyExists,
	code.CouriersTooMany:  connect.CodeResourceExhausted,
	code.LevelUnsupported: connect.CodeUnimplemented,
	code.AlreadyGenesis:   connect.CodeAlreadyExists,
	code.StaffExists:      connect.CodeAlreadyExists,
	code.SessionsTooMany:  connect.CodeResourceExhausted,

	code.StaffSecretInvalid: connect.CodeUnauthenticated,
	code.StaffRoleMissing:   connect.CodePermissionDenied,
	code.StaffTriesTooMany:  connect.CodeResourceExhausted,

	code.NoGenesis: connect.CodeFailedPrecondition,
}

// refuse is a code as the admin API answers it: the English sentence, with the
// code's name in the error's metadata for clients that speak other languages.
func refuse(c code.Code) error {
	i, _ := code.Lookup(c)
	return rpc.Refusal(c, rpc.Code(c, connectCodes), i.EN)
}

// invalid is a refusal that no command was needed for.
func invalid(text string) error {
	return connect.NewError(connect.CodeInvalidArgument, errors.New(text))
}

// fail turns what Core answered into the API's error. What is not a code is
// internal: logged in full by the caller, shown as one sentence.
func (s *Server) fail(doing string, err error) error {
	var ce *code.Error
	if errors.As(err, &ce) {
		return refuse(ce.Code)
	}
	var already *connect.Error
	if errors.As(err, &already) {
		return already
	}
	s.Log.Error("admin call failed", "doing", doing, "err", err)
	return refuse(code.Internal)
}
