package notice

import (
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var invariants = []catalogue.Invariant{
	{Name: "a notice lies in the table of its state", Check: placed},
	{Name: "parked notices are listed and counted", Check: counted},
}

func name(id uint64) string { return "notice " + strconv.FormatUint(id, 10) }

func placed(r table.Reader, head *pb.Head, report catalogue.Report) {
	more := true
	check := func(owed bool) func(n *pb.Notice) bool {
		return func(n *pb.Notice) bool {
			switch {
			case owed != (n.State == pb.NoticeState_NOTICE_STATE_OWED):
				more = report(name(n.Id), "is %s in the wrong table", n.State)
			case n.Id == 0 || n.Id >= head.NextNotice:
				more = report(name(n.Id), "has a number that was never taken: the next is %d", head.NextNotice)
			}
			return more
		}
	}
	Owed(r, 0, check(true))
	if more {
		Ended(r, 0, check(false))
	}
}

func counted(r table.Reader, _ *pb.Head, report catalogue.Report) {
	counts, more := map[string]uint64{}, true
	Ended(r, 0, func(n *pb.Notice) bool {
		if n.State != pb.NoticeState_NOTICE_STATE_PARKED {
			return true
		}
		counts[n.Mchid]++
		if _, ok := r.Get(parkedKey(n)); !ok {
			more = report(name(n.Id), "is parked and not listed for merchant %s", n.Mchid)
		}
		return more
	})
	if !more {
		return
	}
	from, to := table.Range(table.Parked)
	listed, mchid := uint64(0), ""
	r.Scan(from, to, func(key, value []byte) bool { // each merchant's count comes before its list
		f := table.F(key)
		if who := f.Str(); len(f) == 0 {
			mchid, listed = who, parked.Decode(key, value).Uid
			if listed != counts[who] {
				more = report("merchant "+who, "has %d parked notices, %d are counted", counts[who], listed)
			}
			delete(counts, who)
		} else if who != mchid {
			more = report("merchant "+who, "has parked notices and no count")
		}
		return more
	})
	if more && len(counts) > 0 {
		report("parked", "%d merchants have parked notices and no count", len(counts))
	}
}
