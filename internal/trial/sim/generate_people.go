package sim

import "fmt"

// What random scripts have people do, in one run one kind of it.

// friend does something with friends' money.
func (g *generator) friend() {
	a, b := g.between(1, friends), g.between(1, friends-1)
	if b >= a {
		b++
	}
	x, k := fmt.Sprintf("X%d", g.between(1, int64(g.sent)+1)), fmt.Sprintf("K%d", g.between(1, int64(g.thrown)+1))
	switch g.IntN(8) {
	case 0:
		if g.oneIn(4) && g.asked[x] > 0 && g.asked[x] < maxAsked { // the same name, other content
			a = g.payers[x]
			g.ask(x, "send F%d F%d %s %d", a, a%friends+1, x, g.between(1, 90))
			return
		}
		g.send(a, b, "")
	case 1, 2:
		g.send(a, b, " waits")
	case 3:
		if g.asked[x] > 0 && g.asked[x] < maxAsked {
			g.ask(x, "answer %s %s", x, pick(g.chance, []string{"accept", "accept", "decline"}))
		}
	case 4:
		g.thrown++
		g.ask(fmt.Sprint("K", g.thrown), "throw F%d K%d %d %d%s", a, g.thrown, g.between(1, 3), 10*g.between(1, 9), pick(g.chance, []string{"", " lucky", " lucky"}))
	default:
		if g.asked[k] > 0 && g.asked[k] < maxAsked {
			g.ask(k, "grab F%d %s", a, k)
		}
	}
}

// counter does something at a till.
func (g *generator) counter() {
	if g.tills == 0 || g.asked[fmt.Sprint("D", g.tills)] >= maxAtTill {
		g.tills++
		d := fmt.Sprint("D", g.tills)
		g.ask(d, "till %s", d)
		g.ask(d, "open %s 1 %d by S1", d, g.between(20, 90))
		return
	}
	d, s := fmt.Sprint("D", g.tills), g.between(1, 2)
	f, c, p := g.between(1, friends), g.between(1, 4), g.between(1, 2)
	switch g.IntN(16) {
	case 0:
		g.ask(d, "cap %s %d", d, g.between(20, 90))
	case 1:
		g.ask(d, "shut %s", d)
	case 2:
		g.ask(d, "open %s %d %d by S%d", d, g.between(1, 2), g.between(20, 90), g.between(1, crew))
	case 3, 4:
		g.ask(d, "count %s %d %d", d, g.between(1, 2), g.between(1, 150))
	case 5, 6, 7:
		g.ask(d, "take %s C%d %d F%d by S%d", d, c, g.between(1, 60), f, s)
	case 8, 9, 10:
		g.ask(d, "hand %s C%d %d F%d", d, c+4, g.between(1, 60), f)
	case 11, 12:
		g.ask(d, "undo %s C%d by S%d", d, g.between(1, deskCash), s)
	default:
		g.ask(d, "scan %s P%d %d F%d", d, p, 10*g.between(1, 9), f)
	}
}

// screen does something with codes that friends show.
func (g *generator) screen() {
	v := fmt.Sprint("V", g.shown)
	if g.shown == 0 || g.asked[v] >= maxAsked || g.shown < maxShown && g.oneIn(4) {
		g.shown++
		g.chargeTwice(fmt.Sprint("V", g.shown))
		return
	}
	switch g.IntN(16) {
	case 12, 13, 14, 15:
		g.pocket(v)
	case 0, 1:
		g.ask(v, "charge %s P%d %d", v, g.between(1, 2), g.between(1, 3))
	case 2, 3, 4:
		g.ask(v, "reply %s P%d %s", v, g.between(1, 2), pick(g.chance, []string{"pay", "pay", "refuse"}))
	case 5, 6, 7:
		shop := g.between(0, 1)
		for range g.between(1, 6) {
			g.ask("", "guess %d", shop)
		}
	case 8:
		g.ask("", "renew F%d", g.between(1, friends))
	case 9, 10:
		f := g.between(1, friends)
		if n := fmt.Sprint("receive F", f); g.asked[n] < maxAsked {
			g.ask(n, "receive F%d Q%d", f, g.between(1, 3))
		}
	default:
		switch g.IntN(6) {
		case 0:
			g.step("run 70s") // the code runs out
			g.ask(v, "charge %s P3 5", v)
		case 1: // read by a node whose clock is far behind
			n := g.anyNode()
			g.step("skew %s -1h", n)
			g.asked[v]++
			g.step("charge %s P3 5 via %s &", v, n)
		}
	}
}

