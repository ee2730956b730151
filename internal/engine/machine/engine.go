package machine

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// This file holds the handlers that belong to no single rule: the log's own
// commands, and those that call two rules in one batch.

const (
	// TickRows is how many due rows one Tick does.
	TickRows = 1000
	// MaxAdvance is how far one AdvanceClock may move business time, milliseconds.
	MaxAdvance = 400 * stamp.DayMs
	// MaxAhead is how far a sandbox may be ahead of the clock in all, milliseconds.
	MaxAhead = 100 * 365 * stamp.DayMs
	// MaxActor is how long a command's actor may be, in bytes: it stands in every
	// journal entry.
	MaxActor = 256
	// MaxMembers is how many members one MemberChange may name.
	MaxMembers = 16
	// maxLogName and maxCursor bound what else enters journal entries.
	maxLogName = 255
	maxCursor  = 64
	// maxAt is far beyond any clock that is right, and leaves room for every
	// period the rules add to it: a time that no identifier can show must never
	// become the state's.
	maxAt = 7000 * 365 * stamp.DayMs
)

// applyGenesis begins the log. Its name is the origin line of the journal's
// checkpoints: ASCII without spaces or plus signs.
//
// Refuses, in this order: AlreadyGenesis, LevelUnsupported, NameInvalid (log
// name), CommandMalform (a business offset other than +08:00, which the numbers
// shown to merchants are reckoned in).
func applyGenesis(d *deed.Deed, c *pb.Genesis) Result {
	switch {
	case d.Head.Level != 0:
		return Result{Code: code.AlreadyGenesis}
	case c.Level == 0 || c.Level > MaxLevel:
		return Result{Code: code.LevelUnsupported}
	case !validLogName(c.LogName):
		return Result{Code: code.NameInvalid}
	case c.CutoffOffsetS != 0 && c.CutoffOffsetS != stamp.Business:
		return Result{Code: code.CommandMalform}
	}
	h := d.Head
	h.Level, h.Sandbox, h.LogName, h.CutoffOffsetS = c.Level, c.Sandbox, c.LogName, stamp.Business
	for _, b := range backfills {
		if b.level <= c.Level {
			h.Backfills = append(h.Backfills, b.name)
		}
	}
	d.Record("log", c.LogName, nil)
	return Result{}
}

func validLogName(s string) bool {
	return s != "" && len(s) <= maxLogName &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '+' })
}

// applySetLevel raises the feature level.
//
// Refuses, in this order: LevelNotHigher, LevelUnsupported.
func applySetLevel(d *deed.Deed, c *pb.SetLevel) Result {
	switch {
	case c.Level <= d.Head.Level:
		return Result{Code: code.LevelNotHigher}
	case c.Level > MaxLevel:
		return Result{Code: code.LevelUnsupported}
	}
	d.Head.Level = c.Level
	d.Record("level", strconv.FormatUint(uint64(c.Level), 10), nil)
	return Result{}
}

// applyMemberChange journals which roles members of the cluster have from here
// on: the entity is the member's raft id, the name the number of its role. The
// log entry that carries the command makes the change.
//
// Refuses: BatchTooLarge (no member, or more than MaxMembers).
func applyMemberChange(d *deed.Deed, c *pb.MemberChange) Result {
	if len(c.Members) == 0 || len(c.Members) > MaxMembers {
		return Result{Code: code.BatchTooLarge}
	}
	for _, m := range c.Members {
		id := hex.EncodeToString(binary.BigEndian.AppendUint64(nil, m.RaftId))
		d.Record("member/"+id, strconv.Itoa(int(m.Role)), nil)
	}
	return Result{}
}

// backfill is a layout or index that older rows get by Backfill commands.
type backfill struct {
	name  string
	level uint32
	step  func(tx table.Txn, cursor []byte, limit int) (next []byte, done bool)
}

// backfills lists them in the order of their levels.
var backfills = []backfill{
	{name: "order_refunds", level: refund.LevelOrderIndex, step: refund.BackfillOrderIndex},
}

