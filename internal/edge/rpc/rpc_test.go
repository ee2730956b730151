package rpc_test

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A value is read as it is said, and nothing else is.
func TestValue(t *testing.T) {
	t.Parallel()
	for n := range pb.Trouble_name {
		said := rpc.Word(pb.Trouble(n))
		if v, ok := rpc.Value[pb.Trouble](said); !ok || v != pb.Trouble(n) {
			t.Errorf("%s is read as %v, %v", said, v, ok)
		}
	}
	if v, ok := rpc.Value[pb.Trouble]("none such"); ok || v != 0 {
		t.Errorf("what is none is read as %v", v)
	}
}
