package machine_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/machine/storytest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// prepared is a platform with some history, the same for each input.
func prepared(t testing.TB) (*table.Mem, *storytest.Single) {
	preparing.Do(func() {
		mem := table.NewMem()
		p, err := storytest.NewSingle(mem, nil, machine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range history(t) {
			if _, err := p.Frame(f); err != nil {
				t.Fatal(err)
			}
		}
		err = mem.Iterate([]byte{0}, nil, func(key, stored []byte) bool {
			preparedRows = append(preparedRows, table.Write{Key: slices.Clone(key), Stored: slices.Clone(stored)})
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	mem := table.NewMem()
	if err := mem.Commit(preparedRows); err != nil {
		t.Fatal(err)
	}
	p, err := storytest.NewSingle(mem, nil, machine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return mem, p
}

var (
	preparing    sync.Once
	preparedRows []table.Write
)

// history is the log behind the prepared platform.
func history(t testing.TB) [][]byte {
	w := newWorkload(t, 3)
	w.begin(machine.MaxLevel)
	for i := range 25 {
		w.step(i)
	}
	holders := w.wallets()
	w.shownCodes(holders[0])
	w.sending()
	w.staff()
	w.reports()
	w.shops()
	w.atTills()
	return w.log
}

// FuzzApplyFrame: whatever bytes a frame holds, it is applied whole and the
// state agrees with itself, or the machine stops with nothing written.
func FuzzApplyFrame(f *testing.F) {
	log := history(f)
	for _, cmd := range log {
		f.Add(frame(cmd))
	}
	f.Add(frame(log[20:]...))
	f.Add([]byte{0x0a, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		mem, p := prepared(t)
		before := traceOf(t, p.Machine, mem)
		index, _ := p.Machine.Applied()
		_, err := p.Machine.Apply(index+1, 1, data)
		var broken *machine.Broken
		var outdated *machine.Outdated
		switch {
		case err == nil:
			if err := p.Read(machine.Audit); err != nil {
				t.Fatal(err)
			}
		case !errors.As(err, &broken) && !errors.As(err, &outdated):
			t.Fatalf("it stopped with %v", err)
		default:
			m, err := machine.Open(mem, machine.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if after := traceOf(t, m, mem); after != before {
				t.Fatalf("it stopped (%v) and left something behind", err)
			}
		}
	})
}

// FuzzCommandBody: bodies reach the log from outside, so no decodable body of any
// command may stop the machine, whatever its fields hold.
func FuzzCommandBody(f *testing.F) {
	for _, raw := range history(f) {
		var cmd pb.Command
		if err := cmd.UnmarshalVT(raw); err != nil {
			f.Fatal(err)
		}
		f.Add(cmd.Number, cmd.Body)
	}
	f.Fuzz(func(t *testing.T, number uint32, body []byte) {
		n := catalogue.Number(number)
		if !machine.Known(n) {
			t.Skip()
		}
		_, p := prepared(t)
		size := p.Machine.Position().JournalSize
		cmd := &pb.Command{Number: number, Actor: "fuzz", At: p.Machine.Position().At + 1, Seed: []byte("sixteen byte seed"), Body: body}
		if machine.Admissible(cmd, p.Machine.Position().Level, machine.MaxLevel) != code.OK {
			t.Skip() // it comes into no log
		}
		res, err := p.Do(cmd)
		var broken *machine.Broken
		if errors.As(err, &broken) && broken.Assertion == fmt.Sprintf("body of %s cannot be decoded: %v", n, errors.Unwrap(broken.Cause)) {
			return // the edge never encodes such a body; it stops, as it must
		}
		if err != nil {
			t.Fatalf("%s with body %x stopped the machine: %v", n, body, err)
		}
		if err := p.Read(machine.Audit); err != nil {
			t.Fatal(err)
		}
		if after := p.Machine.Position().JournalSize; res.Code != code.OK && after != size {
			t.Fatalf("%s was refused with %s and journalled", n, res.Code)
		}
	})
}
