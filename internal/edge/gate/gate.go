package gate

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config sizes a Gate.
type Config struct {
	// Most is the most requests at work at once, whatever the measurements say; at
	// least 1.
	Most int
	// Target is the time a request may take before the limit falls; 0 is 50 ms. On
	// a node whose quiet requests take longer than a third of it, three times
	// their time counts instead.
	Target time.Duration
	// QueryRate is how many queries a second a merchant may make while the node is
	// pressed; 0 is 20.
	QueryRate float64
	// Inside is how many commands stand in line further inside, for every edge
	// and node together; may be nil. While it is more than twice the limit, the
	// limit falls.
	Inside func() int
	// Registerer takes the metrics; nil registers none.
	Registerer prometheus.Registerer
}

const (
	defaultTarget    = 50 * time.Millisecond
	defaultQueryRate = 20
	// first is the limit before anything was measured.
	first = 32
	// shortLine and longLine bound how many may wait: as many as the limit within
	// these two, so that a request that waits is let in after about the time one takes.
	shortLine, longLine = 64, 512
	// MaxWait is the longest a request waits to be let in.
	MaxWait = 200 * time.Millisecond
	// lasting is how long there must have been someone waiting for a line to
	// count as one that lasts: from then on the newest go first.
	lasting = 100 * time.Millisecond
	// pressedFor is how long the node counts as pressed after a refusal.
	pressedFor = time.Second
	// lowTurn: of so many turns one goes to a class behind payments, and of so many
	// places in line one is each class's own.
	lowTurn = 16
	// insideFactor: more commands than so many limits inside are a crowd.
	insideFactor, insideLeast = 2, 64
)

// Reason says why a request is refused; zero stands for none.
type Reason uint8

// The reasons.
const (
	// Full: as many wait as may, and all of them matter as much or more.
	Full Reason = iota + 1
	// Late: it waited for MaxWait.
	Late
	// Share: the account has more than its share at work and waiting.
	Share
	// Budget: the merchant's polling budget is used up.
	Budget
	// Gone: the client went away while it waited; nobody is left to tell.
	Gone

	reasons = int(Gone) + 1
)

// String is the reason as metrics label it.
func (r Reason) String() string {
	return [...]string{"none", "full", "late", "share", "budget", "gone"}[r]
}

// Own says that the account itself asks too much: 429 rather than 503.
func (r Reason) Own() bool { return r == Share || r == Budget }

// Refusal is why a request is refused and when to come again.
type Refusal struct {
	Reason Reason
	// After is in seconds, at least 1.
	After int
	// hold is how long the answer is kept back (pace.go).
	hold time.Duration
}

// Gate lets requests in. Its methods may be called from any goroutine; it starts
// none.
type Gate struct {
	inside func() int
	// shortest is how many may wait however low the limit is.
	shortest int

	mu       sync.Mutex
	limiter  limiter
	atWork   int
	atWorkBy [classes]int
	// strangers are at work.
	strangers int
	lines     [classes]line
	waiting   int
	// emptied is when last nobody waited.
	emptied  time.Time
	turns    int
	ledgers  map[account]*ledger
	known    claims
	pace     pace
	pressed  time.Time // the last refusal for want of room; zero for none
	budgets  budgets
	admitted [classes]uint64
	refused  [classes][reasons]uint64
	spared   [savings]uint64
}

