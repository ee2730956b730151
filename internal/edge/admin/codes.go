package admin

import (
	"errors"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
)

// codeHeader carries the outcome's name beside Connect's own error.
const codeHeader = "Holdfast-Code"

// connectCodes says what each outcome is in Connect's words. A test fails when
// a code lacks a row.
var connectCodes = map[code.Code]connect.Code{
	code.Overloaded: connect.CodeResourceExhausted, code.Unknown: connect.CodeUnknown,
	code.NotLeader: connect.CodeUnavailable, code.ReadOnly: connect.CodeUnavailable,
	code.DiskLow: connect.CodeResourceExhausted, code.ClockSkew: connect.CodeUnavailable,
	code.Internal: connect.CodeInternal, code.Quarantined: connect.CodeAborted,
	code.LevelTooLow: connect.CodeUnimplemented, code.SandboxOnly: connect.CodePermissionDenied,
	code.CommandUnknown: connect.CodeUnimplemented, code.CommandMalform: connect.CodeInvalidArgument,
	code.NothingToDo: connect.CodeFailedPrecondition, code.CommandTooLarge: connect.CodeInvalidArgument,

	code.AmountMustBePositive: connect.CodeInvalidArgument, code.AmountOverflows: connect.CodeOutOfRange,
	code.CurrencyUnknown: connect.CodeInvalidArgument, code.CurrencyMismatch: connect.CodeInvalidArgument,
	code.AccountNotFound: connect.CodeNotFound, code.AccountFrozen: connect.CodeFailedPrecondition,
	code.BalanceTooLow: connect.CodeFailedPrecondition, code.AccountCapExceeded: connect.CodeFailedPrecondition,
	code.SameAccount: connect.CodeInvalidArgument, code.BatchExists: connect.CodeAlreadyExists,
	code.BatchEmpty: connect.CodeInvalidArgument, code.BatchTooLarge: connect.CodeInvalidArgument,
	code.AccountNameInvalid: connect.CodeInvalidArgument,

	code.MerchantNotFound: connect.CodeNotFound, code.MerchantPaused: connect.CodeFailedPrecondition,
	code.MerchantExists: connect.CodeAlreadyExists, code.AppidNotBound: connect.CodeFailedPrecondition,
	code.CertNotFound: connect.CodeNotFound, code.CertExists: connect.CodeAlreadyExists,
	code.KeyMissing: connect.CodeFailedPrecondition, code.MchidInvalid: connect.CodeInvalidArgument,
	code.AppidInvalid: connect.CodeInvalidArgument, code.NameInvalid: connect.CodeInvalidArgument,
	code.CertInvalid: connect.CodeInvalidArgument, code.CallbackHostRefused: connect.CodeInvalidArgument,
	code.CallbackNeedsHTTPS: connect.CodeInvalidArgument,

	code.PersonNotFound: connect.CodeNotFound, code.PersonBlocked: connect.CodeFailedPrecondition,
	code.PersonExists: connect.CodeAlreadyExists, code.OpenidNotFound: connect.CodeNotFound,
	code.OpenidMismatch: connect.CodeInvalidArgument, code.PersonRefNeeded: connect.CodeInvalidArgument,
	code.TopupExists: connect.CodeAlreadyExists,

	code.OrderNotFound: connect.CodeNotFound, code.OrderNoUsed: connect.CodeAlreadyExists,
	code.OrderPaid: connect.CodeFailedPrecondition, code.OrderClosed: connect.CodeFailedPrecondition,
	code.OrderExpired: connect.CodeFailedPrecondition, code.PrepayExpired: connect.CodeFailedPrecondition,
	code.PrepayReplaced: connect.CodeFailedPrecondition, code.PayerMismatch: connect.CodePermissionDenied,
	code.OutTradeNoInvalid: connect.CodeInvalidArgument, code.TimeExpireInvalid: connect.CodeInvalidArgument,
	code.OpenidNeeded: connect.CodeInvalidArgument, code.AttemptNeeded: connect.CodeInvalidArgument,
	code.OrderHasAttempt: connect.CodeFailedPrecondition, code.DescriptionNeeded: connect.CodeInvalidArgument,

	code.RefundNotFound: connect.CodeNotFound, code.RefundNoUsed: connect.CodeAlreadyExists,
	code.RefundOrderNotPaid: connect.CodeFailedPrecondition, code.RefundExceedsPaid: connect.CodeFailedPrecondition,
	code.RefundTotalMismatch: connect.CodeInvalidArgument, code.RefundTooMany: connect.CodeFailedPrecondition,
	code.RefundTooLate: connect.CodeFailedPrecondition, code.RefundTooSoon: connect.CodeFailedPrecondition,
	code.RefundNotEnough: connect.CodeFailedPrecondition, code.RefundOrderMismatch: connect.CodeInvalidArgument,
	code.OutRefundNoInvalid: connect.CodeInvalidArgument,

	code.NoticeNotFound: connect.CodeNotFound, code.NoticeStillOwed: connect.CodeFailedPrecondition,
	code.AttemptOutOfOrder: connect.CodeFailedPrecondition, code.LeaseInvalid: connect.CodeInvalidArgument,
	code.CourierReplaced: connect.CodeFailedPrecondition, code.CouriersTooMany: connect.CodeResourceExhausted,

	code.LevelNotHigher: connect.CodeFailedPrecondition, code.LevelUnsupported: connect.CodeUnimplemented,
	code.BackfillUnknown: connect.CodeNotFound, code.BackfillDone: connect.CodeFailedPrecondition,
	code.AlreadyGenesis: connect.CodeAlreadyExists, code.NoGenesis: connect.CodeFailedPrecondition,
	code.AdvanceInvalid: connect.CodeInvalidArgument,
}

// refuse is a code as the admin API answers it: the English sentence, with the
// code's name in the error's metadata for clients that speak other languages.
func refuse(c code.Code) error {
	i, _ := code.Lookup(c)
	e := connect.NewError(connectCodes[c], errors.New(i.EN))
	e.Meta().Set(codeHeader, c.String())
	return e
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