// applyBackfill does one step of a backfill and answers the next, nil when it
// is complete. A step may be repeated.
//
// Refuses, in this order: BackfillUnknown, CommandTooLarge (cursor), LevelTooLow,
// BackfillDone.
func applyBackfill(d *deed.Deed, c *pb.Backfill) Result {
	i := slices.IndexFunc(backfills, func(b backfill) bool { return b.name == c.Name })
	switch {
	case i < 0:
		return Result{Code: code.BackfillUnknown}
	case len(c.Cursor) > maxCursor:
		return Result{Code: code.CommandTooLarge}
	case backfills[i].level > d.Head.Level:
		return Result{Code: code.LevelTooLow}
	case slices.Contains(d.Head.Backfills, c.Name):
		return Result{Code: code.BackfillDone}
	}
	next, done := backfills[i].step(d.Tx, c.Cursor, min(max(int(c.Limit), 1), TickRows))
	d.Record("backfill/"+c.Name, hex.EncodeToString(c.Cursor), nil)
	if done {
		d.Head.Backfills = append(d.Head.Backfills, c.Name)
		return Result{}
	}
	return Result{Body: &pb.Backfill{Name: c.Name, Cursor: next, Limit: c.Limit}}
}

// PendingBackfill names a backfill that the state's level asks for and that is
// not complete, "" when there is none.
func PendingBackfill(head *pb.Head) string {
	for _, b := range backfills {
		if b.level <= head.Level && !slices.Contains(head.Backfills, b.name) {
			return b.name
		}
	}
	return ""
}

// applyAdvanceClock moves a sandbox's business time forward. attempt is the
// identity.
//
// Refuses: AdvanceInvalid (no time or attempt, too far, or the attempt was used
// for another time).
func applyAdvanceClock(d *deed.Deed, c *pb.AdvanceClock) Result {
	if c.AdvanceMs <= 0 || c.AdvanceMs > MaxAdvance || c.Attempt == "" || len(c.Attempt) > 64 {
		return Result{Code: code.AdvanceInvalid}
	}
	ref, content := "clock/"+c.Attempt, ledger.ContentHash(d.Mem, c)
	if out, fresh := ledger.Once(d.Tx, ref, content, code.AdvanceInvalid); !fresh {
		return Result{Code: out}
	}
	if c.AdvanceMs > MaxAhead-d.Head.ClockOffsetMs {
		return Result{Code: code.AdvanceInvalid}
	}
	ledger.Remember(d, ref, content, 1)
	d.Head.ClockOffsetMs += c.AdvanceMs
	d.Record("clock", c.Attempt, nil)
	return Result{}
}

// applyOrderPay captures the order and owes the merchant's notice in one deed.
//
// Refuses as order.ApplyPay does.
func applyOrderPay(d *deed.Deed, c *pb.OrderPay) Result {
	out, o, fresh := order.ApplyPay(d, c)
	if fresh {
		notice.Owe(d, o.NoticeId, o.Mchid, pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS, o.Id, 0, o.NotifyUrl)
	}
	if o == nil {
		return Result{Code: out}
	}
	return Result{Code: out, Body: o}
}

// applyTick does what is due, at most TickRows rows.
//
// Refuses: NothingToDo.
func applyTick(d *deed.Deed, _ *pb.Tick) Result {
	items := due.List(d.Tx, d.At, TickRows)
	for _, item := range items {
		due.Done(d.Tx, item)
		switch item.Kind {
		case pb.DueKind_DUE_KIND_REFUND:
			completeRefund(d, item.ID)
		case pb.DueKind_DUE_KIND_ORDER_CLOSE:
			order.CloseDue(d, item.ID)
		case pb.DueKind_DUE_KIND_NOTICE_PRUNE:
			notice.PruneDue(d, item.ID)
		}
	}
	rest := TickRows - len(items)
	closed := order.AutoClose(d, rest)
	pruned := notice.Prune(d, rest-closed)
	if len(items)+closed+pruned == 0 {
		return Result{Code: code.NothingToDo}
	}
	if len(d.Entries()) == 0 {
		d.Record("tick", "", nil)
	}
	return Result{}
}

func completeRefund(d *deed.Deed, id uint64) {
	f, ended := refund.CompleteDue(d, id)
	if !ended || f.NoticeId == 0 {
		return
	}
	event := pb.NoticeEvent_NOTICE_EVENT_REFUND_SUCCESS
	if f.Status == pb.RefundStatus_REFUND_STATUS_ABNORMAL {
		event = pb.NoticeEvent_NOTICE_EVENT_REFUND_ABNORMAL
	}
	notice.Owe(d, f.NoticeId, f.Mchid, event, f.OrderId, f.Id, f.NotifyUrl)
}

// TickDue says whether a Tick at business time at would find something to do.
func TickDue(r table.Reader, head *pb.Head, at int64) bool {
	if head.Level == 0 {
		return false
	}
	if len(due.List(r, at, 1)) > 0 {
		return true
	}
	if t, ok := order.NextAutoClose(r, head); ok && t <= at {
		return true
	}
	t, ok := notice.NextPrune(r, head)
	return ok && t <= at
}
