package notice

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/retry"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// MaxReport is how many attempts one report may hold.
const MaxReport = 1000

// reviveAtOnce bounds how many parked notices one delivery brings back.
const reviveAtOnce = 10

var parked = table.Of[pb.PersonRef, *pb.PersonRef]{ID: table.Parked}

// parkedCount's row has no notice id and holds how many the merchant has parked.
func parkedCount(mchid string) table.Key          { return table.K(table.Parked).Str(mchid) }
func parkedKey(mchid string, id uint64) table.Key { return parkedCount(mchid).U64(id) }

// ApplyReport records attempts. (notice, attempt number) is the identity: an
// attempt that is already recorded, or that does not follow the last one, is
// passed over, so a courier may report again after an unknown outcome.
//
// Refuses: BatchTooLarge, NothingToDo (no attempt was new).
func ApplyReport(d *deed.Deed, c *pb.NoticeReport) code.Code {
	if len(c.Attempts) > MaxReport {
		return code.BatchTooLarge
	}
	recorded := 0
	for _, a := range c.Attempts {
		n, ok := owed.Get(d.Tx, owedKey(a.NoticeId))
		if !ok || a.Number != n.Attempts+1 {
			continue
		}
		record(d, n, a)
		recorded++
	}
	if recorded == 0 {
		return code.NothingToDo
	}
	d.Record("courier/"+d.Actor, fmt.Sprintf("%d attempts", recorded), nil)
	return code.OK
}

func record(d *deed.Deed, n *pb.Notice, a *pb.Attempt) {
	n.Attempts++
	n.Tries++
	if len(n.Recent) == KeepRecent {
		n.Recent = n.Recent[1:]
	}
	n.Recent = append(n.Recent, a)
	if a.Outcome == pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED {
		settle(d, n, pb.NoticeState_NOTICE_STATE_DELIVERED)
		revive(d, n.Mchid)
		return
	}
	next, more := retry.Next(int(n.Tries), d.At)
	if !more || n.Revived {
		n.Revived = false
		settle(d, n, pb.NoticeState_NOTICE_STATE_PARKED)
		park(d.Tx, n)
		return
	}
	n.NextAt = next
	owed.Put(d.Tx, owedKey(n.Id), n)
}

func settle(d *deed.Deed, n *pb.Notice, state pb.NoticeState) {
	n.State, n.SettledAt, n.NextAt = state, d.At, 0
	d.Tx.Delete(owedKey(n.Id))
	settled.Put(d.Tx, settledKey(n.Id), n)
}

func count(r table.Reader, mchid string) uint64 {
	c, ok := parked.Get(r, parkedCount(mchid))
	if !ok {
		return 0
	}
	return c.Uid
}

func setCount(tx table.Txn, mchid string, n uint64) {
	if n == 0 {
		tx.Delete(parkedCount(mchid))
		return
	}
	parked.Put(tx, parkedCount(mchid), &pb.PersonRef{Uid: n})
}

// ParkedCount is how many notices of the merchant are parked.
func ParkedCount(r table.Reader, mchid string) uint64 { return count(r, mchid) }

func park(tx table.Txn, n *pb.Notice) {
	tx.Set(parkedKey(n.Mchid, n.Id), nil)
	setCount(tx, n.Mchid, count(tx, n.Mchid)+1)
}

// unpark takes a notice off the merchant's parked list, if it is there.
func unpark(tx table.Txn, n *pb.Notice) {
	if _, ok := tx.Get(parkedKey(n.Mchid, n.Id)); !ok {
		return
	}
	tx.Delete(parkedKey(n.Mchid, n.Id))
	setCount(tx, n.Mchid, count(tx, n.Mchid)-1)
}

// revive owes parked notices once more, now that the merchant answers again.
// One failure parks them again.
func revive(d *deed.Deed, mchid string) {
	if count(d.Tx, mchid) == 0 {
		return
	}
	var ids []uint64
	from, to := table.Prefix(parkedCount(mchid))
	d.Tx.Scan(from, to, func(k, _ []byte) bool {
		f := table.F(k)
		f.Str()
		if len(f) == 8 {
			ids = append(ids, f.U64())
		}
		return len(ids) < reviveAtOnce
	})
	for _, id := range ids {
		if n, ok := settled.Get(d.Tx, settledKey(id)); ok {
			n.Revived = true
			again(d, n)
		}
	}
}

// again moves a settled notice back to the owed ones, due at once.
func again(d *deed.Deed, n *pb.Notice) {
	unpark(d.Tx, n)
	n.State, n.Tries, n.NextAt, n.SettledAt = pb.NoticeState_NOTICE_STATE_OWED, 0, d.At, 0
	d.Tx.Delete(settledKey(n.Id))
	owed.Put(d.Tx, owedKey(n.Id), n)
}

// ApplyRedeliver owes a delivered or parked notice again, and makes a waiting
// one due at once.
//
// Refuses, in this order: NoticeNotFound, NoticeStillOwed (it is due already).
func ApplyRedeliver(d *deed.Deed, c *pb.NoticeRedeliver) (code.Code, *pb.Notice) {
	n, ok := Get(d.Tx, c.NoticeId)
	switch {
	case !ok:
		return code.NoticeNotFound, nil
	case n.State == pb.NoticeState_NOTICE_STATE_OWED && n.NextAt <= d.At:
		return code.NoticeStillOwed, n
	case n.State == pb.NoticeState_NOTICE_STATE_OWED:
		n.NextAt = d.At
		owed.Put(d.Tx, owedKey(n.Id), n)
	default:
		n.Revived = false
		again(d, n)
	}
	d.Record(fmt.Sprintf("notice/%d", n.Id), n.Mchid, nil)
	return code.OK, n
}

// Prune drops notices delivered longer than KeepSettled ago: at most limit rows
// are looked at, from the cursor on. Parked ones are passed over and kept.
func Prune(d *deed.Deed, limit int) (looked int) {
	var old []uint64
	Settled(d.Tx, d.Head.PruneCursor, func(n *pb.Notice) bool {
		if n.CreatedAt+KeepSettled > d.At {
			return false
		}
		d.Head.PruneCursor = n.Id + 1
		looked++
		if n.State == pb.NoticeState_NOTICE_STATE_DELIVERED && n.SettledAt+KeepSettled <= d.At {
			old = append(old, n.Id)
		}
		return looked < limit
	})
	for _, id := range old {
		d.Tx.Delete(settledKey(id))
	}
	return looked
}

// NextPrune is when the settled notice at the cursor is old enough to prune.
func NextPrune(r table.Reader, head *pb.Head) (at int64, ok bool) {
	Settled(r, head.PruneCursor, func(n *pb.Notice) bool {
		at, ok = n.CreatedAt+KeepSettled, true
		return false
	})
	return at, ok
}