// pocket does something with a code that is shown for cash.
func (g *generator) pocket(v string) {
	c := fmt.Sprint("C", g.between(1, 2))
	switch g.IntN(5) {
	case 0:
		g.ask(v, "pocket %s %s %d in", v, c, g.between(1, 90))
	case 1:
		g.ask(v, "confirm %s %s %s", v, c, pick(g.chance, []string{"pay", "refuse"}))
	case 2:
		g.ask(v, "call-off %s %s", v, c)
	default:
		g.shown++
		v = fmt.Sprint("V", g.shown)
		g.ask(v, "pocket %s C1 %d %s", v, pick(g.chance, []int64{g.between(1, 90), 30_000}), pick(g.chance, []string{"in", "out", "out"}))
		switch {
		case g.oneIn(3):
			g.ask(v, "pocket %s C%d 5 in", v, g.between(1, 2))
		case g.oneIn(2):
			g.ask(v, "charge %s P1 5", v)
		}
		if g.oneIn(2) {
			g.ask(v, "confirm %s C1 %s", v, pick(g.chance, []string{"pay", "pay", "refuse"}))
			g.step("run %dms", g.between(50, 1500))
			g.ask(v, "confirm %s C1 %s", v, pick(g.chance, []string{"pay", "refuse"}))
		}
	}
}

// directory does something with phone numbers: one is looked up more often than others.
func (g *generator) directory() {
	if g.asked[allNumbers] >= maxNumbers {
		return
	}
	f, n := g.between(1, friends), g.between(1, friends+2)
	switch g.IntN(8) {
	case 0:
		g.ask(allNumbers, "hide F%d %s", f, pick(g.chance, []string{"on", "on", "off"}))
	case 1, 2:
		g.ask(allNumbers, "rephone F%d %d", f, n)
	case 3:
		for range 3 {
			g.ask(allNumbers, "find F%d %d", friends, g.between(friends+3, firstFound-1))
		}
	default:
		g.ask(allNumbers, "find F%d %d", f, n)
	}
}

// maxNumbers bounds the requests about phone numbers, for the checker's sake.
const maxNumbers = 12

// safety has PINs guessed, F2's forgotten too, and days pass.
func (g *generator) safety() {
	f, name := g.between(1, 2), "PIN of F2"
	switch g.IntN(8) {
	case 0, 1, 2:
		for range g.between(1, 6) {
			g.ask("", "guess-pin F%d", f)
		}
	case 3, 4:
		if g.asked[name] < maxAsked {
			g.ask(name, "%s F2", pick(g.chance, []string{"forget-pin", "new-pin"}))
		}
	case 5:
		g.ask("", "seen F%d", f)
	default:
		if g.moved < maxMoved {
			by := pick(g.chance, []int64{11, 61, 361, 1450, longestMove})
			g.moved += by
			g.ask("", "advance %d", by)
			g.step("run 500ms")
		}
		g.ask("", pick(g.chance, []string{"guess-pin F%d", "seen F%d"}), f)
		if g.asked[name] > 0 && g.asked[name] < maxAsked {
			g.ask(name, "new-pin F2")
		}
	}
}

// maxMoved is how far business time is moved in a run, minutes: before orders close by
// themselves.
const maxMoved = 6 * 1440

// office does something with staff, blocks or reports.
func (g *generator) office() {
	switch r := g.IntN(5); {
	case r < 2:
		g.staff()
	case g.blocks:
		g.block()
	case r < 3:
		g.passkey()
	default:
		g.report()
	}
}

func (g *generator) staff() {
	w := fmt.Sprint("W", g.hired)
	if g.hired == 0 || g.asked[w] >= maxAtTill {
		g.hired++
		w = fmt.Sprint("W", g.hired)
		g.ask(w, "hire %s 1", w)
		g.ask(w, "token %s 1", w)
		g.ask(w, "enter-office %s 1 with 1", w)
		return
	}
	switch g.IntN(20) {
	case 16, 17:
		g.ask(w, "office-key %s %d with %d", w, g.between(1, 2), g.between(1, 2))
	case 18:
		g.ask(w, "key-office %s %d with %d", w, g.between(1, 2), g.between(1, 2))
	case 19:
		g.ask(w, "key-office %s %d with %d", w, g.between(1, 2), g.between(1, 2))
		if g.oneIn(2) {
			g.ask(w, "end-office-key %s %d", w, g.between(1, 2))
		}
	case 0:
		g.ask(w, "hire %s %d", w, g.between(1, 2))
	case 1:
		g.ask(w, "reassign %s %d", w, g.between(1, 2))
	case 2:
		g.ask(w, "dismiss %s", w)
	case 3, 4:
		g.ask(w, "token %s %d", w, g.between(1, 2))
	case 5:
		g.ask(w, "leave-office %s", w)
	case 6, 7, 8, 9:
		g.ask(w, "enter-office %s %d with %d", w, g.between(1, 2), g.between(1, 2))
	default:
		g.ask(w, "work %s %d", w, g.between(1, 2))
	}
}

func (g *generator) passkey() {
	f, n := g.between(1, friends), g.between(1, 2)
	name := fmt.Sprint("passkeys F", f)
	switch r := g.IntN(8); {
	case g.asked[name] >= maxAtTill:
	case g.asked[name] == 0, r == 0:
		g.ask(name, "passkey F%d %d", f, n)
	case r == 1:
		g.ask(name, "end-passkey F%d %d", f, n)
	default:
		g.ask(name, "sign F%d %d", f, n)
		if r > 5 {
			g.ask(name, "sign F%d %d", f, n)
		}
	}
}

