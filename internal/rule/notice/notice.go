// Package notice keeps what merchants are owed: a notice is a row from the
// moment of the deed, in the same batch as the money. A courier delivers it and
// reports each attempt; the schedule, parking and revival are decided here.
//
//	owed  --delivered-->  settled (DELIVERED)
//	owed  --last retry failed-->  settled (PARKED)  --redeliver, or a fresh
//	      notice to the merchant delivered (once)-->  owed
//
// The table of moves is in states.go.
//
// The plaintext is not stored: it is a pure function of the notice's format and
// the immutable fields of its order or refund.
package notice

import (
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// Format is the plaintext format of notices made now.
	Format = 1
	// KeepRecent is how many attempts a notice remembers.
	KeepRecent = 20
	// KeepSettled is how long a delivered notice is kept at least, milliseconds.
	// At most two days after that it is pruned; the deed it told of stays in the
	// journal.
	KeepSettled = 30 * stamp.DayMs
)

var (
	owed    = table.Of[pb.Notice, *pb.Notice]{ID: table.Owed}
	settled = table.Of[pb.Notice, *pb.Notice]{ID: table.Settled}
)

func owedKey(id uint64) table.Key    { return table.K(table.Owed).U64(id) }
func settledKey(id uint64) table.Key { return table.K(table.Settled).U64(id) }

// Get reads a notice in whatever state it is.
func Get(r table.Reader, id uint64) (*pb.Notice, bool) {
	if n, ok := owed.Get(r, owedKey(id)); ok {
		return n, true
	}
	return settled.Get(r, settledKey(id))
}

// Owed visits owed notices with id >= from, in the order of their numbers.
func Owed(r table.Reader, from uint64, visit func(*pb.Notice) bool) {
	_, to := table.Range(table.Owed)
	owed.Scan(r, owedKey(from), to, func(_ []byte, n *pb.Notice) bool { return visit(n) })
}

// Settled visits delivered and parked notices with id >= from.
func Settled(r table.Reader, from uint64, visit func(*pb.Notice) bool) {
	_, to := table.Range(table.Settled)
	settled.Scan(r, settledKey(from), to, func(_ []byte, n *pb.Notice) bool { return visit(n) })
}

// Owe makes a notice owed, due at once, under a number the deed has taken.
func Owe(d *deed.Deed, id uint64, mchid string, event pb.NoticeEvent, orderID, refundID uint64, url string) {
	owed.Insert(d.Tx, owedKey(id), &pb.Notice{
		Id: id, Mchid: mchid, Event: event, OrderId: orderID, RefundId: refundID, Url: url,
		CreatedAt: d.At, NextAt: d.At, Format: Format, State: pb.NoticeState_NOTICE_STATE_OWED,
	})
}
