package machine

import (
	"bytes"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestAppendCommandIsTheGeneratedEncoding(t *testing.T) {
	t.Parallel()
	commands := []*pb.Command{
		catalogue.NewCommand(catalogue.Tick, "node/ticker", "", &pb.Tick{}),
		catalogue.NewCommand(catalogue.OrderCreate, "mch/1", "r", &pb.OrderCreate{Description: string(bytes.Repeat([]byte("x"), 300))}),
	}
	seeds := []byte("0123456789abcdefABCDEFGHIJKLMNOP")
	var got []byte
	for i, c := range commands {
		var err error
		if got, err = AppendCommand(got, c, 77, seeds[16*i:16*i+16]); err != nil {
			t.Fatal(err)
		}
	}
	var want pb.Frame
	for i, c := range commands {
		if c.At != 77 || !bytes.Equal(c.Seed, seeds[16*i:16*i+16]) {
			t.Errorf("command %d is stamped %d and %q", i, c.At, c.Seed)
		}
		want.Commands = append(want.Commands, table.Encode(c))
	}
	if !bytes.Equal(got, table.Encode(&want)) {
		t.Error("the frame is encoded in another way")
	}
}
