package wallet

import (
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// maxVelocity is how many velocity rules a grade may have: each is looked at by
	// every act.
	maxVelocity = 4
	maxWindow   = 30 * stamp.DayMs
)

// validVelocity says whether rules can be kept: each bounds something, over a window
// of its own length.
func validVelocity(rules []*pb.Velocity) bool {
	if len(rules) > maxVelocity {
		return false
	}
	for i, v := range rules {
		sameWindow := func(o *pb.Velocity) bool { return o.WindowMs == v.WindowMs }
		if v.WindowMs <= 0 || v.WindowMs > maxWindow || v.WindowMs%stamp.Minute != 0 || v.Sum < 0 || v.Acts == 0 && v.Sum == 0 ||
			slices.ContainsFunc(rules[:i], sameWindow) {
			return false
		}
	}
	return true
}

// pace counts an act of an amount in the window of each rule, and says whether all
// have room for it. Counts of windows that no rule has any more are dropped.
func pace(w *pb.Wallet, rules []*pb.Velocity, at, amount int64) bool {
	if len(rules) == 0 && len(w.Paces) == 0 {
		return true
	}
	paces := make([]*pb.Pace, 0, len(rules))
	for _, v := range rules {
		p := &pb.Pace{WindowMs: v.WindowMs, Window: at / v.WindowMs}
		if i := slices.IndexFunc(w.Paces, func(o *pb.Pace) bool { return o.WindowMs == p.WindowMs && o.Window == p.Window }); i >= 0 {
			p.Acts, p.Sum = w.Paces[i].Acts, w.Paces[i].Sum
		}
		sum, ok := money.Add(p.Sum, amount)
		if !ok || v.Acts > 0 && p.Acts >= v.Acts || v.Sum > 0 && sum > v.Sum {
			return false
		}
		p.Acts, p.Sum = p.Acts+1, sum
		paces = append(paces, p)
	}
	w.Paces = paces
	return true
}
