package table

import (
	"unsafe"

	"github.com/holdfast-pay/holdfast/internal/base/must"
)

// arena hands out byte slices that live until reset, so that a frame of
// thousands of rows costs a few allocations. Blocks are never moved.
type arena struct {
	blocks [][]byte
	at     int // index of the block in use
	used   int // bytes used of it
}

const arenaBlock = 1 << 18

// take returns n bytes with undefined content.
func (a *arena) take(n int) []byte {
	if n > arenaBlock {
		return make([]byte, n)
	}
	if a.at == len(a.blocks) || a.used+n > arenaBlock {
		if a.at < len(a.blocks) {
			a.at++
		}
		if a.at == len(a.blocks) {
			a.blocks = append(a.blocks, make([]byte, arenaBlock))
		}
		a.used = 0
	}
	b := a.blocks[a.at][a.used : a.used+n : a.used+n]
	a.used += n
	return b
}

// copy returns a copy of b; never nil, so that an empty value is still a value.
func (a *arena) copy(b []byte) []byte {
	c := a.take(len(b))
	copy(c, b)
	if c == nil {
		return []byte{}
	}
	return c
}

// arenaKept is how many blocks survive a reset: enough for a large frame.
const arenaKept = 64

// reset makes all bytes available again. In test builds it spoils them first,
// so that nobody gets by with bytes of a frame that is over.
func (a *arena) reset() {
	a.rewind()
	if len(a.blocks) > arenaKept {
		clear(a.blocks[arenaKept:])
		a.blocks = a.blocks[:arenaKept]
	}
}

// rewind makes all bytes available again and keeps all blocks.
func (a *arena) rewind() {
	if must.Enabled {
		a.spoil()
	}
	a.at, a.used = 0, 0
}

func (a *arena) spoil() {
	for i := 0; i <= a.at && i < len(a.blocks); i++ {
		b := a.blocks[i]
		if i == a.at {
			b = b[:a.used]
		}
		for j := range b {
			b[j] = 0xdb
		}
	}
}

// unsafeString views bytes that will not change as a string.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
