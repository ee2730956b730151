package table

import "slices"

// Stored reads stored rows; a Backend does, and so does a snapshot of one.
type Stored interface {
	// Load appends the stored bytes under key to buf.
	Load(key, buf []byte) (stored []byte, ok bool, err error)
	// Iterate visits stored rows with from <= key < to in key order.
	Iterate(from, to []byte, visit func(key, stored []byte) bool) error
}

// View makes a Snapshot of anything that loads and iterates stored rows.
type View struct {
	raw   Stored
	close func() error
}

// NewView returns a Snapshot over raw; close may be nil.
func NewView(raw Stored, close func() error) *View { return &View{raw: raw, close: close} }

// Get implements Reader.
func (v *View) Get(key []byte) ([]byte, bool) {
	stored, ok, err := v.raw.Load(key, nil)
	if err == nil && !ok {
		return nil, false
	}
	var value []byte
	if err == nil {
		value, err = Open(key, stored)
	}
	if err != nil {
		panic(&Damage{Key: slices.Clone(key), Cause: err})
	}
	return value, true
}

// Scan implements Reader.
func (v *View) Scan(from, to []byte, visit func(key, value []byte) bool) {
	err := v.raw.Iterate(from, to, func(key, stored []byte) bool {
		value, err := Open(key, stored)
		if err != nil {
			panic(&Damage{Key: slices.Clone(key), Cause: err})
		}
		return visit(key, value)
	})
	if err != nil {
		panic(&Damage{Key: slices.Clone(from), Cause: err})
	}
}

// Close implements Snapshot.
func (v *View) Close() error {
	if v.close == nil {
		return nil
	}
	return v.close()
}
