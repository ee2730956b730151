package courier

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// breakAfter failures in a row break a lane.
	breakAfter = 5
	// A broken lane pauses after each attempt, twice as long after each failure.
	pauseFirst int64 = 100
	pauseMost  int64 = 2000
)

// lane is what the courier knows of one address of a merchant.
//
//	open    --breakAfter failures in a row-->  broken
//	broken  --one success-->                   open, its window growing by one a success
type lane struct {
	*merchant
	// address is as in pb.OwedHead; 0 in the lane for the rest.
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
	// pausedUntil is when a broken lane may start again, business Unix milliseconds.
	pausedUntil int64
	// oldTurn alternates fresh and old in a slow lane.
	oldTurn bool
}

func (l *lane) broken() bool { return l.fails >= breakAfter }

// slow says that the lane draws on the pool of the slow.
func (l *lane) slow() bool { return l.broken() || l.lagging || l.overdue > 0 }

// free says whether one more may fly.
func (l *lane) free() bool {
	if l.broken() {
		return l.flying == 0 && l.hasRoom(l)
	}
	return l.flying < l.window && l.hasRoom(l)
}

// freeOld says whether one more that is not fresh may fly: a lane keeps room for
// a fresh one.
func (l *lane) freeOld() bool {
	return l.free() && l.flyingOld < max(1, l.window-1) && l.hasRoomForOld(l)
}

// unused says that nothing flies or waits.
func (l *lane) unused() bool { return l.flying == 0 && l.fresh.len() == 0 && len(l.old) == 0 }

// idle says that nothing is known of the lane that is worth keeping.
func (l *lane) idle() bool { return l.unused() && l.fails == 0 }

// landed learns from an attempt: how it ended and what that says of the merchant.
func (l *lane) landed(now int64, a *pb.Attempt) {
	l.lagging = a.TookUs > slowAfter.Microseconds()
	if a.Outcome == pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED {
		l.fails, l.pausedUntil = 0, 0
		l.window = min(l.window+1, l.most)
		return
	}
	// A missing key or a bad address counts too, though nothing was sent: a
	// thousand such attempts a second would cost the node as much as payments.
	l.fails++
	l.window = max(1, l.window/2)
	if l.broken() {
		l.pausedUntil = now + pause(l.fails-breakAfter)
	}
}

// pause is how long a broken lane waits, milliseconds.
func pause(n int) int64 { return min(pauseMost, pauseFirst<<min(n, 10)) }

// take picks the next hint for a ring; false when there is none it may take now.
func (l *lane) take(r ringKind, now int64) (h hint, fresh, ok bool) {
	for l.fresh.len() > 0 && l.fresh.peek().at < now-freshFor {
		l.old.push(l.fresh.pop())
	}
	hasFresh := l.fresh.len() > 0
	hasOld := len(l.old) > 0 && l.old[0].at <= now && l.freeOld()
	switch r {
	case ringFresh:
		hasOld = false
	case ringOld:
		hasFresh = false
	case ringSlow:
		l.oldTurn = !l.oldTurn
	}
	switch {
	case hasFresh && !(hasOld && l.oldTurn):
		return l.fresh.pop(), true, true
	case hasOld:
		return l.old.pop(), false, true
	}
	return hint{}, false, false
}

// ready returns which rings the lane belongs into now and when it has to be
// looked at again; 0 when no time will change anything.
func (l *lane) ready(now int64) (in [rings]bool, again int64) {
	if !l.free() {
		return in, 0
	}
	hasFresh, hasOld := l.fresh.len() > 0, len(l.old) > 0 && l.freeOld()
	if !hasFresh && !hasOld {
		return in, 0
	}
	if l.pausedUntil > now {
		if !hasFresh {
			return in, max(l.pausedUntil, l.old[0].at)
		}
		return in, l.pausedUntil
	}
	oldDue := hasOld && l.old[0].at <= now
	if hasOld && !oldDue {
		again = l.old[0].at
	}
	if l.slow() {
		in[ringSlow] = hasFresh || oldDue
	} else {
		in[ringFresh], in[ringOld] = hasFresh, oldDue
	}
	return in, again
}

// flight is one notice on its way: picked, perhaps fetched, signed, sent, and
// until the node has taken the report of it.
type flight struct {
	lane *lane
	hint hint
	// fresh: picked from the lane's fresh ones.
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
