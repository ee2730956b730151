package gate

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newGate(t testing.TB, most int) *Gate {
	t.Helper()
	g, err := New(Config{Most: most})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestCancelled: who goes away while waiting leaves the line at once, and the
// place it waited for goes to the next.
func TestCancelled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(t, 1)
		inside, _ := g.enter(t.Context(), merchant(Pay, 1), "")
		ctx, cancel := context.WithCancel(t.Context())
		gone, next := make(chan *Refusal, 1), make(chan *Pass, 1)
		go func() {
			_, r := g.enter(ctx, merchant(Pay, 1), "")
			gone <- r
		}()
		synctest.Wait()
		go func() {
			p, _ := g.enter(t.Context(), merchant(Pay, 1), "")
			next <- p
		}()
		synctest.Wait()
		cancel()
		if r := <-gone; r.Reason != Gone || g.waiting != 1 {
			t.Errorf("cancelled: %v, %d waiting", r.Reason, g.waiting)
		}
		g.leave(inside)
		p := <-next
		g.leave(p)
		if g.isPressed(time.Now()) {
			t.Error("a client that leaves does not press the node")
		}
	})
}

// TestLate: nobody waits longer than MaxWait, and the line remembers nobody.
func TestLate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(t, 1)
		inside, _ := g.enter(t.Context(), merchant(Pay, 1), "")
		began := time.Now()
		_, r := g.enter(t.Context(), merchant(Pay, 2), "")
		if r == nil || r.Reason != Late || r.After < 1 || time.Since(began) != MaxWait {
			t.Errorf("%v after %v", r, time.Since(began))
		}
		g.leave(inside)
		if len(g.ledgers) != 0 || g.waiting != 0 {
			t.Errorf("%d ledgers, %d waiting", len(g.ledgers), g.waiting)
		}
	})
}

// TestOrder: who is let in after whom, with one place.
func TestOrder(t *testing.T) {
	// Each comes 1 ms after the one before, and then the place is given on.
	for _, c := range []struct {
		name  string
		come  []Asked
		first []int
	}{
		{"payments first", []Asked{merchant(Rest, 1), merchant(Refund, 1), merchant(Query, 1), merchant(Pay, 1)}, []int{3, 2, 1, 0}},
		{"in the order they came", []Asked{merchant(Pay, 1), merchant(Pay, 1), merchant(Pay, 1)}, []int{0, 1, 2}},
		{"merchants take turns", []Asked{merchant(Pay, 1), merchant(Pay, 1), merchant(Pay, 2), merchant(Pay, 1), merchant(Pay, 2)}, []int{0, 2, 1, 4, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := newGate(t, 1)
				for i := range 3 {
					g.known.put(claim{merchant: merchant(Pay, i).Merchant, credential: merchant(Pay, i).Credential})
				}
				inside, _ := g.enter(t.Context(), merchant(Pay, 0), "")
				order := make(chan int, len(c.come))
				for i, asked := range c.come {
					go func() {
						p, _ := g.enter(t.Context(), asked, "")
						order <- i
						g.leave(p)
					}()
					synctest.Wait()
					time.Sleep(time.Millisecond)
				}
				g.leave(inside)
				for i, want := range c.first {
					if got := <-order; got != want {
						t.Errorf("place %d goes to %d, want %d", i, got, want)
					}
				}
			})
		})
	}
}

// TestNewestFirst: once a line stands, an account's newest goes first.
func TestNewestFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(t, 1)
		inside, _ := g.enter(t.Context(), merchant(Pay, 0), "")
		order := make(chan int, 2)
		for i := range 2 {
			go func() {
				p, _ := g.enter(t.Context(), merchant(Pay, 1), "")
				order <- i
				g.leave(p)
			}()
			synctest.Wait()
			time.Sleep(lasting/2 + time.Millisecond)
		}
		g.leave(inside)
		if got := <-order; got != 1 {
			t.Errorf("%d goes first", got)
		}
		<-order
	})
}

