package rpc

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// readFlat reads a JSON object of texts, bytes, whole numbers and booleans into a message.
// It returns false for everything that is not plainly that: nested values, escapes,
// null, zeros, unknown and repeated names.
func readFlat(text []byte, m protoreflect.Message) bool {
	proto.Reset(m.Interface())
	return flatObject(&scanner{text: text}, m)
}

func flatObject(s *scanner, m protoreflect.Message) bool {
	if !s.take('{') {
		return false
	}
	for more := !s.take('}'); more; {
		name, ok := s.quoted()
		if !ok || !s.take(':') || !flatField(s, m, name) {
			return false
		}
		if more = s.take(','); !more && !s.take('}') {
			return false
		}
	}
	s.blank()
	return s.at == len(s.text)
}

// flatField reads one field's value.
func flatField(s *scanner, m protoreflect.Message, name []byte) bool {
	fields := m.Descriptor().Fields()
	fd := fields.ByJSONName(string(name))
	if fd == nil {
		fd = fields.ByTextName(string(name))
	}
	if fd == nil || fd.Cardinality() == protoreflect.Repeated || fd.ContainingOneof() != nil || m.Has(fd) {
		return false
	}
	value, quoted, ok := s.value()
	if !ok {
		return false
	}
	v, ok := flatValue(fd.Kind(), value, quoted)
	if ok {
		m.Set(fd, v)
	}
	// A zero that is not kept could not be told from one that was not given.
	return ok && m.Has(fd)
}

func flatValue(kind protoreflect.Kind, value []byte, quoted bool) (protoreflect.Value, bool) {
	switch kind {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(string(value)), quoted && utf8.Valid(value)
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true), !quoted && string(value) == "true"
	case protoreflect.BytesKind:
		b, err := base64.StdEncoding.DecodeString(string(value)) // the other alphabet, and no padding, are protojson's
		return protoreflect.ValueOfBytes(b), quoted && err == nil
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		n, err := strconv.ParseInt(string(value), 10, 64)
		return protoreflect.ValueOfInt64(n), err == nil && isWhole(value)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		n, err := strconv.ParseUint(string(value), 10, 64)
		return protoreflect.ValueOfUint64(n), err == nil && isWhole(value)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		n, err := strconv.ParseInt(string(value), 10, 32)
		return protoreflect.ValueOfInt32(int32(n)), err == nil && isWhole(value)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		n, err := strconv.ParseUint(string(value), 10, 32)
		return protoreflect.ValueOfUint32(uint32(n)), err == nil && isWhole(value)
	}
	return protoreflect.Value{}, false
}

// isWhole says that a number is written as JSON writes whole ones other than 0.
func isWhole(digits []byte) bool {
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	return len(digits) > 0 && digits[0] >= '1' && digits[0] <= '9'
}

// scanner reads tokens.
type scanner struct {
	text []byte
	at   int
}

func (s *scanner) blank() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t' || s.text[s.at] == '\n' || s.text[s.at] == '\r') {
		s.at++
	}
}

// take passes over white space and then c; false when something else is there.
func (s *scanner) take(c byte) bool {
	s.blank()
	if s.at == len(s.text) || s.text[s.at] != c {
		return false
	}
	s.at++
	return true
}

// value reads a text in quotes, or what stands without.
func (s *scanner) value() (value []byte, quoted, ok bool) {
	s.blank()
	if s.at < len(s.text) && s.text[s.at] == '"' {
		value, ok = s.quoted()
		return value, true, ok
	}
	value, ok = s.word()
	return value, false, ok
}

// quoted reads a text in quotes that has no escapes.
func (s *scanner) quoted() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	for begin := s.at; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return s.text[begin : s.at-1], true
		case c < ' ', c == '\\':
			return nil, false
		}
	}
	return nil, false
}

// word reads letters, digits and a sign.
func (s *scanner) word() ([]byte, bool) {
	begin := s.at
	for s.at < len(s.text) {
		if c := s.text[s.at]; c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			break
		}
		s.at++
	}
	return s.text[begin:s.at], s.at > begin
}
