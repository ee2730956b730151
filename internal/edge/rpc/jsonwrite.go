package rpc

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// written remembers which messages are written here.
var written sync.Map // of protoreflect.FullName to bool

// isPlain says whether a message has no fields but lists and single values of
// common kinds.
func isPlain(d protoreflect.MessageDescriptor) bool {
	if known, ok := written.Load(d.FullName()); ok {
		return known.(bool)
	}
	is := d.ParentFile().Package() != "google.protobuf" // whose messages have forms of their own
	for i := range d.Fields().Len() {
		is = is && isPlainField(d.Fields().Get(i))
	}
	written.Store(d.FullName(), is)
	return is
}

func isPlainField(fd protoreflect.FieldDescriptor) bool {
	switch fd.Kind() {
	case protoreflect.FloatKind, protoreflect.DoubleKind, protoreflect.GroupKind:
		return false
	case protoreflect.EnumKind:
		return fd.Enum().ParentFile().Package() != "google.protobuf"
	}
	return !fd.IsMap()
}

// appendMessage writes a message as protojson does, without white space.
func appendMessage(b []byte, m protoreflect.Message) (_ []byte, err error) {
	d := m.Descriptor()
	if !m.IsValid() || !isPlain(d) {
		return protojson.MarshalOptions{}.MarshalAppend(b, m.Interface())
	}
	b = append(b, '{')
	sep := false
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		if !m.Has(fd) {
			continue
		}
		if sep {
			b = append(b, ',')
		}
		sep = true
		b = append(append(append(b, '"'), fd.JSONName()...), '"', ':')
		if b, err = appendField(b, fd, m.Get(fd)); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendField(b []byte, fd protoreflect.FieldDescriptor, v protoreflect.Value) (_ []byte, err error) {
	if !fd.IsList() {
		return appendValue(b, fd, v)
	}
	b = append(b, '[')
	for i, list := 0, v.List(); i < list.Len(); i++ {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendValue(b, fd, list.Get(i)); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendValue(b []byte, fd protoreflect.FieldDescriptor, v protoreflect.Value) ([]byte, error) {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return strconv.AppendBool(b, v.Bool()), nil
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind: // of 64 bits in quotes: JavaScript's numbers have 53
		return append(strconv.AppendInt(append(b, '"'), v.Int(), 10), '"'), nil
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return append(strconv.AppendUint(append(b, '"'), v.Uint(), 10), '"'), nil
	case protoreflect.EnumKind:
		if known := fd.Enum().Values().ByNumber(v.Enum()); known != nil {
			return append(append(append(b, '"'), known.Name()...), '"'), nil
		}
		return strconv.AppendInt(b, int64(v.Enum()), 10), nil
	case protoreflect.BytesKind:
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"'), nil
	case protoreflect.MessageKind:
		return appendMessage(b, v.Message())
	}
	text := v.String()
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("field %s is not UTF-8", fd.FullName())
	}
	return appendText(b, text), nil
}

// appendText writes a string in quotes.
func appendText(b []byte, text string) []byte {
	b = append(b, '"')
	done := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, text[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			const digits = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(append(b, text[done:]...), '"')
}
