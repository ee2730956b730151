package journal

import (
	"encoding/binary"
	"math/bits"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// packBlock is how much memory a Packer takes at a time.
const packBlock = 2 * MaxRow

// Adopter takes rows that are kept where they were made; table.Overlay does.
type Adopter interface {
	Adopt(key, row []byte)
}

// Packer writes entries into packed rows, each straight to where it stays. The
// memory is never used again, so that whoever reads a row may go on holding it.
// The zero value is ready; it belongs to the goroutine that applies commands.
type Packer struct {
	block []byte // up to the end of the row under way
	start int    // of the row under way
	count int    // its entries
	last  uint64 // the number of the last of them
	key   table.Key
}

// Add appends entry seq, the next one, whose size is known. A row that would
// become longer than MaxRow goes to tx before.
func (p *Packer) Add(tx Adopter, seq uint64, e table.Record, size int) {
	need := uvarintSize(size) + size
	if p.count > 0 && len(p.block)-p.start-table.RowRoom+need > MaxRow {
		p.Close(tx)
	}
	if p.count == 0 {
		p.extend(table.RowRoom + packedHeader + need)
		p.block = p.block[:p.start+table.RowRoom+packedHeader]
	} else {
		p.extend(need)
	}
	at := len(p.block)
	p.block = binary.AppendUvarint(p.block, uint64(size))
	p.block = p.block[:at+need]
	if n, err := e.MarshalToSizedBufferVT(p.block[at+need-size:]); err != nil || n != size {
		must.Never("entry %d has %d bytes, not %d: %v", seq, size, n, err)
	}
	p.count++
	p.last = seq
}

// extend makes sure that n bytes more have room in the block, behind what the row
// under way has.
func (p *Packer) extend(n int) {
	if n <= cap(p.block)-len(p.block) {
		return
	}
	row := p.block[p.start:]
	p.block, p.start = append(make([]byte, 0, packBlock), row...), 0
}

// Close gives the row under way to tx. It is called at the end of a frame.
func (p *Packer) Close(tx Adopter) {
	if p.count == 0 {
		return
	}
	end := len(p.block)
	row := p.block[p.start:end:end]
	row[table.RowRoom] = packedMark
	binary.BigEndian.PutUint16(row[table.RowRoom+1:], uint16(p.count))
	p.key = append(p.key[:0], byte(table.Journal)).U64(p.last)
	tx.Adopt(p.key, row)
	p.start, p.count = end, 0
}

// uvarintSize is how many bytes a length takes.
func uvarintSize(n int) int { return (bits.Len(uint(n)|1) + 6) / 7 }
