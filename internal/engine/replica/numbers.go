package replica

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// numberBytes bounds the memory spent on knowing that an order number is new.
const numberBytes = table.FilterMax

// numbersRest is the pause after each piece of the scan that learns the numbers,
// which has time: until it is done the store is asked.
const numbersRest = time.Millisecond

// learnNumbers lets the machine read the order numbers that are stored. It is
// done anew each time a node opens, which is also how a snapshot comes in.
func (r *Replica) learnNumbers() {
	defer r.done.Done()
	snap := r.opt.Backend.Snapshot()
	defer snap.Close()
	rest := time.NewTimer(0)
	defer rest.Stop()
	more := func() bool {
		rest.Reset(numbersRest)
		select {
		case <-rest.C:
			return true
		case <-r.ctx.Done():
			return false
		}
	}
	err := table.Read(snap, func(s table.Reader) error {
		r.machine.LearnNumbers(s, more)
		return nil
	})
	if err != nil {
		r.opt.Logger.Warn("the stored order numbers can't be read; the store is asked for each", "err", err)
	}
}
