package gate

import "time"

// Retry-After says when it is worth coming again: about as long as serving those
// who were turned away in a second would take, at the rate of that second. Each
// answer adds a spread of the same size, from a counter's hash, so that those
// turned away together don't come back together. A hash and no random numbers:
// a run of the tests repeats.
const (
	// slot is the time over which the rates are counted.
	slot = time.Second
	// longestPause bounds the estimate, in seconds; with the spread an answer
	// says at most twice that. Whoever was turned away at the end of an overload
	// is back within it.
	longestPause = 4
)

type pace struct {
	opened       time.Time
	done, turned int
	// what the last whole slot counted
	lastDone, lastTurned int
	given                uint64

	// next is when the next refusal may go out; held is how many are kept back.
	next time.Time
	held int
}

// roll begins a new slot when it is time.
func (p *pace) roll(now time.Time) {
	age := now.Sub(p.opened)
	if age < slot {
		return
	}
	p.lastDone, p.lastTurned = p.done, p.turned
	if age >= 2*slot { // nothing happened for a whole slot
		p.lastDone, p.lastTurned = 0, 0
	}
	p.opened, p.done, p.turned = now, 0, 0
}

// after is the next answer's Retry-After, in whole seconds, 1 to 2*longestPause.
func (p *pace) after() int {
	done, turned := max(p.lastDone, p.done), max(p.lastTurned, p.turned)
	pause := longestPause
	if done > 0 {
		pause = min(max((turned+done-1)/done, 1), longestPause)
	}
	p.given++
	return pause + int(mix(p.given)%uint64(pause+1))
}

// A refusal costs a tenth to a thirtieth of a request, by what signs the answers;
// nearly all of it goes into reading the one and writing the other, so that ten
// times what can be served would leave a third of the machine or more to refusals. But a client that has no answer
// yet does not ask again on that connection. So refusals go out at no more than
// perDone times the rate at which requests get done; those beyond it are kept
// back, each for at most longestHold, which costs a timer.
const (
	perDone     = 1
	longestHold = time.Second
	// mostHeld bounds how many are kept back; beyond it they go out at once.
	mostHeld = 8192
	// leastDone is the rate assumed where nothing gets done.
	leastDone = 50
)

// hold is how long the refusal of now is kept back.
func (p *pace) hold(now time.Time) time.Duration {
	if p.held >= mostHeld {
		return 0
	}
	if p.next.Before(now) {
		p.next = now
	}
	d := min(p.next.Sub(now), longestHold)
	p.next = now.Add(d + slot/time.Duration(perDone*max(p.lastDone, leastDone)))
	return d
}

// mix is splitmix64's output function: neighbouring numbers give unlike ones.
func mix(x uint64) uint64 {
	x *= 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
