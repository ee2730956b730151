package peer

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
)

// What a node answers another one. A Backend wraps them in a sentence; the
// caller gets both, so that errors.Is tells them apart across the wire. Besides
// these, snapshot.ErrNotYet and snapshot.ErrGone and the context's errors cross
// it.
var (
	// ErrNotLeader says that the node asked does not lead: nothing was done.
	ErrNotLeader = errors.New("this node does not lead; ask the leader")
	// ErrDenied says that the caller may not do that, and never will as who it is.
	ErrDenied = errors.New("not allowed")
	// ErrInvalid says that the request will never be taken as it is.
	ErrInvalid = errors.New("the request is not valid")
	// ErrUnavailable says that the node cannot do it at the moment.
	ErrUnavailable = errors.New("the node is not ready; ask again shortly")
)

// wire is the one table from errors to codes and back. The first match counts.
var wire = []struct {
	err  error
	code connect.Code
}{
	{ErrNotLeader, connect.CodeFailedPrecondition},
	{ErrDenied, connect.CodePermissionDenied},
	{ErrInvalid, connect.CodeInvalidArgument},
	{snapshot.ErrRange, connect.CodeInvalidArgument},
	{snapshot.ErrNotYet, connect.CodeAborted},
	{snapshot.ErrGone, connect.CodeNotFound},
	{context.DeadlineExceeded, connect.CodeDeadlineExceeded},
	{context.Canceled, connect.CodeCanceled},
	{ErrUnavailable, connect.CodeUnavailable},
}

// asConnect is an error for the wire.
func asConnect(err error) error {
	var already *connect.Error
	if err == nil || errors.As(err, &already) {
		return err
	}
	for _, w := range wire {
		if errors.Is(err, w.err) {
			return connect.NewError(w.code, err)
		}
	}
	return connect.NewError(connect.CodeInternal, err)
}

// CallError is a call to another node that was not answered as wished.
type CallError struct {
	Address string
	Doing   string
	// Unsent: no connection was made, so nothing can have been done. Otherwise
	// the outcome is open unless Kind says that it was refused.
	Unsent bool
	// Kind is one of the errors above, nil for what is none of them.
	Kind error
	// Cause is what went wrong, in words.
	Cause error
}

func (e *CallError) Error() string {
	return fmt.Sprintf("asking %s to %s: %v", e.Address, e.Doing, e.Cause)
}

// Unwrap makes the error match what kind it is.
func (e *CallError) Unwrap() []error {
	if e.Kind == nil {
		return []error{e.Cause}
	}
	return []error{e.Kind, e.Cause}
}

// dialError marks what failed before anything was sent.
type dialError struct{ cause error }

func (e *dialError) Error() string { return e.cause.Error() }
func (e *dialError) Unwrap() error { return e.cause }

// fromConnect is an error off the wire.
func fromConnect(address, doing string, err error) error {
	if err == nil {
		return nil
	}
	e := &CallError{Address: address, Doing: doing, Cause: err}
	var ce *connect.Error
	if errors.As(err, &ce) {
		e.Cause = errors.New(ce.Message())
		for _, w := range wire {
			if w.code == ce.Code() {
				e.Kind = w.err
				break
			}
		}
	}
	var dial *dialError
	if errors.As(err, &dial) {
		e.Unsent, e.Kind, e.Cause = true, ErrUnavailable, dial.cause
	}
	return e
}
