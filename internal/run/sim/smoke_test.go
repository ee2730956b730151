package sim

import (
	"os"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/run/drill"
)

func TestSmoke(t *testing.T) {
	s, err := drill.Parse("smoke", `nodes 3
create O1 10
pay O1 P1
query O1
crash n1
run 3s
refund O1 R1 5
restart n1
run 2s
expect O1 REFUND
expect digests equal
`)
	if err != nil {
		t.Fatal(err)
	}
	rep := Play(Options{Seed: 1, Trace: os.Stdout}, s.Steps)
	t.Logf("%+v", rep)
	if rep.Failure != nil || rep.Err != nil {
		t.Fatal(rep.Failure, rep.Err)
	}
}
