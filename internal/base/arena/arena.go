// Package arena hands out memory for what a frame of commands makes: keys,
// rows, the texts in them. A payment needs some thirty such pieces, and here
// they cost no allocation each.
//
// Nothing is ever taken back. A block that is used up is left to the garbage
// collector, which frees it when the last piece of it is forgotten; so a piece
// stays what it is for as long as anybody holds it, and no frame can see
// another's bytes. The price is that a small piece keeps its whole block: who
// keeps something for long copies it.
package arena

import "unsafe"

// Block is how many bytes an Arena takes from the heap at a time.
const Block = 1 << 17

// Arena hands out pieces of blocks. The zero value is ready; it belongs to one
// goroutine.
type Arena struct {
	rest  []byte // of the block in use
	taken uint64
}

// Take returns n zero bytes, with no capacity beyond them.
func (a *Arena) Take(n int) []byte {
	a.taken += uint64(n)
	if n > len(a.rest) {
		if n > Block/4 { // of its own, so that no block is left half used
			return make([]byte, n)
		}
		a.rest = make([]byte, Block)
	}
	piece := a.rest[:n:n]
	a.rest = a.rest[n:]
	return piece
}

// Taken is how many bytes were handed out so far.
func (a *Arena) Taken() uint64 { return a.taken }

// Copy returns a copy of b; never nil, so that an empty value is still a value.
func (a *Arena) Copy(b []byte) []byte {
	piece := a.Take(len(b))
	copy(piece, b)
	if piece == nil {
		return []byte{}
	}
	return piece
}

// Text returns a copy of b as a string.
func (a *Arena) Text(b []byte) string { return View(a.Copy(b)) }

// Join returns the parts one after the other.
func (a *Arena) Join(parts ...string) string {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	piece := a.Take(n)
	at := 0
	for _, p := range parts {
		at += copy(piece[at:], p)
	}
	return View(piece)
}

// View returns bytes that nobody will write again as a string, without copying.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
