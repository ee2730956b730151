package sim

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// What every run begins with: merchants and people with plenty.
const (
	merchants = 3 // their numbers are in shopOf
	appid     = "wx0123456789abcdef"
	people    = 3
	openFen   = int64(1_000_000_000)
)

// genesis is the state after the first frame, the same for all runs that begin at
// one feature level.
func genesis(level uint32) *table.Mem {
	mem, ok := geneses.Load(level)
	if !ok {
		mem, _ = geneses.LoadOrStore(level, firstFrame(level))
	}
	return mem.(*table.Mem)
}

var geneses sync.Map // by level

// firstCommands are those of the first frame, each of which is taken.
func firstCommands(level uint32) []*pb.Command {
	commands := []*pb.Command{
		catalogue.NewCommand(catalogue.Genesis, "sim", "", &pb.Genesis{LogName: "sim", Level: level, Sandbox: level >= transfer.Level}),
	}
	for i := range merchants {
		commands = append(commands, catalogue.NewCommand(catalogue.MerchantAdd, "sim", "", &pb.MerchantAdd{
			Mchid: shopOf(fmt.Sprint("O", i)), Name: "Tea House", Appids: []string{appid},
		}))
	}
	for uid := uint64(1); uid <= people; uid++ {
		name := fmt.Sprint("U", uid)
		commands = append(commands,
			catalogue.NewCommand(catalogue.PersonAdd, "sim", "", &pb.PersonAdd{Ref: name, Name: name, Appids: []string{appid}}),
			catalogue.NewCommand(catalogue.PersonTopup, "sim", "", &pb.PersonTopup{Uid: uid, Amount: openFen, Currency: money.CNY, Ref: "open-" + name, Line: "demo"}))
	}
	commands = append(commands, friendCommands(level)...)
	commands = append(commands, tillCommands(level)...)
	commands = append(commands, shownCommands(level)...)
	commands = append(commands, pocketCommands(level)...)
	commands = append(commands, numberCommands(level)...)
	return append(commands, shopCommands(level)...)
}

func firstFrame(level uint32) *table.Mem {
	commands := firstCommands(level)
	seeds := make([]byte, machine.SeedBytes*len(commands))
	for i := range seeds {
		seeds[i] = byte(i)
	}
	frame, err := sequencer.Encode(commands, start-1000, bytes.NewReader(seeds))
	must.That(err == nil, "the first frame can be encoded")
	mem := table.NewMem()
	m, err := machine.Open(mem, machine.Options{})
	must.That(err == nil, "an empty state opens")
	results, err := m.Apply(1, 1, frame)
	must.That(err == nil, "the first frame applies")
	for i, r := range results {
		must.That(r.Code == code.OK, "command %d of the first frame is taken: %s", i, r.Code)
	}
	return mem
}
