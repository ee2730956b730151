package machine

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// SeedBytes is how much randomness a command is given.
const SeedBytes = 16

// CommandOverhead is the most bytes that a frame has for a command besides its own.
const CommandOverhead = 8

// AppendCommand stamps a command with the leader's clock, Unix milliseconds, and
// its seed, and appends it to an encoded pb.Frame.
func AppendCommand(frame []byte, c *pb.Command, at int64, seed []byte) ([]byte, error) {
	c.At, c.Seed, c.Until = at, seed, 0
	size := c.SizeVT()
	frame = protowire.AppendTag(frame, 1, protowire.BytesType)
	frame = protowire.AppendVarint(frame, uint64(size))
	n := len(frame)
	frame = append(frame, make([]byte, size)...)
	if _, err := c.MarshalToSizedBufferVT(frame[n:]); err != nil {
		return nil, fmt.Errorf("encode a command: %w", err)
	}
	return frame, nil
}
