package table

import (
	"fmt"
	"slices"
)

// Record is a row's value: a protobuf message with vtproto methods.
type Record interface {
	SizeVT() int
	MarshalToSizedBufferVT([]byte) (int, error)
	UnmarshalVT([]byte) error
}

// Of is a typed table: R is the record, P its pointer.
type Of[R any, P interface {
	*R
	Record
}] struct{ ID ID }

// Get returns the record under key, decoded afresh.
func (t Of[R, P]) Get(r Reader, key Key) (P, bool) {
	value, ok := r.Get(key)
	if !ok {
		return nil, false
	}
	return t.Decode(key, value), true
}

// Decode reads a record from a row's value; key is for the error.
func (t Of[R, P]) Decode(key, value []byte) P {
	rec := P(new(R))
	if err := rec.UnmarshalVT(value); err != nil {
		panic(&Damage{Key: slices.Clone(key), Cause: fmt.Errorf("decode: %w", err)})
	}
	return rec
}

// Put stores the record under key.
func (t Of[R, P]) Put(tx Txn, key Key, rec P) { tx.Set(key, Encode(rec)) }

// Insert stores the record under a key that is new by construction.
func (t Of[R, P]) Insert(tx Txn, key Key, rec P) { tx.Insert(key, Encode(rec)) }

// Scan visits the records with from <= key < to.
func (t Of[R, P]) Scan(r Reader, from, to []byte, visit func(key []byte, rec P) bool) {
	r.Scan(from, to, func(key, value []byte) bool { return visit(key, t.Decode(key, value)) })
}

// Encode writes a record as it is stored.
func Encode(rec Record) []byte {
	buf := make([]byte, rec.SizeVT())
	n, err := rec.MarshalToSizedBufferVT(buf)
	if err != nil || n != len(buf) {
		panic(fmt.Sprintf("encode %T: %d of %d bytes: %v", rec, n, len(buf), err))
	}
	return buf
}
