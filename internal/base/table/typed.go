package table

import (
	"errors"
	"fmt"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/arena"
	"github.com/holdfast-pay/holdfast/internal/base/must"
)

// Record is a row's value: a protobuf message with vtproto methods.
type Record interface {
	SizeVT() int
	MarshalToSizedBufferVT([]byte) (int, error)
	UnmarshalVT([]byte) error
	// UnmarshalVTUnsafe decodes a record whose texts and bytes are parts of what
	// it is given, which nobody may write again.
	UnmarshalVTUnsafe([]byte) error
}

// Of is a typed table: R is the record, P its pointer.
//
// Its methods know the Overlay and pass keys to it that stay on the caller's
// stack; any other Reader or Txn gets a copy of the key.
type Of[R any, P interface {
	*R
	Record
}] struct{ ID ID }

// Get returns the record under key, decoded afresh: it is the caller's, but for
// the bytes in it.
func (t Of[R, P]) Get(r Reader, key Key) (P, bool) {
	value, ok := Value(r, key)
	if !ok {
		return nil, false
	}
	rec := P(new(R))
	if err := rec.UnmarshalVTUnsafe(value); err != nil {
		panic(undecodable(slices.Clone(key), err))
	}
	return rec, true
}

var errNamed = errors.New("another row names it, and it is not there")

// Need is Get for a record that another row names: one that is not there is damage, and
// Need panics with a *Damage.
func (t Of[R, P]) Need(r Reader, key Key) P {
	rec, ok := t.Get(r, key)
	if !ok {
		panic(&Damage{Key: slices.Clone(key), Cause: errNamed})
	}
	return rec
}

// Value is r.Get for a key that may stay on the caller's stack.
func Value(r Reader, key Key) (value []byte, ok bool) {
	if o, over := r.(*Overlay); over {
		return o.Get(key)
	}
	return r.Get(slices.Clone(key))
}

// Peek returns the record under key for looking only: it is shared with whoever
// peeks next, in this frame or a later one, and must not be modified.
func (t Of[R, P]) Peek(r Reader, key Key) (P, bool) {
	o, over := r.(*Overlay)
	if !over {
		return t.Get(r, key)
	}
	c := o.lookup(key)
	value := c.value()
	if value == nil {
		return nil, false
	}
	rec, ok := c.record.(P)
	if !ok {
		rec = t.Decode(c.key, value)
		c.record = rec
	} else if must.Enabled {
		must.That(string(Encode(rec)) == string(value), "the record of row %x, which everybody shares, was not modified", c.key)
	}
	return rec, true
}

// Decode reads a record from a row's value, which it does not go on holding; key
// is for the error.
func (t Of[R, P]) Decode(key, value []byte) P {
	rec := P(new(R))
	if err := rec.UnmarshalVT(value); err != nil {
		panic(undecodable(slices.Clone(key), err))
	}
	return rec
}

func undecodable(key []byte, err error) *Damage {
	return &Damage{Key: key, Cause: fmt.Errorf("decode: %w", err)}
}

// Put stores the record under key.
func (t Of[R, P]) Put(tx Txn, key Key, rec P) {
	if o, ok := tx.(*Overlay); ok {
		o.SetRecord(key, rec)
		return
	}
	tx.SetRecord(slices.Clone(key), rec)
}

// Insert stores the record under a key that is new by construction.
func (t Of[R, P]) Insert(tx Txn, key Key, rec P) {
	if o, ok := tx.(*Overlay); ok {
		o.InsertRecord(key, rec)
		return
	}
	tx.InsertRecord(slices.Clone(key), rec)
}

// Scan visits the records with from <= key < to.
func (t Of[R, P]) Scan(r Reader, from, to []byte, visit func(key []byte, rec P) bool) {
	r.Scan(from, to, func(key, value []byte) bool { return visit(key, t.Decode(key, value)) })
}

// Encode writes a record as it is stored.
func Encode(rec Record) []byte {
	buf := make([]byte, rec.SizeVT())
	fill(buf, rec)
	return buf
}

// EncodeIn writes a record into an arena.
func EncodeIn(mem *arena.Arena, rec Record) []byte {
	buf := mem.Take(rec.SizeVT())
	fill(buf, rec)
	return buf
}

// fill writes a record into bytes of its size.
func fill(buf []byte, rec Record) {
	n, err := rec.MarshalToSizedBufferVT(buf)
	if err != nil || n != len(buf) {
		panic(fmt.Sprintf("encode %T: %d of %d bytes: %v", rec, n, len(buf), err))
	}
}
