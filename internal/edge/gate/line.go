package gate

import "slices"

// waiter is a request that waits for a place.
type waiter struct {
	class Class
	who   *ledger
	// told gets the verdict, once: a zero reason lets the request in.
	told chan Reason
}

// ledger counts what one account has at work and waiting.
type ledger struct {
	account account
	atWork  int
	waiting int
	// waiters are by class, oldest first.
	waiters [classes][]*waiter
}

// line is the waiters of one class. Accounts take turns; an account's own
// waiters go oldest or newest first.
type line struct {
	of   Class
	ring []*ledger // each has waiters of the class
	next int       // whose turn it is; may be len(ring)
	n    int
}

func (l *line) push(w *waiter) {
	waiters := &w.who.waiters[l.of]
	if len(*waiters) == 0 {
		// Behind everyone who has not had a turn in this round.
		l.ring = slices.Insert(l.ring, l.next, w.who)
		l.next++
	}
	*waiters = append(*waiters, w)
	w.who.waiting++
	l.n++
}

// pop takes the next waiter whose account may; nil when there is none.
func (l *line) pop(newest bool, may func(*ledger) bool) *waiter {
	for i := range l.ring {
		at := (l.next + i) % len(l.ring)
		who := l.ring[at]
		if !may(who) {
			continue
		}
		l.next = at + 1
		w := who.waiters[l.of][0]
		if newest {
			w = who.waiters[l.of][len(who.waiters[l.of])-1]
		}
		l.remove(w)
		return w
	}
	return nil
}

// remove takes a waiter out; false when it is not there any more.
func (l *line) remove(w *waiter) bool {
	waiters := &w.who.waiters[l.of]
	i := slices.Index(*waiters, w)
	if i < 0 {
		return false
	}
	*waiters = slices.Delete(*waiters, i, i+1)
	w.who.waiting--
	l.n--
	if len(*waiters) == 0 {
		at := slices.Index(l.ring, w.who)
		l.ring = slices.Delete(l.ring, at, at+1)
		if at < l.next {
			l.next--
		}
	}
	return true
}

// longest is the account with the most waiters in this line, strangers before
// all others; nil of an empty line.
func (l *line) longest() *ledger {
	var most *ledger
	for _, who := range l.ring {
		switch {
		case most == nil,
			who.account.stranger() && !most.account.stranger(),
			who.account.stranger() == most.account.stranger() && len(who.waiters[l.of]) > len(most.waiters[l.of]):
			most = who
		}
	}
	return most
}
