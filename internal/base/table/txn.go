// Package table keeps the state: typed, ordered tables over a small
// transaction.
//
// A key is one byte that names the table (tables.go) and the row's own fields
// in an order that sorts (key.go). What is stored under it is
//
//	+---------+----------------+-----------------+
//	| version | CRC32C         | value           |
//	| 1 byte  | 4 bytes, LE    | protobuf        |
//	+---------+----------------+-----------------+
//
// with the CRC over key, version and value, so that a row read from the wrong
// place is noticed as surely as one with a flipped bit (row.go).
//
// Rules read and write through a Txn. The Overlay (overlay.go) is the Txn of a
// frame: it is read first, so a command sees what the commands before it in
// the same frame wrote, and its changes are taken once, in key order. A Backend (memory
// in mem.go, Pebble in engine/store) holds the rows; tabletest is the suite
// that every Backend passes.
package table

import (
	"fmt"
	"io"
)

// Reader reads rows. A row that fails its check panics with a *Damage.
type Reader interface {
	// Get returns the value stored under key. Nobody modifies it, neither the
	// caller nor the Reader: records may go on holding parts of it.
	Get(key []byte) (value []byte, ok bool)
	// Scan visits rows with from <= key < to in key order until visit returns
	// false. key and value are valid only during the call.
	Scan(from, to []byte, visit func(key, value []byte) bool)
}

// Txn is the state as a handler sees it.
type Txn interface {
	Reader
	// Set stores value under key. Both are copied.
	Set(key, value []byte)
	// Insert is Set for a key that cannot be there yet (a fresh number): it
	// saves the look-up of the old row.
	Insert(key, value []byte)
	// SetRecord and InsertRecord are Set and Insert of a record's encoding.
	SetRecord(key []byte, rec Record)
	InsertRecord(key []byte, rec Record)
	// Delete removes the row, if there is one.
	Delete(key []byte)
}

// Snapshot is an unchanging view of all tables at one applied frame.
type Snapshot interface {
	Reader
	io.Closer
}

// Write is one row that a frame changed: stored bytes, or nil to delete.
type Write struct {
	Key    []byte
	Stored []byte
}

// Backend holds stored rows.
type Backend interface {
	// Load appends the stored bytes under key to buf.
	Load(key, buf []byte) (stored []byte, ok bool, err error)
	// Iterate visits stored rows with from <= key < to in key order.
	Iterate(from, to []byte, visit func(key, stored []byte) bool) error
	// Commit makes all writes visible at once, or none. Of several writes of
	// one key the last counts.
	Commit(writes []Write) error
	// Snapshot opens a view that later commits do not change.
	Snapshot() Snapshot
}

// Damage is a row that cannot be read back as it was written.
type Damage struct {
	Key   []byte
	Cause error
}

func (d *Damage) Error() string {
	name := "?"
	if len(d.Key) > 0 {
		name = ID(d.Key[0]).String()
	}
	return fmt.Sprintf("table %s: row %x: %v", name, d.Key, d.Cause)
}

func (d *Damage) Unwrap() error { return d.Cause }

// Read calls f with r and turns a *Damage into an error. Edges read through it.
func Read(r Reader, f func(Reader) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			d, ok := p.(*Damage)
			if !ok {
				panic(p)
			}
			err = d
		}
	}()
	return f(r)
}
