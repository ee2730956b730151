package machine

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-pay/holdfast/internal/base/arena"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// decode reads a command's envelope. Actor, seed and body are parts of raw; the
// request id, which no handler sees, is left out where that can be done.
func decode(cmd *pb.Command, raw []byte) error {
	if inPlace(cmd, raw) {
		return nil
	}
	cmd.Reset()
	return cmd.UnmarshalVTUnsafe(raw)
}

// inPlace reads an envelope as this binary writes it; false for anything else,
// which the generated decoder judges.
func inPlace(cmd *pb.Command, raw []byte) bool {
	cmd.Reset()
	for len(raw) > 0 {
		field, kind, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return false
		}
		raw = raw[n:]
		switch kind {
		case protowire.VarintType:
			v, n := protowire.ConsumeVarint(raw)
			if n < 0 || !setNumber(cmd, field, v) {
				return false
			}
			raw = raw[n:]
		case protowire.BytesType:
			b, n := protowire.ConsumeBytes(raw)
			if n < 0 || !setBytes(cmd, field, b) {
				return false
			}
			raw = raw[n:]
		default:
			return false
		}
	}
	return true
}

func setNumber(cmd *pb.Command, field protowire.Number, v uint64) bool {
	switch field {
	case 1:
		cmd.Number = uint32(v)
	case 4:
		cmd.Origin = v
	case 5:
		cmd.At = int64(v)
	default:
		return false
	}
	return true
}

func setBytes(cmd *pb.Command, field protowire.Number, b []byte) bool {
	switch field {
	case 2:
		cmd.Actor = arena.View(b)
	case 3: // the request id
	case 6:
		cmd.Seed = b[:len(b):len(b)]
	case 7:
		cmd.Body = b
	default:
		return false
	}
	return true
}
