package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// MaxFrame is the longest frame, in bytes without its length. Nobody makes one
// that long: a batch of entries is bounded far below.
const MaxFrame = 64 << 20

const (
	headerSize = 4
	// growStep is how much is made room for before more has arrived: a length
	// alone takes no memory.
	growStep = 1 << 20
	// keepBuffer is the largest buffer that is kept for the next frame.
	keepBuffer = 4 << 20
)

// ErrFrame says that a stream holds something else than frames.
var ErrFrame = errors.New("malformed frame")

// appendFrame puts m as a frame into buf, from its beginning, and returns it.
func appendFrame(buf []byte, m *pb.PeerMessage) ([]byte, error) {
	size := m.SizeVT()
	if size == 0 || size > MaxFrame {
		return buf, fmt.Errorf("%w: a message of %d bytes; 1 to %d are allowed", ErrFrame, size, MaxFrame)
	}
	buf = slices.Grow(buf[:0], headerSize+size)[:headerSize+size]
	binary.BigEndian.PutUint32(buf, uint32(size))
	_, err := m.MarshalToSizedBufferVT(buf[headerSize:])
	return buf, err
}

// frames reads frames from a stream.
type frames struct {
	r   io.Reader
	max int // longest frame taken
	buf []byte
}

// next reads one frame and returns its message and its length on the wire.
// io.EOF says that the stream ended between two frames.
func (f *frames) next() (m *pb.PeerMessage, n int, err error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(f.r, header[:]); err != nil {
		return nil, 0, err
	}
	size := binary.BigEndian.Uint32(header[:])
	if size == 0 || uint64(size) > uint64(f.max) {
		return nil, 0, fmt.Errorf("%w: its length is %d; 1 to %d are allowed", ErrFrame, size, f.max)
	}
	if err := f.fill(int(size)); err != nil {
		return nil, 0, err
	}
	m = new(pb.PeerMessage)
	if err := m.UnmarshalVT(f.buf); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrFrame, err)
	}
	if cap(f.buf) > keepBuffer {
		f.buf = nil // the message holds copies
	}
	return m, headerSize + int(size), nil
}

// fill reads size bytes into buf, which grows with what arrives.
func (f *frames) fill(size int) error {
	f.buf = f.buf[:0]
	for len(f.buf) < size {
		from := len(f.buf)
		upTo := min(size, from+growStep)
		f.buf = slices.Grow(f.buf, upTo-from)[:upTo]
		if _, err := io.ReadFull(f.r, f.buf[from:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// isGreeting says whether m carries nothing but who speaks to whom.
func isGreeting(m *pb.PeerMessage) bool {
	return len(m.Raft) == 0 && m.Status == nil && m.Mark == nil && m.Refusal == nil
}
