package machine_test

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/machine/storytest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// TestBodiesTravel: what a command answers reads the same on another node, for
// every command and every answer that the stories bring about.
func TestBodiesTravel(t *testing.T) {
	t.Parallel()
	with, without := map[catalogue.Number]int{}, map[catalogue.Number]int{}
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
			n := catalogue.Number(cmd.Number)
			if travel(t, n, results[0].Body) {
				with[n]++
			} else {
				without[n]++
			}
		}
	}
	for _, c := range machine.Rules().Commands() {
		n := c.Number
		if seen := map[bool]map[catalogue.Number]int{true: without, false: with}[c.NewRecord == nil]; n < 1000 && seen[n] == 0 {
			t.Errorf("no story shows what %s returns", n)
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
func travel(t *testing.T, n catalogue.Number, body table.Record) bool {
	t.Helper()
	if body == nil {
		return false
	}
	got, err := machine.DecodeBody(n, table.Encode(body))
	if err != nil {
		t.Error(err)
		return true
	}
	want, isMessage := body.(proto.Message)
	have, same := got.(proto.Message)
	if !isMessage || !same || !proto.Equal(want, have) || !bytes.Equal(table.Encode(got), table.Encode(body)) {
		t.Errorf("%s returned %T %v and arrived as %T %v", n, body, body, got, got)
	}
	return true
}

func TestBodiesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		number    catalogue.Number
		raw       string
		complaint string
	}{
		"an unknown command": {999, "", "is newer"},
		"no record":          {catalogue.Tick, "x", "returns no record"},
		"damaged bytes":      {catalogue.OrderCreate, "\x0a\xff", "cannot be decoded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := machine.DecodeBody(test.number, []byte(test.raw))
			if err == nil || !strings.Contains(err.Error(), test.complaint) || body != nil {
				t.Errorf("answered %v and %v, want a complaint that it %s", body, err, test.complaint)
			}
		})
	}
}
