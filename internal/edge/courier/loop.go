package courier

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/worker"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// loop takes events and acts until ctx ends. life is what the goroutines it
// starts live in.
func (c *Courier) loop(ctx, life context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		c.act(life)
		timer.Reset(c.wakeIn(time.Now()))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case event := <-c.link.Events():
			event()
		case r := <-c.fetched:
			c.onFetched(r)
		case w := <-c.written:
			c.onWritten(life, w)
		case l := <-c.landed:
			c.onLanded(l)
		}
	}
}

// wind stops gracefully: flights in the air land, attempts are reported. It
// answers how many attempts went unreported.
func (c *Courier) wind(life context.Context, hard context.CancelFunc) int {
	c.stopping = true
	c.link.Stop()
	deadline := time.NewTimer(c.cfg.StopWithin)
	defer deadline.Stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for c.inFlight > 0 || c.signing > 0 || !c.link.Quiet() {
		c.act(life)
		timer.Reset(c.wakeIn(time.Now()))
		select {
		case <-deadline.C:
			hard() // requests and calls end now; drain takes what they say
			return c.unreported()
		case <-timer.C:
		case event := <-c.link.Events():
			event()
		case <-c.fetched:
		case w := <-c.written:
			c.onWritten(life, w)
		case l := <-c.landed:
			c.onLanded(l)
		}
	}
	return 0
}

// unreported counts attempts the node may not know of.
func (c *Courier) unreported() int {
	n := c.inFlight + c.link.Unreported()
	for _, f := range c.scheduler.busy {
		if f.down && c.link.Reporting() {
			n++
		}
	}
	return n
}

// act does all that can be done now.
func (c *Courier) act(life context.Context) {
	now := time.Now()
	c.link.Act(life, now)
	c.scheduler.overdue(now)
	if !c.stopping && c.link.Unreported() < maxUnreported {
		c.scheduler.dispatch()
		c.fetchMore(life, now)
		c.signMore()
	}
	held, _ := c.link.Lanes()
	c.metrics.show(c.scheduler, c.link.Unreported(), held)
}

// wakeIn is how long nothing has to be done if nothing happens.
func (c *Courier) wakeIn(now time.Time) time.Duration {
	wait := c.link.WakeIn(now, time.Hour)
	if len(c.scheduler.alarms) > 0 {
		due := time.Duration(c.scheduler.alarms[0].wakeAt-c.link.Clock.Now()) * time.Millisecond
		wait = min(wait, max(due, time.Millisecond))
	}
	if len(c.scheduler.air) > 0 {
		wait = min(wait, until(c.scheduler.air[0].sent.Add(slowAfter), now))
	}
	if len(c.scheduler.want) > 0 && c.fetches.After().After(now) {
		wait = min(wait, until(c.fetches.After(), now))
	}
	return wait
}

// fetchMore asks for the contents of picked notices.
func (c *Courier) fetchMore(life context.Context, now time.Time) {
	d := c.scheduler
	for len(d.want) > 0 && c.fetching < maxFetching && !c.fetches.After().After(now) {
		n := min(len(d.want), MaxFetch)
		asked := d.want[:n:n]
		d.want = d.want[n:]
		d.fetching += n
		c.fetching++
		c.wg.Go(func() {
			ctx, cancel := context.WithTimeout(life, worker.CallWithin)
			defer cancel()
			ids := make([]uint64, len(asked))
			for i, f := range asked {
				ids[i] = f.hint.id
			}
			got, err := c.cfg.Node.Fetch(ctx, &pb.FetchRequest{Ids: ids, AtLeast: c.link.Acked()})
			c.fetched <- fetched{asked, got, err}
		})
	}
}

func (c *Courier) onFetched(r fetched) {
	c.fetching--
	if r.err != nil {
		c.log.Warn("courier: cannot fetch notices from the node; trying again", "count", len(r.asked), "err", r.err)
		c.fetches.Failed(time.Now())
		c.scheduler.unfetched(r.asked)
		return
	}
	c.fetches.OK()
	c.link.Clock.Set(r.got.Now)
	for _, n := range c.scheduler.fetched(r.asked, r.got) {
		c.metrics.problems.Inc()
		c.log.Error("courier: cannot send a notice; looking again in a minute", "notice", n.Notice.Id, "problem", n.Problem)
	}
}

// signMore keeps the signers busy, and their queue short so that a fresh
// notice waits for few others.
func (c *Courier) signMore() {
	for c.signing < cap(c.draft) {
		f := c.scheduler.nextToSign()
		if f == nil {
			return
		}
		c.signing++
		c.draft <- draft{f, f.owed} // never blocks: at most cap are out
	}
}

