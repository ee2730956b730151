package machine

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// SeedBytes is how much randomness a command is given.
const SeedBytes = 16

// EncodeFrame stamps commands with the leader's clock, Unix milliseconds, and
// their part of seeds, SeedBytes for each, and encodes them as one pb.Frame.
func EncodeFrame(commands []*pb.Command, at int64, seeds []byte) ([]byte, error) {
	size := 0
	for i, c := range commands {
		c.At, c.Seed = at, seeds[SeedBytes*i:SeedBytes*(i+1):SeedBytes*(i+1)]
		size += c.SizeVT() + 8
	}
	data := make([]byte, 0, size)
	for _, c := range commands {
		size := c.SizeVT()
		data = protowire.AppendTag(data, 1, protowire.BytesType)
		data = protowire.AppendVarint(data, uint64(size))
		n := len(data)
		data = append(data, make([]byte, size)...)
		if _, err := c.MarshalToSizedBufferVT(data[n:]); err != nil {
			return nil, fmt.Errorf("encode a command: %w", err)
		}
	}
	return data, nil
}
