// Package rpc says outcomes of commands in Connect's words, for the services that
// speak it.
package rpc

import (
	"errors"
	"strconv"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
)

// Header carries the outcome's name beside Connect's own error.
const Header = "Holdfast-Code"

// Classes is how Connect says a class of outcomes.
var Classes = map[code.Class]connect.Code{
	code.Invalid: connect.CodeInvalidArgument, code.Missing: connect.CodeNotFound,
	code.Conflict: connect.CodeFailedPrecondition, code.Busy: connect.CodeUnavailable,
	code.InDoubt: connect.CodeUnknown, code.Fault: connect.CodeInternal,
}

// Code is how Connect says an outcome: by the service's exceptions, else by its class.
func Code(c code.Code, exceptions map[code.Code]connect.Code) connect.Code {
	if said, ok := exceptions[c]; ok {
		return said
	}
	return Classes[c.Class()]
}

// Refusal is an outcome as an error: one sentence for people, and the name in the
// metadata for programs.
func Refusal(c code.Code, said connect.Code, sentence string) *connect.Error {
	e := connect.NewError(said, errors.New(sentence))
	e.Meta().Set(Header, c.String())
	return e
}

// Chinese says whether what is said in a call's Accept-Language wants sentences in
// Chinese: it is what most people here read, so that only who asks for another
// language gets English.
func Chinese(accepted string) bool {
	first, _, _ := strings.Cut(accepted, ",")
	return first == "" || strings.HasPrefix(strings.TrimSpace(first), "zh")
}

// Sentence is an outcome in a sentence for people.
func Sentence(c code.Code, chinese bool) string {
	i, _ := code.Lookup(c)
	if chinese {
		return i.ZH
	}
	return i.EN
}

// Word is a value of an enum as messages to clients say it: userpaying for
// TRADE_STATE_USERPAYING.
func Word(v protoreflect.Enum) string {
	values := v.Descriptor().Values()
	named := values.ByNumber(v.Number())
	if named == nil { // of a newer version
		return strconv.Itoa(int(v.Number()))
	}
	return strings.ToLower(strings.TrimPrefix(string(named.Name()), prefix(values)))
}

// prefix is what the names of an enum's values begin with.
func prefix(values protoreflect.EnumValueDescriptors) string {
	return strings.TrimSuffix(string(values.ByNumber(0).Name()), "UNSPECIFIED")
}

// Value is the value of an enum that Word says as word; false where there is none.
func Value[E interface {
	~int32
	protoreflect.Enum
}](word string) (E, bool) {
	var zero E
	values := zero.Descriptor().Values()
	named := values.ByName(protoreflect.Name(prefix(values) + strings.ToUpper(word)))
	if named == nil {
		return zero, false
	}
	return E(named.Number()), true
}

// CodeOf reads the outcome off a service's error.
func CodeOf(err error) (code.Code, bool) {
	var e *connect.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	name := e.Meta().Get(Header)
	for _, i := range code.All() {
		if i.Name == name {
			return i.Code, true
		}
	}
	return 0, false
}