// TestProperty: whatever comes and goes, no more are at work than may be, who is
// refused left nothing behind, and the books of accounts agree.
func TestProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		most := rapid.IntRange(1, 6).Draw(r, "most")
		g, err := New(Config{Most: most})
		if err != nil {
			r.Fatal(err)
		}
		g.shortest = 2 // so that lines are full often
		var inside []*Pass
		outside := map[*waiter]bool{}
		var unaware []*waiter // refused, and their goroutines have not run since
		step := map[string]func(*rapid.T){
			"come": func(r *rapid.T) {
				asked := merchant(Class(rapid.IntRange(0, 3).Draw(r, "class")), rapid.IntRange(0, 4).Draw(r, "who"))
				asked.Payer = rapid.Bool().Draw(r, "payer")
				who := g.ledgerOf(g.charge(asked, claim{merchant: asked.Merchant, credential: asked.Credential}))
				p, w, _ := g.seek(asked.Class, who, time.Now())
				if p != nil {
					inside = append(inside, p)
				}
				if w != nil {
					outside[w] = true
				}
			},
			"verify": func(r *rapid.T) {
				if len(inside) > 0 {
					inside[0].Verified(merchant(Pay, rapid.IntRange(0, 4).Draw(r, "who")).Merchant, "")
				}
			},
			"leave": func(*rapid.T) {
				if len(inside) > 0 {
					g.leave(inside[0])
					inside = inside[1:]
				}
			},
			"give up": func(*rapid.T) {
				for w := range outside {
					if g.lines[w.class].remove(w) { // as await does
						g.waiting--
						g.forget(w.who)
						delete(outside, w)
					}
					return
				}
			},
			"": func(r *rapid.T) {
				for w := range outside {
					select {
					case why := <-w.told:
						delete(outside, w)
						if why == 0 {
							inside = append(inside, &Pass{gate: g, class: w.class, who: w.who, began: time.Now()})
						} else {
							unaware = append(unaware, w)
						}
					default:
					}
				}
				if len(unaware) > 0 && rapid.Bool().Draw(r, "run") {
					for _, w := range unaware {
						g.forget(w.who)
					}
					unaware = nil
				}
				checkBooks(r, g, len(inside), len(outside), most, len(unaware) == 0)
			},
		}
		for range 10 {
			r.Repeat(step)
		}
	})
}

func checkBooks(r *rapid.T, g *Gate, inside, outside, most int, tidy bool) {
	atWork, waiting, strangers := 0, 0, 0
	for a, l := range g.ledgers {
		if l.account != a || l.atWork < 0 || l.waiting < 0 || tidy && l.atWork+l.waiting == 0 {
			r.Fatalf("ledger of %v: %d at work, %d waiting", a, l.atWork, l.waiting)
		}
		atWork, waiting = atWork+l.atWork, waiting+l.waiting
		if a.stranger() {
			strangers += l.atWork
		}
	}
	inLines := 0
	for c := range g.lines {
		inLines += g.lines[c].n
	}
	if g.atWork == 0 && g.waiting > 0 {
		r.Fatalf("%d wait though nothing is at work: nobody will let them in", g.waiting)
	}
	if atWork != g.atWork || atWork != inside || atWork > most || waiting != g.waiting || waiting != outside || inLines != waiting || strangers != g.strangers {
		r.Fatalf("at work %d, by ledgers %d, by callers %d, most %d; waiting %d, %d, %d, in lines %d; strangers %d, %d",
			g.atWork, atWork, inside, most, g.waiting, waiting, outside, inLines, g.strangers, strangers)
	}
}

