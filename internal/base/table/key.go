package table

import "encoding/binary"

// Key builds a row's address. Fields are appended in sorting order: numbers
// big-endian, strings ended by a zero byte (so no string may hold one).
type Key []byte

// K starts a key of the table.
func K(id ID) Key { return append(make(Key, 0, 64), byte(id)) }

// U64 appends a number that sorts as a number.
func (k Key) U64(n uint64) Key { return binary.BigEndian.AppendUint64(k, n) }

// U32 appends a number that sorts as a number.
func (k Key) U32(n uint32) Key { return binary.BigEndian.AppendUint32(k, n) }

// I64 appends a signed number so that negatives sort first.
func (k Key) I64(n int64) Key { return binary.BigEndian.AppendUint64(k, uint64(n)^(1<<63)) }

// Str appends a string and its end.
func (k Key) Str(s string) Key { return append(append(k, s...), 0) }

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
	for i, b := range *f {
		if b == 0 {
			s := string((*f)[:i])
			*f = (*f)[i+1:]
			return s
		}
	}
	s := string(*f)
	*f = nil
	return s
}
