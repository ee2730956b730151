package gate

import (
	"context"
	"time"
)

// Pass is a request that was let in. Its methods may be called on nil, which is
// a request that came by no gate: everything is allowed and nothing counted.
type Pass struct {
	gate  *Gate
	class Class
	who   *ledger
	began time.Time
	// among is how many were at work when it began, itself included.
	among int
	claim claim
	// counts says that its time says something about the node: it is not one of
	// those that are answered before any work.
	counts bool
	// left says that it is at work no more.
	left bool
}

type passKey struct{}

// From is the pass of a request's context; nil when it came by no gate.
func From(ctx context.Context) *Pass {
	p, _ := ctx.Value(passKey{}).(*Pass)
	return p
}

// Verified says that the request is that merchant's, with that credential: it is
// charged to the merchant from here on and its claim is known. Call it from the
// request's own goroutine, once.
func (p *Pass) Verified(merchant, credential string) {
	if p == nil {
		return
	}
	p.counts = true
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.claim.merchant == merchant && p.claim.credential == credential {
		g.known.put(p.claim)
	}
	if p.who.account == (account{merchant: merchant}) {
		return
	}
	to := g.ledgerOf(account{merchant: merchant})
	g.uncharge(p.who)
	to.atWork++
	p.who = to
}

// Works says that the request of a payer is worth a payment's work. Call it from
// the request's own goroutine.
func (p *Pass) Works() {
	if p != nil {
		p.counts = true
	}
}

// Pressed says that the node had to refuse somebody for want of room lately:
// what can be saved should be.
func (p *Pass) Pressed() bool {
	if p == nil {
		return false
	}
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	return p.gate.isPressed(time.Now())
}

// MayQuery takes one query from the merchant's budget. It is false when the
// budget is used up while the node is pressed: refuse the query by Broke. What
// is answered from memory for next to nothing need not ask.
func (p *Pass) MayQuery(merchant string) bool {
	if p == nil {
		return true
	}
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	left := g.budgets.take(merchant, now)
	return left || !g.isPressed(now)
}

// Broke refuses a query for which there is no budget.
func (p *Pass) Broke() Refusal {
	p.counts = false // refusing takes no time worth measuring
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	return *g.refuse(p.class, Budget, time.Now())
}

// Saving is what did not have to be done for a query.
type Saving uint8

// What can be saved.
const (
	// SavedRead: the state was not read, the answer is final and remembered.
	SavedRead Saving = iota
	// SavedSignature: nothing was signed, the same answer was signed just before.
	SavedSignature

	savings = int(SavedSignature) + 1
)

// String is the saving as metrics label it.
func (s Saving) String() string { return [...]string{"read", "signature"}[s] }

// Spared counts a saving.
func (p *Pass) Spared(s Saving) {
	if p == nil {
		return
	}
	if s == SavedSignature {
		p.counts = false
	}
	p.gate.mu.Lock()
	p.gate.spared[s]++
	p.gate.mu.Unlock()
}

// isPressed says whether somebody was refused for want of room lately.
func (g *Gate) isPressed(now time.Time) bool {
	return !g.pressed.IsZero() && now.Sub(g.pressed) < pressedFor
}

// Depart ends the request's work before its handler returns: what goes on only waits
// for something to tell. Call it from the request's own goroutine.
func (p *Pass) Depart() {
	if p != nil {
		p.gate.leave(p)
	}
}
