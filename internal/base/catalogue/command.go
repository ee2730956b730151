package catalogue

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Result is what one command returns. Body is the record concerned as it is now,
// of the type that the command's descriptor names; nil when there is none. On a
// refusal it may be nil.
type Result struct {
	Code code.Code
	Body table.Record
}

// Spec is what the machine needs to know of a command.
type Spec struct {
	Number Number
	Name   string
	// Level is the feature level that enables the command.
	Level uint32
	// Sandbox says that only a sandbox runs it.
	Sandbox bool
	// Run decodes the body and calls the rule. The body is not copied: nobody
	// may write to it again. An error is a body that cannot be decoded.
	Run func(d *deed.Deed, body []byte) (Result, error)
	// NewBody makes an empty body.
	NewBody func() table.Record
	// NewRecord makes an empty Result.Body; nil when the command returns none.
	NewRecord func() table.Record
}

// Command describes a command with body B that returns a record R, None when it
// returns none. It is declared once, beside its handler.
type Command[B, R table.Record] struct {
	*Spec
	until int64
}

// message is a record that can be made.
type message[M any] interface {
	*M
	table.Record
}

// Returning describes a command whose handler returns a code and a record.
// It runs from level 1 on.
func Returning[M any, B message[M], N any, R message[N]](n Number, name string, apply func(*deed.Deed, B) (code.Code, R)) Command[B, R] {
	s := describe[M, B](n, name)
	s.NewRecord = func() table.Record { return R(new(N)) }
	s.Run = func(d *deed.Deed, raw []byte) (Result, error) {
		c := B(new(M))
		if err := c.UnmarshalVTUnsafe(raw); err != nil {
			return Result{}, err
		}
		out, rec := apply(d, c)
		if rec == nil {
			return Result{Code: out}, nil
		}
		return Result{Code: out, Body: rec}, nil
	}
	return Command[B, R]{Spec: s}
}

// Plain describes a command whose handler returns a code alone. It runs from
// level 1 on.
func Plain[M any, B message[M]](n Number, name string, apply func(*deed.Deed, B) code.Code) Command[B, None] {
	s := describe[M, B](n, name)
	s.Run = func(d *deed.Deed, raw []byte) (Result, error) {
		c := B(new(M))
		if err := c.UnmarshalVTUnsafe(raw); err != nil {
			return Result{}, err
		}
		return Result{Code: apply(d, c)}, nil
	}
	return Command[B, None]{Spec: s}
}

func describe[M any, B message[M]](n Number, name string) *Spec {
	if _, taken := names[n]; !taken {
		names[n] = name
	}
	return &Spec{Number: n, Name: name, Level: 1, NewBody: func() table.Record { return B(new(M)) }}
}

// From says at which feature level the command begins; 0 is before the first.
func (c Command[B, R]) From(level uint32) Command[B, R] {
	c.Level = level
	return c
}

// SandboxOnly says that only a sandbox runs the command.
func (c Command[B, R]) SandboxOnly() Command[B, R] {
	c.Sandbox = true
	return c
}

// New makes the envelope of a command. The leader adds time and seed.
func (c Command[B, R]) New(actor, requestID string, body B) *pb.Command {
	cmd := NewCommand(c.Number, actor, requestID, body)
	cmd.Until = c.until
	return cmd
}

// Until is the command for one that no leader may propose any more after a time, by its
// wall clock.
func (c Command[B, R]) Until(at time.Time) Command[B, R] {
	c.until = at.UnixMilli()
	return c
}

// NewCommand makes the envelope of a command by its number, where the body's
// type is not known when the caller is compiled.
func NewCommand(n Number, actor, requestID string, body table.Record) *pb.Command {
	return &pb.Command{Number: uint32(n), Actor: actor, RequestId: requestID, Body: table.Encode(body)}
}

// Doer has commands applied, as a replica does.
type Doer interface {
	Do(ctx context.Context, cmd *pb.Command) (Result, error)
}

// Do has the command applied and returns its outcome. The record may come with a
// refusal too, and may be nil. An error says that there is no outcome, or none
// that is known.
func (c Command[B, R]) Do(ctx context.Context, by Doer, actor, requestID string, body B) (R, code.Code, error) {
	res, err := by.Do(ctx, c.New(actor, requestID, body))
	if err != nil {
		var none R
		return none, 0, err
	}
	rec, err := c.Record(res)
	return rec, res.Code, err
}

// Record is the record in a result of the command, nil when it holds none. A
// record of another type is an error: somebody answered another command.
func (c Command[B, R]) Record(res Result) (rec R, err error) {
	if res.Body == nil {
		return rec, nil
	}
	rec, ok := res.Body.(R)
	if !ok {
		return rec, fmt.Errorf("%s returned a %T", c.Name, res.Body)
	}
	return rec, nil
}

// None stands for the record of a command that returns none. It is always nil.
type None = *nothing

type nothing struct{}

func (*nothing) SizeVT() int                                { return 0 }
func (*nothing) MarshalToSizedBufferVT([]byte) (int, error) { return 0, nil }
func (*nothing) UnmarshalVT([]byte) error                   { return nil }

func (*nothing) UnmarshalVTUnsafe([]byte) error { return nil }
