package paycode

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
)

// triesWindow is what wrong codes are counted in, besides business days.
const triesWindow = 10 * stamp.Minute

// How many wrong codes a till, and all of a merchant's together, may read. Of ten
// million digits 80 are good at a time, with one of six prefixes: by the most that a
// merchant may read in a day somebody who guesses hits a given device with a chance
// of 1 in 3,750, for a payment that names them and is below what needs a PIN.
const (
	tillInWindow     = 10
	tillInDay        = 60
	merchantInWindow = 40
	merchantInDay    = 200
)

var tries = table.Of[pb.CodeTries, *pb.CodeTries]{ID: table.CodeTries}

// allTills stands for a merchant's tills together, and for its own devices.
const allTills = 0

func triesKey(mchid string, till uint64) table.Key {
	return table.K(table.CodeTries).Str(mchid).U64(till)
}

// ApplyPayCodeWrong counts a code that was none. Nobody is told that a code was wrong
// before it was counted, so that codes read at the same time on several nodes gain
// nothing: what comes after the last try is refused, a good code too.
//
// Refuses, in this order: MerchantNotFound; PayCodesTooMany.
func ApplyPayCodeWrong(d *deed.Deed, c *pb.PayCodeWrong) (code.Code, *pb.CodeTries) {
	if _, ok := merchant.Peek(d.Tx, c.Mchid); !ok {
		return code.MerchantNotFound, nil
	}
	if exhausted(d, c.Mchid, c.Till) {
		return code.PayCodesTooMany, nil
	}
	// From here the command succeeds.
	all := count(d, c.Mchid, allTills)
	if c.Till != allTills {
		all = count(d, c.Mchid, c.Till)
	}
	d.Record("merchant/"+c.Mchid, "", nil)
	return code.OK, all
}

func exhausted(d *deed.Deed, mchid string, till uint64) bool {
	return Exhausted(d.Tx, d.At, d.Offset, mchid, till)
}

// Exhausted says whether a till may read no more codes for now.
func Exhausted(r table.Reader, at int64, offset int32, mchid string, till uint64) bool {
	all, one := triesOf(r, at, offset, mchid, allTills), &pb.CodeTries{}
	if till != allTills {
		one = triesOf(r, at, offset, mchid, till)
	}
	return all.InWindow >= merchantInWindow || all.InDay >= merchantInDay || one.InWindow >= tillInWindow || one.InDay >= tillInDay
}

// triesOf are the tries of the window and the day that is.
func triesOf(r table.Reader, at int64, offset int32, mchid string, till uint64) *pb.CodeTries {
	t, ok := tries.Get(r, triesKey(mchid, till))
	if !ok {
		t = &pb.CodeTries{}
	}
	if now := at / triesWindow; t.Window != now {
		t.Window, t.InWindow = now, 0
	}
	if today := stamp.DayNumber(at, offset); t.Day != today {
		t.Day, t.InDay = today, 0
	}
	return t
}

func count(d *deed.Deed, mchid string, till uint64) *pb.CodeTries {
	t := triesOf(d.Tx, d.At, d.Offset, mchid, till)
	t.InWindow++
	t.InDay++
	tries.Put(d.Tx, triesKey(mchid, till), t)
	return t
}