// TestBudget: a second's worth at once, then the rate; it bites only while the
// node is pressed.
func TestBudget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := newGate(t, 1)
		p, _ := g.enter(t.Context(), merchant(Query, 1), "")
		defer g.leave(p)
		for range 100 {
			if !p.MayQuery("M") {
				t.Fatal("refused while nothing is pressed")
			}
		}
		g.pressed = time.Now()
		if p.MayQuery("M") {
			t.Error("the budget was used up before the node was pressed")
		}
		time.Sleep(pressedFor / 2) // ten more
		may := 0
		for range 20 {
			if p.MayQuery("M") {
				may++
			}
		}
		if may != defaultQueryRate/2 || !p.MayQuery("another") {
			t.Errorf("%d queries in half a second, want %d", may, defaultQueryRate/2)
		}
		if r := p.Broke(); r.Reason != Budget || !r.Reason.Own() || r.After < 1 {
			t.Errorf("%+v", r)
		}
		time.Sleep(pressedFor)
		if !p.MayQuery("M") {
			t.Error("refused though the pressure is over")
		}
	})
}

// TestBoundedMemory: strangers who make names up take a bounded amount of it.
func TestBoundedMemory(t *testing.T) {
	t.Parallel()
	var b budgets
	var k claims
	b.rate = 1
	for i := range 5 * maxBuckets {
		b.take(fmt.Sprint(i), time.Time{})
		k.put(claim{merchant: fmt.Sprint(i)})
	}
	if n := len(b.young) + len(b.old); n > 2*maxBuckets {
		t.Errorf("%d buckets", n)
	}
	if n := len(k.young) + len(k.old); n > 2*maxClaims {
		t.Errorf("%d claims", n)
	}
	if last := (claim{merchant: fmt.Sprint(5*maxBuckets - 1)}); !k.has(last) {
		t.Error("the newest claim is forgotten")
	}
	if k.put(claim{credential: string(make([]byte, maxName+1))}); k.has(claim{credential: string(make([]byte, maxName+1))}) {
		t.Error("a long text is kept")
	}
}

// TestAddresses: what counts as one address.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.7:80":                    "192.0.2.7",
		"[::ffff:192.0.2.7]:80":           "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:80":       "2001:db8:1:2::",
		"[2001:db8:1:2:ffff:4:5:6%en0]:1": "2001:db8:1:2::",
		"pipe":                            "invalid IP",
		"":                                "invalid IP",
	} {
		if got := addressOf(remote).String(); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}

// TestRetryAfter: between one second and eight, spread, and the same in every
// run.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ done, turned, least, most int }{
		{0, 0, longestPause, 2 * longestPause}, // nothing gets done
		{100, 0, 1, 2},
		{100, 10, 1, 2},
		{100, 250, 3, 6},
		{100, 100_000, longestPause, 2 * longestPause},
	} {
		p, q := pace{lastDone: c.done, lastTurned: c.turned}, pace{lastDone: c.done, lastTurned: c.turned}
		seen := map[int]int{}
		for range 1000 {
			n := p.after()
			seen[n]++
			if n < c.least || n > c.most || n != q.after() {
				t.Fatalf("%+v: %d", c, n)
			}
		}
		for n := c.least; n <= c.most; n++ {
			if seen[n] < 1000/(c.most-c.least+1)/2 {
				t.Errorf("%+v: %d was given %d times of 1000", c, n, seen[n])
			}
		}
	}
}

// TestKeptBack: refusals go out at the rate at which requests get done, none later than a second, and who leaves is not waited for.
func TestKeptBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		now := time.Now()
		p := pace{lastDone: 100}
		for i := range 1000 {
			want := min(time.Duration(i)*time.Second/100, longestHold)
			if d := p.hold(now); d > want || d < want-time.Millisecond {
				t.Fatalf("refusal %d is kept back for %v, want %v", i, d, want)
			}
		}
		if d := p.hold(now.Add(3 * time.Second)); d != 0 {
			t.Errorf("three seconds later: %v", d)
		}
		if p.held = mostHeld; p.hold(now) != 0 {
			t.Error("more than may be are kept back")
		}
		g := newGate(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		began := time.Now()
		if g.keepBack(ctx, time.Second); time.Since(began) != time.Millisecond || g.pace.held != 0 {
			t.Errorf("kept for %v after the client left, %d held", time.Since(began), g.pace.held)
		}
	})
}
