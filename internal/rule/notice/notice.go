// Package notice keeps what merchants are owed: a notice is a row from the
// moment of the deed, in the same batch as the money. A courier delivers it and
// reports each attempt; the schedule, parking and revival are decided here.
//
//	owed  --delivered-->  ended (DELIVERED)
//	owed  --last retry failed-->  ended (PARKED)  --redeliver, or a fresh
//	      notice to the merchant delivered (once)-->  owed
//
// The table of moves is in states.go.
//
// The plaintext is not stored: it is a pure function of the notice's format and
// the immutable fields of its subject.
package notice

import (
	"math"
	"sort"

	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// Format is the plaintext format of notices made now; edge/wechatjson has a
	// renderer for it, and for all that were before it.
	Format = 1
	// LevelSubject is the feature level from which on a notice's row names its
	// subject; below it the row has an order and a refund.
	LevelSubject = 4
	// KeepRecent is how many attempts a notice remembers.
	KeepRecent = 20
	// KeepSettled is how long a delivered notice is kept at least, milliseconds.
	// At most two days after that it is pruned; the deed it told of stays in the
	// journal.
	KeepSettled = 30 * stamp.DayMs
)

var (
	owed  = table.Of[pb.Notice, *pb.Notice]{ID: table.Owed}
	ended = table.Of[pb.Notice, *pb.Notice]{ID: table.Ended}
)

func owedKey(id uint64) table.Key  { return table.K(table.Owed).U64(id) }
func endedKey(id uint64) table.Key { return table.K(table.Ended).U64(id) }

// Get reads a notice in whatever state it is.
func Get(r table.Reader, id uint64) (*pb.Notice, bool) {
	if n, ok := owed.Get(r, owedKey(id)); ok {
		return n, true
	}
	return ended.Get(r, endedKey(id))
}

// Owed visits owed notices with id >= from, in the order of their numbers.
func Owed(r table.Reader, from uint64, visit func(*pb.Notice) bool) {
	_, to := table.Range(table.Owed)
	owed.Scan(r, owedKey(from), to, func(_ []byte, n *pb.Notice) bool { return visit(n) })
}

// Ended visits delivered and parked notices with id >= from.
func Ended(r table.Reader, from uint64, visit func(*pb.Notice) bool) {
	_, to := table.Range(table.Ended)
	ended.Scan(r, endedKey(from), to, func(_ []byte, n *pb.Notice) bool { return visit(n) })
}

// EndedSince is the number from which on ended notices were first owed at a time or
// later: numbers grow with time. It looks at no more than 63 rows.
func EndedSince(r table.Reader, at int64) uint64 {
	return uint64(sort.Search(math.MaxInt64, func(id int) (since bool) {
		since = true // when there is none
		Ended(r, uint64(id), func(n *pb.Notice) bool {
			since = n.CreatedAt >= at
			return false
		})
		return since
	}))
}

// All visits all notices, the owed ones first.
func All(r table.Reader, visit func(*pb.Notice) bool) {
	more := true
	each := func(n *pb.Notice) bool { more = visit(n); return more }
	if Owed(r, 0, each); more {
		Ended(r, 0, each)
	}
}

// Debt is what a deed owes a merchant: to be told.
type Debt struct {
	// ID is the notice's number, which the deed has taken.
	ID    uint64
	Mchid string
	Event pb.NoticeEvent
	// Kind and Subject are what the notice tells of.
	Kind    pb.Kind
	Subject uint64
	// Order is the subject's order, the order itself or a refund's: rows below
	// LevelSubject name it.
	Order uint64
	URL   string
}

// Owe makes a notice owed, due at once.
func Owe(d *deed.Deed, w Debt) {
	made := new(struct { // one allocation
		n pb.Notice
		s pb.Subject
	})
	n := &made.n
	n.Id, n.Mchid, n.Event, n.Url = w.ID, w.Mchid, w.Event, w.URL
	n.CreatedAt, n.NextAt, n.Format, n.State = d.At, d.At, Format, pb.NoticeState_NOTICE_STATE_OWED
	switch {
	case d.Head.Level >= LevelSubject:
		made.s.Kind, made.s.Id = w.Kind, w.Subject
		n.Subject = &made.s
	case w.Kind == pb.Kind_KIND_REFUND:
		n.OrderId, n.RefundId = w.Order, w.Subject
	default:
		n.OrderId = w.Order
	}
	owed.Insert(d.Tx, owedKey(n.Id), n)
}

// Subject is what a notice tells of, whichever level its row was written at.
func Subject(n *pb.Notice) (pb.Kind, uint64) {
	switch {
	case n.Subject != nil:
		return n.Subject.Kind, n.Subject.Id
	case n.RefundId != 0:
		return pb.Kind_KIND_REFUND, n.RefundId
	}
	return pb.Kind_KIND_ORDER, n.OrderId
}
