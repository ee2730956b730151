package machine

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/due"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

// This file holds the handlers that belong to no single rule: the log's own.

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
// Refuses, in this order: AlreadyGenesis, LevelUnsupported (0), NameInvalid (log
// name), CommandMalform (a business offset other than +08:00, which the numbers
// shown to merchants are reckoned in).
func applyGenesis(d *deed.Deed, c *pb.Genesis) code.Code {
	switch {
	case d.Head.Level != 0:
		return code.AlreadyGenesis
	case c.Level == 0:
		return code.LevelUnsupported
	case !validLogName(c.LogName):
		return code.NameInvalid
	case c.CutoffOffsetS != 0 && c.CutoffOffsetS != stamp.Business:
		return code.CommandMalform
	}
	h := d.Head
	h.Level, h.Sandbox, h.LogName, h.CutoffOffsetS = c.Level, c.Sandbox, c.LogName, stamp.Business
	for _, f := range set.Fills() {
		if f.Level <= c.Level {
			h.Backfills = append(h.Backfills, f.Name)
		}
	}
	d.Record("log", c.LogName, nil)
	return code.OK
}

func validLogName(s string) bool {
	return s != "" && len(s) <= maxLogName &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '+' })
}

// applySetLevel raises the feature level. One that this binary does not know
// never comes here (Outdated).
//
// Refuses: LevelNotHigher.
func applySetLevel(d *deed.Deed, c *pb.SetLevel) code.Code {
	if c.Level <= d.Head.Level {
		return code.LevelNotHigher
	}
	d.Head.Level = c.Level
	d.Record("level", strconv.FormatUint(uint64(c.Level), 10), nil)
	return code.OK
}

// applyMemberChange journals which roles members of the cluster have from here
// on: the entity is the member's raft id, the name the number of its role. The
// log entry that carries the command makes the change.
//
// Refuses: BatchTooLarge (no member, or more than MaxMembers).
func applyMemberChange(d *deed.Deed, c *pb.MemberChange) code.Code {
	if len(c.Members) == 0 || len(c.Members) > MaxMembers {
		return code.BatchTooLarge
	}
	for _, m := range c.Members {
		id := hex.EncodeToString(binary.BigEndian.AppendUint64(nil, m.RaftId))
		d.Record("member/"+id, strconv.Itoa(int(m.Role)), nil)
	}
	return code.OK
}

// applyBackfill does one step of a backfill and returns the next, nil when it
// is complete. A step may be repeated.
//
// Refuses, in this order: BackfillUnknown, CommandTooLarge (cursor), LevelTooLow,
// BackfillDone.
func applyBackfill(d *deed.Deed, c *pb.Backfill) (code.Code, *pb.Backfill) {
	fills := set.Fills()
	i := slices.IndexFunc(fills, func(f catalogue.Fill) bool { return f.Name == c.Name })
	switch {
	case i < 0:
		return code.BackfillUnknown, nil
	case len(c.Cursor) > maxCursor:
		return code.CommandTooLarge, nil
	case fills[i].Level > d.Head.Level:
		return code.LevelTooLow, nil
	case slices.Contains(d.Head.Backfills, c.Name):
		return code.BackfillDone, nil
	}
	next, done := fills[i].Step(d.Tx, c.Cursor, min(max(int(c.Limit), 1), TickRows))
	d.Record("backfill/"+c.Name, hex.EncodeToString(c.Cursor), nil)
	if done {
		d.Head.Backfills = append(d.Head.Backfills, c.Name)
		return code.OK, nil
	}
	return code.OK, &pb.Backfill{Name: c.Name, Cursor: next, Limit: c.Limit}
}

// PendingBackfill names a backfill that the state's level asks for and that is
// not complete, "" when there is none.
func PendingBackfill(head *pb.Head) string {
	for _, f := range set.Fills() {
		if f.Level <= head.Level && !slices.Contains(head.Backfills, f.Name) {
			return f.Name
		}
	}
	return ""
}

// applyAdvanceClock moves a sandbox's business time forward. attempt is the
// identity.
//
// Refuses: AdvanceInvalid (no time or attempt, too far, or the attempt was used
// for another time).
func applyAdvanceClock(d *deed.Deed, c *pb.AdvanceClock) code.Code {
	if c.AdvanceMs <= 0 || c.AdvanceMs > MaxAdvance || c.Attempt == "" || len(c.Attempt) > 64 {
		return code.AdvanceInvalid
	}
	ref, content := "clock/"+c.Attempt, ledger.ContentHash(d.Mem, c)
	if out, fresh := ledger.Once(d.Tx, ref, content, code.AdvanceInvalid); !fresh {
		return out
	}
	if c.AdvanceMs > MaxAhead-d.Head.ClockOffsetMs {
		return code.AdvanceInvalid
	}
	ledger.Remember(d, ref, content, 1)
	d.Head.ClockOffsetMs += c.AdvanceMs
	d.Record("clock", c.Attempt, nil)
	return code.OK
}

// applyTick does what is due, at most TickRows rows.
//
// Refuses: NothingToDo.
func applyTick(d *deed.Deed, _ *pb.Tick) code.Code {
	items := due.List(d.Tx, d.At, TickRows)
	for _, item := range items {
		due.Done(d.Tx, item)
		kind := set.Due(item.Kind)
		if kind == nil {
			must.Never("a rule knows due rows of kind %d", item.Kind)
		}
		kind.Do(d, item.ID)
	}
	done := len(items)
	for _, r := range set.Rules {
		for _, s := range r.Sweeps {
			done += s.Do(d, TickRows-done)
		}
	}
	if done == 0 {
		return code.NothingToDo
	}
	if len(d.Entries()) == 0 {
		d.Record("tick", "", nil)
	}
	return code.OK
}

// TickDue says whether a Tick at business time at would find something to do.
func TickDue(r table.Reader, head *pb.Head, at int64) bool {
	if head.Level == 0 {
		return false
	}
	if len(due.List(r, at, 1)) > 0 {
		return true
	}
	for _, rule := range set.Rules {
		for _, s := range rule.Sweeps {
			if t, ok := s.Next(r, head); ok && t <= at {
				return true
			}
		}
	}
	return false
}
