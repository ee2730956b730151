package machine_test

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/machine/storytest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// bodiless are the commands that answer no record.
var bodiless = map[machine.Number]bool{
	machine.Genesis: true, machine.Tick: true, machine.SetLevel: true, machine.AdvanceClock: true, machine.MemberChange: true,
	machine.NoticeReport: true, machine.TransferBatch: true,
}

// TestBodiesTravel: what a command answers reads the same on another node, for
// every command and every answer that the stories bring about.
func TestBodiesTravel(t *testing.T) {
	t.Parallel()
	with, without := map[machine.Number]int{}, map[machine.Number]int{}
	for _, s := range storytest.Stories() {
		rec, err := storytest.Play(s.Name, s.Text, mustSingle(t))
		if err != nil {
			t.Fatal(err)
		}
		p := mustSingle(t)
		for _, raw := range rec.Log {
			results, err := p.Frame(raw)
			if err != nil {
				t.Fatal(err)
			}
			var cmd pb.Command
			if err := cmd.UnmarshalVT(raw); err != nil {
				t.Fatal(err)
			}
			n := machine.Number(cmd.Number)
			if travel(t, n, results[0].Body) {
				with[n]++
			} else {
				without[n]++
			}
		}
	}
	for n := range machine.Number(1000) {
		switch {
		case !machine.Known(n):
		case bodiless[n] && with[n] > 0:
			t.Errorf("%s answered a record %d times and is said to answer none", n, with[n])
		case bodiless[n] && without[n] == 0, !bodiless[n] && with[n] == 0:
			t.Errorf("no story shows what %s answers", n)
		}
	}
}

func mustSingle(t *testing.T) *storytest.Single {
	t.Helper()
	p, err := storytest.NewSingle(table.NewMem(), nil, machine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// travel takes one answer to another node and compares; false when there is none.
func travel(t *testing.T, n machine.Number, body any) bool {
	t.Helper()
	raw, ok := machine.EncodeBody(n, body)
	if !ok {
		if body != nil {
			t.Errorf("%s answered a %T, which was left behind", n, body)
		}
		return false
	}
	got, err := machine.DecodeBody(n, raw)
	if err != nil {
		t.Error(err)
		return true
	}
	want, isMessage := body.(proto.Message)
	have, same := got.(proto.Message)
	if !isMessage || !same || !proto.Equal(want, have) || !bytes.Equal(table.Encode(got.(table.Record)), raw) {
		t.Errorf("%s answered %T %v and arrived as %T %v", n, body, body, got, got)
	}
	return true
}

func TestBodiesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		number    machine.Number
		raw       string
		complaint string
	}{
		"an unknown command": {999, "", "is newer"},
		"no record":          {machine.Tick, "x", "answers no record"},
		"damaged bytes":      {machine.OrderCreate, "\x0a\xff", "cannot be decoded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := machine.DecodeBody(test.number, []byte(test.raw))
			if err == nil || !strings.Contains(err.Error(), test.complaint) || body != nil {
				t.Errorf("answered %v and %v, want a complaint that it %s", body, err, test.complaint)
			}
		})
	}
	if raw, ok := machine.EncodeBody(machine.OrderClose, nil); ok || raw != nil {
		t.Error("no body was encoded as one")
	}
}
