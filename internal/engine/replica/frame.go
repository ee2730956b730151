package replica

import (
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
)

// frame is a proposed log entry with the callers that wait for it.
type frame struct {
	data    []byte
	waiters []*waiter
	// proposed is when it was; took until it was committed.
	proposed time.Time
	took     time.Duration
}

// newFrame stamps and encodes commands as one pb.Frame.
func newFrame(waiters []*waiter, bytes int, at int64, random io.Reader) (*frame, error) {
	seeds := make([]byte, 16*len(waiters))
	if _, err := io.ReadFull(random, seeds); err != nil {
		return nil, fmt.Errorf("draw the seeds of a frame: %w", err)
	}
	data := make([]byte, 0, bytes+8*len(waiters))
	for i, w := range waiters {
		w.cmd.At, w.cmd.Seed = at, seeds[16*i:16*i+16:16*i+16]
		size := w.cmd.SizeVT()
		data = protowire.AppendTag(data, 1, protowire.BytesType)
		data = protowire.AppendVarint(data, uint64(size))
		n := len(data)
		data = append(data, make([]byte, size)...)
		if _, err := w.cmd.MarshalToSizedBufferVT(data[n:]); err != nil {
			return nil, fmt.Errorf("encode a command: %w", err)
		}
	}
	return &frame{data: data, waiters: waiters}, nil
}

// deliver answers the frame's callers in the order of their commands.
func (f *frame) deliver(results []catalogue.Result) {
	for i, w := range f.waiters {
		w.answer(outcome{result: results[i]})
	}
}

// refuse answers all callers that no result is known.
func (f *frame) refuse(c code.Code) {
	for _, w := range f.waiters {
		w.answer(outcome{refusal: c})
	}
}
