package table

import "encoding/binary"

// Key builds a row's address. Fields are appended in sorting order: numbers
// big-endian, strings ended by a zero byte. Inside a string the bytes 0 and 1
// become 1,1 and 1,2: any string can be part of a key, no two lists of fields
// make the same key, and keys sort as their fields do.
type Key []byte

const (
	strEnd    = 0
	strEscape = 1
)

// K starts a key of the table.
func K(id ID) Key { return append(make(Key, 0, 64), byte(id)) }

// U64 appends a number that sorts as a number.
func (k Key) U64(n uint64) Key { return binary.BigEndian.AppendUint64(k, n) }

// U32 appends a number that sorts as a number.
func (k Key) U32(n uint32) Key { return binary.BigEndian.AppendUint32(k, n) }

// I64 appends a signed number so that negatives sort first.
func (k Key) I64(n int64) Key { return binary.BigEndian.AppendUint64(k, uint64(n)^(1<<63)) }

// Str appends a string and its end.
func (k Key) Str(s string) Key {
	for i := range len(s) {
		if s[i] <= strEscape {
			return k.escaped(s)
		}
	}
	return append(append(k, s...), strEnd)
}

func (k Key) escaped(s string) Key {
	for i := range len(s) {
		if s[i] <= strEscape {
			k = append(k, strEscape, s[i]+1)
		} else {
			k = append(k, s[i])
		}
	}
	return append(k, strEnd)
}

// Range returns the bounds of all rows of the table.
func Range(id ID) (from, to []byte) { return []byte{byte(id)}, []byte{byte(id) + 1} }

// Prefix returns the bounds of all keys that begin with k.
func Prefix(k Key) (from, to []byte) {
	to = append([]byte(nil), k...)
	for i := len(to) - 1; i >= 0; i-- {
		if to[i]++; to[i] != 0 {
			return k, to[:i+1]
		}
	}
	return k, nil
}

// Fields reads a key back in the order it was built.
type Fields []byte

// F skips the table byte of a key.
func F(key []byte) Fields { return Fields(key[1:]) }

// U64 takes a number off the front.
func (f *Fields) U64() uint64 {
	n := binary.BigEndian.Uint64(*f)
	*f = (*f)[8:]
	return n
}

// U32 takes a number off the front.
func (f *Fields) U32() uint32 {
	n := binary.BigEndian.Uint32(*f)
	*f = (*f)[4:]
	return n
}

// I64 takes a signed number off the front.
func (f *Fields) I64() int64 { return int64(f.U64() ^ (1 << 63)) }

// Str takes a string off the front.
func (f *Fields) Str() string {
	end, escaped := 0, false
	for end < len(*f) && (*f)[end] != strEnd {
		escaped = escaped || (*f)[end] == strEscape
		end++
	}
	s := string((*f)[:end])
	*f = (*f)[min(end+1, len(*f)):]
	if escaped {
		return unescape(s)
	}
	return s
}

func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == strEscape && i+1 < len(s) {
			i++
			c = s[i] - 1
		}
		b = append(b, c)
	}
	return string(b)
}