func (c *Courier) onWritten(life context.Context, w written) {
	c.signing--
	switch outcome, known := unsent(w.err); {
	case w.err == nil && c.stopping, !c.sendable(w.f):
		c.scheduler.giveBack(w.f, nil)
	case w.err == nil:
		c.send(life, w)
	case known:
		c.record(w.draft, &pb.Attempt{At: c.link.Clock.Now(), Outcome: outcome, Answer: clip(w.err.Error())})
	default:
		// The keystore's trouble, not the merchant's: no attempt is used up.
		c.metrics.problems.Inc()
		c.log.Error("courier: cannot prepare a notice; looking again in a minute", "notice", w.owed.Notice.Id, "err", w.err)
		c.scheduler.giveBack(w.f, laterHead(w.owed.Notice, c.link.Clock.Now()+setAside))
	}
}

// unsent sorts what stands against a notice before it is sent.
func unsent(err error) (o pb.AttemptOutcome, known bool) {
	var bad *errURL
	switch {
	case errors.As(err, &bad):
		return pb.AttemptOutcome_ATTEMPT_OUTCOME_BAD_URL, true
	case errors.Is(err, errNoKey):
		return pb.AttemptOutcome_ATTEMPT_OUTCOME_NO_KEY, true
	}
	return 0, false
}

func (c *Courier) send(life context.Context, w written) {
	c.scheduler.inFlight(w.f, time.Now())
	c.inFlight++
	c.wg.Go(func() {
		n := w.owed.Notice
		if !c.sendable(w.f) {
			c.landed <- landed{w.draft, nil}
			return
		}
		at := c.link.Clock.Now() // business time, like all that is recorded
		a := post(life, c.web, w.letter, func() bool { return c.sendable(w.f) }, func() {
			if n.Attempts == 0 {
				c.metrics.wire.Observe(float64(c.link.Clock.Now()-n.CreatedAt) / 1000)
			}
		})
		if a != nil {
			a.At = at
		}
		c.landed <- landed{w.draft, a}
	})
}

func (c *Courier) onLanded(l landed) {
	c.inFlight--
	if l.attempt == nil {
		c.scheduler.giveBack(l.f, nil)
		return
	}
	if l.attempt.Outcome == pb.AttemptOutcome_ATTEMPT_OUTCOME_UNSPECIFIED {
		c.metrics.problems.Inc()
		c.log.Warn("courier: something runs short here; trying again", "notice", l.owed.Notice.Id, "err", l.attempt.Answer)
		c.scheduler.giveBack(l.f, laterHead(l.owed.Notice, c.link.Clock.Now()+shortage))
		return
	}
	c.record(l.draft, l.attempt)
}

// record notes an attempt's end for merchant and node.
func (c *Courier) record(p draft, a *pb.Attempt) {
	a.NoticeId, a.Number = p.owed.Notice.Id, p.owed.Notice.Attempts+1
	c.metrics.attempts.WithLabelValues(outcomeName(a.Outcome)).Inc()
	if a.Outcome != pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED {
		c.log.Debug("courier: notice not delivered", "notice", a.NoticeId, "mchid", p.f.to.mchid,
			"attempt", a.Number, "outcome", outcomeName(a.Outcome), "status", a.HttpStatus, "why", ourWords(a))
	}
	l := p.f.to
	was, fails := l.broken(), l.fails
	c.scheduler.landed(p.f, a)
	switch is := l.broken(); {
	case is && !was:
		c.log.Warn("courier: an address of a merchant takes no notices; trying one at a time", "mchid", l.mchid, "host", host(p.owed),
			"failures", l.fails, "outcome", outcomeName(a.Outcome), "status", a.HttpStatus, "why", ourWords(a))
	case was && !is:
		c.log.Info("courier: an address of a merchant takes notices again", "mchid", l.mchid, "host", host(p.owed), "failures", fails)
	}
	c.link.Report(a)
}

// host is where a notice goes, for the log: a path may hold more than a log should.
func host(n *pb.OwedNotice) string {
	u, err := url.Parse(n.Notice.Url)
	if err != nil {
		return "" // the attempt says so
	}
	return u.Host
}

// ourWords is why an attempt got no answer. What a merchant answered is not for
// the log: the node keeps the start of it with the attempt.
func ourWords(a *pb.Attempt) string {
	if a.HttpStatus != 0 {
		return ""
	}
	return a.Answer
}
