package courier

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// breakAfter failures in a row break a destination.
	breakAfter = 5
	// A broken destination pauses after each attempt, twice as long after each failure.
	pauseFirst int64 = 100
	pauseMost  int64 = 2000
)

// destination is what the courier knows of one address of a merchant.
//
//	open    --breakAfter failures in a row-->  broken
//	broken  --one success-->                   open, its window growing by one a success
type destination struct {
	*merchant
	// address is as in pb.OwedHead; 0 in the destination for the rest.
	address uint32
	// fresh was never tried and came within the last minute, oldest first; old is the rest.
	fresh fifo
	old   byTime

	// 0 <= flyingOld, overdue <= flying: picked and not landed; of these, not
	// fresh; in the air for longer than slowAfter.
	flying, flyingOld, overdue int
	// window is how many may fly: 1 <= window <= merchant.most.
	window int
	// fails counts failures since the last success.
	fails int
	// lagging: the last answer took longer than slowAfter.
	lagging bool
	// pausedUntil is when a broken destination may start again, business Unix milliseconds.
	pausedUntil int64
	// oldTurn alternates fresh and old in a slow destination.
	oldTurn bool
}

func (to *destination) broken() bool { return to.fails >= breakAfter }

// slow says that the destination draws on the pool of the slow.
func (to *destination) slow() bool { return to.broken() || to.lagging || to.overdue > 0 }

// free says whether one more may fly.
func (to *destination) free() bool {
	if to.broken() {
		return to.flying == 0 && to.hasRoom(to)
	}
	return to.flying < to.window && to.hasRoom(to)
}

// freeOld says whether one more that is not fresh may fly: a destination keeps room for
// a fresh one.
func (to *destination) freeOld() bool {
	return to.free() && to.flyingOld < max(1, to.window-1) && to.hasRoomForOld(to)
}

// unused says that nothing flies or waits.
func (to *destination) unused() bool {
	return to.flying == 0 && to.fresh.len() == 0 && len(to.old) == 0
}

// idle says that nothing is known of the destination that is worth keeping.
func (to *destination) idle() bool { return to.unused() && to.fails == 0 }

// landed learns from an attempt: how it ended and what that says of the merchant.
func (to *destination) landed(now int64, a *pb.Attempt) {
	to.lagging = a.TookUs > slowAfter.Microseconds()
	if a.Outcome == pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED {
		to.fails, to.pausedUntil = 0, 0
		to.window = min(to.window+1, to.most)
		return
	}
	// A missing key or a bad address counts too, though nothing was sent: a
	// thousand such attempts a second would cost the node as much as payments.
	to.fails++
	to.window = max(1, to.window/2)
	if to.broken() {
		to.pausedUntil = now + pause(to.fails-breakAfter)
	}
}

// pause is how long a broken destination waits, milliseconds.
func pause(n int) int64 { return min(pauseMost, pauseFirst<<min(n, 10)) }

// take picks the next hint for a ring; false when there is none it may take now.
func (to *destination) take(r ringKind, now int64) (h hint, fresh, ok bool) {
	for to.fresh.len() > 0 && to.fresh.peek().at < now-freshFor {
		to.old.push(to.fresh.pop())
	}
	hasFresh := to.fresh.len() > 0
	hasOld := len(to.old) > 0 && to.old[0].at <= now && to.freeOld()
	switch r {
	case ringFresh:
		hasOld = false
	case ringOld:
		hasFresh = false
	case ringSlow:
		to.oldTurn = !to.oldTurn
	}
	switch {
	case hasFresh && !(hasOld && to.oldTurn):
		return to.fresh.pop(), true, true
	case hasOld:
		return to.old.pop(), false, true
	}
	return hint{}, false, false
}

// ready returns which rings the destination belongs into now and when it has to be
// looked at again; 0 when no time will change anything.
func (to *destination) ready(now int64) (in [rings]bool, again int64) {
	if !to.free() {
		return in, 0
	}
	hasFresh, hasOld := to.fresh.len() > 0, len(to.old) > 0 && to.freeOld()
	if !hasFresh && !hasOld {
		return in, 0
	}
	if to.pausedUntil > now {
		if !hasFresh {
			return in, max(to.pausedUntil, to.old[0].at)
		}
		return in, to.pausedUntil
	}
	oldDue := hasOld && to.old[0].at <= now
	if hasOld && !oldDue {
		again = to.old[0].at
	}
	if to.slow() {
		in[ringSlow] = hasFresh || oldDue
	} else {
		in[ringFresh], in[ringOld] = hasFresh, oldDue
	}
	return in, again
}

// flight is one notice on its way: picked, perhaps fetched, signed, sent, and
// until the node has taken the report of it.
type flight struct {
	to   *destination
	hint hint
	// fresh: picked from the destination's fresh ones.
	fresh bool
	// slow: counted in the pool of the slow. overdue: moved there in the air.
	slow, overdue bool
	// down: landed, or given back.
	down bool
	// owed is the content; nil until fetched.
	owed *pb.OwedNotice
	// sent is when the request began.
	sent time.Time
	// lapse is the lease's when it was picked.
	lapse uint64
	// later is what the stream told of the notice meanwhile.
	later *pb.OwedHead
}
