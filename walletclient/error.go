package walletclient

import (
	"errors"
	"net"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
)

// Error says why a call did not do what was asked.
type Error struct {
	// Code is the outcome's name, such as balance_too_low; docs/reference/outcomes.md
	// lists them. It is "" when the platform gave none, or was not reached.
	Code string
	// Chinese and English say it to people.
	Chinese, English string
	// Unknown: it may have been done. Repeated with the same client id, the call
	// tells.
	Unknown bool
	// Busy: nothing was done; the same call may succeed later.
	Busy bool

	unreached bool // nothing was sent
	cause     error
}

// Error is the sentence in English, after the code where there is one.
func (e *Error) Error() string {
	if e.Code == "" {
		return e.English
	}
	return e.Code + ": " + e.English
}

// Unwrap returns the error that the API's transport returned.
func (e *Error) Unwrap() error { return e.cause }

// Refused says whether err is an Error with the outcome of that name.
func Refused(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// explain turns what a call of the generated client returned into an Error.
func explain(err error) *Error {
	var said *connect.Error
	if !errors.As(err, &said) || said.Meta().Get(rpc.Header) == "" {
		return unsaid(err, said)
	}
	e := &Error{Code: said.Meta().Get(rpc.Header), Chinese: said.Message(), English: said.Message(), cause: err}
	known, ok := rpc.CodeOf(err)
	if !ok { // an outcome of a later version: what it says for itself is all there is
		e.Unknown = said.Code() == connect.CodeUnknown || said.Code() == connect.CodeInternal
		e.Busy = said.Code() == connect.CodeUnavailable
		return e
	}
	i, _ := code.Lookup(known)
	e.Chinese, e.English = i.ZH, i.EN
	e.Unknown = i.Class == code.InDoubt || i.Class == code.Fault
	e.Busy = i.Class == code.Busy && i.Retry == code.Same && known != code.LevelTooLow
	return e
}

// unsaid is an error that carries no outcome: no node said anything, or one refused
// the call before it looked at it.
func unsaid(err error, said *connect.Error) *Error {
	if said != nil && connect.IsWireError(err) && said.Code() != connect.CodeUnavailable && said.Code() != connect.CodeUnknown {
		return &Error{Chinese: said.Message(), English: said.Message(), cause: err}
	}
	var dial *net.OpError
	return &Error{
		Chinese: "未收到平台应答，结果未知，请用相同单号重试。", English: "the platform did not answer: the outcome is unknown, repeat with the same client id",
		Unknown: true, unreached: errors.As(err, &dial) && dial.Op == "dial", cause: err,
	}
}

// errNoURL is what a client without a URL comes to.
func errNoURL() *Error {
	return &Error{English: "no URL of the wallet API was given", Chinese: "未指定钱包接口地址"}
}