// New makes a gate.
func New(cfg Config) (*Gate, error) {
	if cfg.Most < 1 {
		return nil, errors.New("gate: Most must be at least 1")
	}
	if cfg.Target == 0 {
		cfg.Target = defaultTarget
	}
	if cfg.QueryRate == 0 {
		cfg.QueryRate = defaultQueryRate
	}
	now := time.Now()
	g := &Gate{
		inside: cfg.Inside, shortest: shortLine, limiter: newLimiter(first, cfg.Most, cfg.Target, now), emptied: now,
		ledgers: make(map[account]*ledger), pace: pace{opened: now}, budgets: budgets{rate: max(cfg.QueryRate, 1)},
	}
	for c := range classes {
		g.lines[c].of = Class(c)
	}
	if cfg.Registerer != nil {
		if err := cfg.Registerer.Register(collector{g}); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// enter lets a request in, at once or after a wait of at most MaxWait, or
// refuses it. What it lets in must leave.
func (g *Gate) enter(ctx context.Context, asked Asked, remote string) (*Pass, *Refusal) {
	c := claim{addressOf(remote), asked.Merchant, asked.Credential}
	g.mu.Lock()
	now := time.Now()
	g.pace.roll(now)
	p, w, reason := g.seek(asked.Class, g.ledgerOf(g.charge(asked, c)), now)
	var refusal *Refusal
	if reason != 0 {
		refusal = g.refuse(asked.Class, reason, now)
	}
	g.mu.Unlock()
	if w != nil {
		p, refusal = g.await(ctx, w)
	}
	if p != nil {
		p.claim = c
	}
	return p, refusal
}

// seek lets a request in, puts it in line, or says why neither.
func (g *Gate) seek(c Class, who *ledger, now time.Time) (*Pass, *waiter, Reason) {
	if g.mayEnter(c) {
		return g.admit(c, who, now), nil, 0
	}
	g.limiter.contended = true
	if reason := g.makeRoom(c, who); reason != 0 {
		g.forget(who)
		return nil, nil, reason
	}
	g.noteEmpty(now)
	w := &waiter{class: c, who: who, told: make(chan Reason, 1)}
	g.lines[c].push(w)
	g.waiting++
	for g.letIn(now) { // strangers in front may have to wait where this one need not
	}
	return nil, w, 0
}

// charge finds out whom a request is charged to.
func (g *Gate) charge(asked Asked, c claim) account {
	switch {
	case asked.Payer:
		return account{address: c.address, payer: true}
	case c.merchant != "" && g.known.has(c):
		return account{merchant: c.merchant}
	}
	return account{address: c.address}
}

// mayEnter says whether a request of class c is let in at once: there is room
// for its class, and it overtakes nobody.
func (g *Gate) mayEnter(c Class) bool {
	if g.atWork >= c.room(g.limiter.now()) {
		return false
	}
	for before := Pay; before <= c; before++ {
		if g.lines[before].n > 0 {
			return false
		}
	}
	return true
}

// admit puts a request to work.
func (g *Gate) admit(c Class, who *ledger, now time.Time) *Pass {
	g.atWork++
	g.atWorkBy[c]++
	who.atWork++
	if who.account.stranger() {
		g.strangers++
	}
	g.admitted[c]++
	g.limiter.busy(g.atWork)
	return &Pass{gate: g, class: c, who: who, began: now, among: g.atWork}
}

// refuse counts a refusal. The node is pressed from here on unless the client
// just left.
func (g *Gate) refuse(c Class, why Reason, now time.Time) *Refusal {
	g.refused[c][why]++
	if why == Gone {
		return &Refusal{Reason: why, After: 1}
	}
	if why != Budget {
		g.pressed = now
		g.pace.turned++
	}
	return &Refusal{Reason: why, After: g.pace.after(), hold: g.pace.hold(now)}
}

// makeRoom finds a place in line for a request of class c, at the cost of one
// that matters less, or of the account that has most in line. A reason refuses
// the request itself.
func (g *Gate) makeRoom(c Class, who *ledger) Reason {
	places := min(max(g.limiter.now(), g.shortest), longLine)
	own := max(1, places/lowTurn) // else a class would have a turn and nobody to take it
	if g.waiting < places || c != Pay && g.lines[c].n < own {
		return 0
	}
	for behind := Rest; behind > c; behind-- {
		if g.lines[behind].n > own {
			g.turnAway(g.lines[behind].longest().waiters[behind][0], Full)
			return 0
		}
	}
	most := g.lines[c].longest()
	switch {
	case most == nil:
		return Full // all who wait matter more
	case who.account.stranger() && !most.account.stranger(),
		who == most, len(who.waiters[c])+1 >= len(most.waiters[c]) && who.account.stranger() == most.account.stranger():
		return g.reasonFor(who)
	}
	g.turnAway(most.waiters[c][0], g.reasonFor(most))
	return 0
}

// reasonFor says whether an account is refused for what it asks itself: it has
// more than twice an equal share at work and waiting.
func (g *Gate) reasonFor(who *ledger) Reason {
	active := len(g.ledgers)
	if active > 1 && (who.atWork+who.waiting)*active > 2*(g.atWork+g.waiting) {
		return Share
	}
	return Full
}

// turnAway refuses one who waits.
func (g *Gate) turnAway(w *waiter, why Reason) {
	g.lines[w.class].remove(w)
	g.waiting--
	w.told <- why
}

// await waits for the verdict.
func (g *Gate) await(ctx context.Context, w *waiter) (*Pass, *Refusal) {
	late := time.NewTimer(MaxWait)
	defer late.Stop()
	why := Gone
	select {
	case reason := <-w.told:
		return g.hear(w, reason)
	case <-late.C:
		why = Late
	case <-ctx.Done():
	}
	g.mu.Lock()
	if !g.lines[w.class].remove(w) { // told in the meantime
		g.mu.Unlock()
		return g.hear(w, <-w.told)
	}
	g.waiting--
	g.noteEmpty(time.Now())
	g.mu.Unlock()
	return g.hear(w, why)
}

// hear turns a verdict into what enter answers. The place of one who is let in
// was taken when it was told.
func (g *Gate) hear(w *waiter, why Reason) (*Pass, *Refusal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if why == 0 {
		return &Pass{gate: g, class: w.class, who: w.who, began: now, among: g.atWork}, nil
	}
	g.forget(w.who)
	return nil, g.refuse(w.class, why, now)
}

// leave ends a request's work, once, and lets in who is next.
func (g *Gate) leave(p *Pass) {
	now := time.Now()
	crowd := 0
	if g.inside != nil {
		crowd = g.inside()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.left {
		return
	}
	p.left = true
	g.pace.roll(now)
	g.pace.done++
	if p.counts {
		g.limiter.sample(p.class, p.began, now.Sub(p.began), p.among)
	}
	g.atWork--
	g.atWorkBy[p.class]--
	g.uncharge(p.who)
	g.limiter.decide(now, g.atWork, crowd > max(insideFactor*g.limiter.now(), insideLeast))
	for g.letIn(now) {
	}
	g.noteEmpty(now)
}

// letIn lets in one of those who wait; false when nobody may.
func (g *Gate) letIn(now time.Time) bool {
	if g.waiting == 0 || g.atWork >= g.limiter.now() {
		return false
	}
	w := g.pick(now)
	if w == nil {
		return false
	}
	g.waiting--
	g.turns++
	g.admit(w.class, w.who, now)
	w.told <- 0
	return true
}

// pick takes out who is next: the first class that has room, but every lowTurn
// turns one of those behind payments, each in turn.
func (g *Gate) pick(now time.Time) *waiter {
	newest := now.Sub(g.emptied) > lasting
	limit := g.limiter.now()
	may := func(who *ledger) bool { return !who.account.stranger() || g.strangers < max(1, limit/4) }
	if g.turns%lowTurn == lowTurn-1 {
		for i := range int(Rest) {
			c := Query + Class((g.turns/lowTurn+i)%int(Rest))
			if w := g.lines[c].pop(newest, may); w != nil {
				return w
			}
		}
	}
	for c := range g.lines {
		if g.atWork < Class(c).room(limit) {
			if w := g.lines[c].pop(newest, may); w != nil {
				return w
			}
		}
	}
	return nil
}

func (g *Gate) noteEmpty(now time.Time) {
	if g.waiting == 0 {
		g.emptied = now
	}
}

// ledgerOf finds or opens an account's ledger.
func (g *Gate) ledgerOf(a account) *ledger {
	l := g.ledgers[a]
	if l == nil {
		l = &ledger{account: a}
		g.ledgers[a] = l
	}
	return l
}

// uncharge ends one request of an account.
func (g *Gate) uncharge(who *ledger) {
	who.atWork--
	if who.account.stranger() {
		g.strangers--
	}
	g.forget(who)
}

// forget drops the ledger of an account that has nothing here: there are never
// more ledgers than requests.
func (g *Gate) forget(who *ledger) {
	if who.atWork == 0 && who.waiting == 0 && g.ledgers[who.account] == who {
		delete(g.ledgers, who.account)
	}
}