func (g *generator) block() {
	f := g.between(1, friends)
	name := fmt.Sprint("standing F", f)
	if g.asked[name] >= maxAtTill {
		return
	}
	switch g.IntN(8) {
	case 0, 1, 2:
		g.ask(name, "block F%d", f)
		g.ask(name, "appeal F%d A%d", f, g.between(1, 3))
	case 3:
		g.ask(name, "unblock F%d", f)
	case 4, 5:
		g.ask(name, "appeal F%d A%d", f, g.between(1, 3))
	default:
		g.ask(name, "decide F%d %d %s", f, g.between(1, 2), pick(g.chance, []string{"grant", "uphold"}))
	}
}

func (g *generator) report() {
	a := g.between(1, friends)
	if g.sent == 0 || g.oneIn(4) {
		g.send(a, a%friends+1, "")
		return
	}
	x, z := fmt.Sprint("X", g.between(1, int64(g.sent))), fmt.Sprint("Z", g.between(1, 2))
	payer := g.payers[x]
	name := fmt.Sprintf("%s of F%d", z, payer)
	if g.asked[name] >= maxAsked {
		return
	}
	switch g.IntN(4) {
	case 0, 1:
		g.ask(name, "report %s %s", z, x)
	case 2:
		if g.asked[name] > 0 {
			g.ask(name, "reply-report F%d %s %d", payer, z, g.between(1, 2))
		}
	default:
		if g.asked[name] > 0 {
			g.ask(name, "close-report F%d %s", payer, z)
			g.step("run %dms", g.between(100, 900))
			g.ask(name, "reply-report F%d %s 3", payer, z)
		}
	}
}

// entrant does something with people whose details are sealed.
func (g *generator) entrant() {
	e := fmt.Sprint("E", g.between(max(1, int64(g.entered)-2), int64(g.entered)+1))
	switch g.IntN(12) {
	case 0, 1, 2, 8, 9, 10:
		g.entered++
		g.ask(fmt.Sprint("E", g.entered), "enter E%d", g.entered)
	case 3, 4, 11:
		if g.asked[e] > 0 && g.asked[e] < maxAsked {
			g.ask(e, "erase %s", e)
		}
	case 5:
		if g.asked[e] > 0 && g.asked[e] < maxAsked {
			g.ask(e, "enter %s", e)
		}
	case 6:
		g.losesKeys()
	default:
		g.crash(g.anyNode())
	}
}

// losesKeys has a node lose its disk right after somebody entered there.
func (g *generator) losesKeys() {
	n := g.anyNode()
	g.well()
	g.step("save %s", n)
	g.entered++
	e := fmt.Sprint("E", g.entered)
	g.asked[e]++
	g.step("enter %s via %s &", e, n)
	g.step("run %dms", g.between(1, 60))
	g.step("restart %s with %s disk", n, pick(g.chance, []string{"lost", "lost", "old"}))
}

// street does something with a friend's shops: with one friend's after the other's.
func (g *generator) street() {
	f := int64(1)
	for f < friends && g.asked[street(people+uint64(f))] >= maxInStreet {
		f++
	}
	name, h := street(people+uint64(f)), int64(1)
	switch {
	case g.asked[name] >= maxInStreet:
		return
	case g.asked[name] == 0:
		g.ask(name, "apply F%d H1 1", f)
		if !g.oneIn(3) {
			g.ask(name, "approve F%d H1", f)
			g.ask(name, "visit F%d H1 P1 %d F%d", f, g.between(20, 90), f%friends+1)
		}
		return
	case g.oneIn(4):
		h = 2
	}
	switch g.IntN(16) {
	case 0, 1, 2:
		g.ask(name, "apply F%d H%d %d", f, h, g.between(1, 2))
	case 3, 4:
		g.ask(name, "approve F%d H%d", f, h)
	case 5, 6:
		g.ask(name, "turn-down F%d H%d %d", f, h, g.between(1, 2))
	case 7, 8, 9, 10:
		g.ask(name, "visit F%d H%d P%d %d F%d", f, h, g.between(1, 2), 10*g.between(1, 9), g.between(1, friends))
	default:
		who := ""
		if g.oneIn(5) {
			who = fmt.Sprint(" by F", g.between(1, friends))
		}
		g.ask(name, "collect F%d H%d Y%d %d%s", f, h, g.between(1, 2), 10*g.between(1, 5), who)
	}
}

// maxInStreet bounds the requests about a friend's shops, for the checker's sake.
const maxInStreet = 14

// maxShown is how many codes are shown in a run.
const maxShown = 40

// chargeTwice has a code read for two payments at once.
func (g *generator) chargeTwice(v string) {
	amount := pick(g.chance, []int64{g.between(1, 90), 30_000})
	g.ask(v, "charge %s P1 %d", v, amount)
	if g.oneIn(2) {
		g.ask(v, "charge %s P%d %d", v, g.between(1, 2), amount)
	}
}

// maxAtTill bounds the requests at one till, for the checker's sake.
const maxAtTill = 12

func (g *generator) send(from, to int64, waits string) {
	g.sent++
	x := fmt.Sprint("X", g.sent)
	g.payers[x] = from
	g.ask(x, "send F%d F%d %s %d%s", from, to, x, g.between(1, 90), waits)
}
