package rpc

import (
	"errors"
	"fmt"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// JSON reads and writes messages in protobuf's JSON as Connect's own codec
// does, and takes its place where a service is given it. What nearly all messages are made of it reads and writes itself, which
// costs a third; protojson does the rest, and decides whatever is in doubt.
type JSON struct{}

var _ connect.Codec = JSON{}

// Name implements connect.Codec: it takes the place of Connect's own.
func (JSON) Name() string { return "json" }

// IsBinary says that it is text.
func (JSON) IsBinary() bool { return false }

// Marshal implements connect.Codec.
func (c JSON) Marshal(message any) ([]byte, error) { return c.MarshalAppend(nil, message) }

// MarshalStable is Marshal: fields come in their order, without white space.
func (c JSON) MarshalStable(message any) ([]byte, error) { return c.MarshalAppend(nil, message) }

// MarshalAppend appends a message to dst.
func (JSON) MarshalAppend(dst []byte, message any) ([]byte, error) {
	m, ok := message.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is no message", message)
	}
	return appendMessage(dst, m.ProtoReflect())
}

// Unmarshal implements connect.Codec. Fields that it does not know are passed over:
// clients and nodes need not be of one version.
func (JSON) Unmarshal(text []byte, message any) error {
	m, ok := message.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is no message", message)
	}
	if len(text) == 0 {
		return errors.New("zero-length payload is not a valid JSON object")
	}
	if readFlat(text, m.ProtoReflect()) {
		return nil
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, m); err != nil {
		return fmt.Errorf("unmarshal into %T: %w", message, err)
	}
	return nil
}
