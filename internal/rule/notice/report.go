package notice

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/retry"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// MaxReport is how many attempts one report may hold.
const MaxReport = 1000

// LevelDuplicates is the feature level from which on an attempt remembers its
// courier, and a delivery that two couriers made is marked.
const LevelDuplicates = 3

// ApplyReport records attempts. (notice, attempt number) is the identity: an
// attempt that is already recorded, or that does not follow the last one, is
// passed over, so a courier may report again after an unknown outcome. Another
// delivery under a number that is taken is marked as a duplicate; when the
// attempt it doubles had failed, the notice is delivered all the same.
//
// Refuses, in this order: BatchTooLarge, NameInvalid (of the courier),
// NothingToDo (no attempt was new).
func ApplyReport(d *deed.Deed, c *pb.NoticeReport) code.Code {
	by := c.Courier
	if d.Head.Level < LevelDuplicates {
		by = ""
	}
	switch {
	case len(c.Attempts) > MaxReport:
		return code.BatchTooLarge
	case by != "" && !lane.ValidName(by):
		return code.NameInvalid
	}
	recorded := 0
	for _, a := range c.Attempts {
		n, ok := owed.Get(d.Tx, owedKey(a.NoticeId))
		if d.Head.Level >= LevelDuplicates {
			a.Courier = by
		}
		switch {
		case ok && a.Number == n.Attempts+1:
			record(d, n, a)
			recorded++
		case by != "" && a.Outcome == pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED && double(d, a):
			recorded++
		}
	}
	if recorded == 0 {
		return code.NothingToDo
	}
	d.Record("attempts", "", nil)
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
		settle(d, n, pb.NoticeState_NOTICE_STATE_PARKED)
		park(d.Tx, n)
		return
	}
	n.NextAt = next
	owed.Put(d.Tx, owedKey(n.Id), n)
}

func settle(d *deed.Deed, n *pb.Notice, state pb.NoticeState) {
	Moves.Enter(&n.State, state)
	n.SettledAt, n.NextAt = d.At, 0
	d.Tx.Delete(owedKey(n.Id))
	ended.Put(d.Tx, endedKey(n.Id), n)
	if state == pb.NoticeState_NOTICE_STATE_DELIVERED && n.Id < d.Head.PruneCursor {
		due.Put(d.Tx, d.At+KeepSettled, pb.DueKind_DUE_KIND_NOTICE_PRUNE, n.Id)
	}
}
