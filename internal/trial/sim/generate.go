package sim

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// Generate draws a script from a seed: a cluster, clients that ask for things,
// and faults that come and go meanwhile.
func Generate(seed uint64) []script.Step {
	g := &generator{chance: newChance(seed ^ 0x7363726970740000), orders: 0}
	g.begin(seed)
	for range g.between(25, 45) {
		g.next()
	}
	return g.steps
}

type generator struct {
	chance
	steps  []script.Step
	voters int // of the cluster at its beginning
	size   int // nodes that are in use, n1 to n<size>
	orders int
	asked  map[string]int // requests of an order so far
	topups int
	sent   int // transfers between friends
	payers map[string]int64
	thrown int // red packets
	down   map[string]bool
	ahead  int      // how often a clock was set ahead
	old    []string // nodes whose binary does not know the newest level
	raised bool     // the level is the newest, or is being raised to it

	// actor does something with people's money; nil where there are none: they are there
	// where the level was the newest from the beginning.
	actor   func()
	tills   int
	shown   int
	entered int
	hired   int
	moved   int64
	alone   bool // nobody places orders, which would run out while business time is moved
	blocks  bool // offices block people, who can report nothing then
}

func (g *generator) step(format string, args ...any) {
	g.steps = append(g.steps, script.MustStep(fmt.Sprintf(format, args...)))
}

func (g *generator) begin(seed uint64) {
	g.asked, g.down, g.payers = map[string]int{}, map[string]bool{}, map[string]int64{}
	g.voters = pick(g.chance, []int{3, 3, 3, 3, 3, 3, 3, 5, 5, 1})
	g.size = g.voters
	g.step("nodes %d", g.voters)
	g.step("seed %d", seed)
	g.step("weather %s", pick(g.chance, []string{"calm", "fair", "fair", "fair", "rough", "rough"}))
	g.step("run %dms", g.between(500, 1500))
	if g.voters == 1 {
		for g.size < 3 {
			g.size++
			g.step("add n%d &", g.size)
			g.step("promote n%d &", g.size)
		}
	}
	g.raised = !g.oneIn(6)
	if !g.raised {
		g.oldBinaries()
		return
	}
	kinds := []func(){g.safety, g.friend, g.counter, g.screen, g.screen, g.office, g.office, g.street, g.directory}
	n := g.IntN(len(kinds))
	g.actor, g.alone = kinds[n], n == 0
	g.blocks = g.oneIn(2)
	if g.oneIn(5) {
		g.step("keyring")
		g.actor, g.alone = g.entrant, false
	}
}

// oldBinaries begins a cluster at the level before the newest, some of whose nodes
// run a binary that knows no other.
func (g *generator) oldBinaries() {
	const before = machine.MaxLevel - 1
	g.step("level %d", before)
	for i := range g.size {
		if n := fmt.Sprintf("n%d", i+1); g.oneIn(3) {
			g.step("binary %s %d", n, before)
			g.step("restart %s", n)
			g.old = append(g.old, n)
		}
	}
}

// upgrade raises the level, or gives a node that does not know it the binary that
// does: in any order, as a careless operator would.
func (g *generator) upgrade() {
	if !g.raised && g.oneIn(3) {
		g.raised = true
		g.step("raise %d &", machine.MaxLevel)
	}
	if len(g.old) > 0 && g.oneIn(4) {
		n := g.old[0]
		g.old = g.old[1:]
		g.step("binary %s %d", n, machine.MaxLevel)
		g.step("restart %s", n)
		g.down[n] = false
	}
}

func (g *generator) next() {
	switch r := g.IntN(100); {
	case r < 60:
		for range g.between(1, 3) {
			g.client()
		}
	case r < 85:
		g.fault()
		for range g.IntN(4) { // most of what goes wrong goes wrong right after
			g.step("run %dms", g.between(1, 30))
			g.client()
		}
	default:
		g.repair()
		g.upgrade()
	}
	g.step("run %dms", pick(g.chance, []int64{5, 20, 60, 150, 300, 500, 800, 1200}))
}

func (g *generator) anyNode() string { return fmt.Sprintf("n%d", g.between(1, int64(g.size))) }

// two are two different nodes.
func (g *generator) two() (a, b string) {
	i := g.between(1, int64(g.size))
	j := i%int64(g.size) + 1
	if g.size > 2 && g.oneIn(2) {
		j = j%int64(g.size) + 1
	}
	return fmt.Sprintf("n%d", i), fmt.Sprintf("n%d", j)
}

// maxAsked bounds the requests of one order, for the checker's sake.
const maxAsked = 8

func (g *generator) client() {
	if g.actor != nil && (g.alone || g.oneIn(4)) {
		g.actor()
		return
	}
	name := ""
	if g.orders > 0 {
		name = fmt.Sprintf("O%d", g.between(1, int64(g.orders)))
	}
	if name == "" || g.asked[name] >= maxAsked || g.oneIn(4) {
		g.orders++
		name = fmt.Sprintf("O%d", g.orders)
		g.ask(name, "create %s %d", name, 10*g.between(1, 9))
		return
	}
	switch g.IntN(10) {
	case 0:
		g.ask(name, "close %s", name)
	case 1, 2:
		g.ask(name, "refund %s R%d %d", name, g.between(1, 3), g.between(1, 20))
	case 3, 4, 5:
		g.ask(name, "query %s", name)
	case 6:
		g.topups++
		g.ask(name, "topup U%d T%d %d", g.between(1, people), g.topups, g.between(1, 100))
	default:
		g.ask(name, "pay %s P%d by U%d", name, g.between(1, 2), g.between(1, people))
	}
}

// ask adds a request, through one node or through any.
func (g *generator) ask(order, format string, args ...any) {
	g.asked[order]++
	text := fmt.Sprintf(format, args...)
	if g.oneIn(2) {
		text += " via " + g.anyNode()
	}
	g.step("%s &", text)
}

func (g *generator) fault() {
	n := g.anyNode()
	a, b := g.two()
	switch g.IntN(24) {
	case 0, 1, 2:
		g.crash(n)
	case 20, 21, 22:
		g.disk(n)
	case 23:
		g.overslept(n)
	case 3:
		g.step("crash %s at append", n)
		g.down[n] = true
	case 4:
		for i := range g.size {
			g.crash(fmt.Sprintf("n%d", i+1))
		}
	case 5, 6:
		g.step("pause %s %dms", n, pick(g.chance, []int64{100, 700, 1500, 4000, 9000}))
	case 7, 8:
		if g.size > 1 {
			g.step("cut %s -> %s", a, b)
		}
	case 9, 10:
		g.partition()
	case 11:
		if g.size > 1 {
			g.step("flap %s %s %dms", a, b, pick(g.chance, []int64{50, 300, 1000, 2500}))
		}
	case 12:
		g.step("slow %s %dms", n, pick(g.chance, []int64{10, 50, 200, 1500}))
	case 13:
		g.skew(n)
	case 14, 15:
		g.disk(n)
	case 16:
		g.step("transfer %s &", n)
	case 17:
		g.members(n)
	case 18:
		g.courier(fmt.Sprintf("c%d", g.between(1, maxCouriers)))
	case 19:
		g.step("merchant down")
		g.step("run %dms", g.between(10, 1000))
		g.step("merchant up")
	}
}

// courier does something to one: couriers share what is owed by leases, so one
// that dies is replaced, and one that sleeps sends what another has sent.
func (g *generator) courier(c string) {
	switch g.IntN(5) {
	case 0:
		g.step("courier %s crash", c)
		g.step("run %dms", g.between(10, 1000))
		g.step("courier %s start", c)
	case 1:
		g.step("courier %s pause %dms", c, pick(g.chance, []int64{300, 2000, 8000}))
	case 2:
		g.step("courier %s stop", c)
	default:
		g.step("courier %s start", c)
	}
}

func (g *generator) crash(n string) {
	if !g.down[n] {
		g.down[n] = true
		g.step("crash %s", n)
	}
}

// overslept pauses a node, lets the others go on without it, and asks it
// something just when it wakes up.
func (g *generator) overslept(n string) {
	ms := g.between(1200, 2500)
	g.step("pause %s %dms", n, ms)
	g.step("run %dms", ms-g.between(150, 400))
	for range 3 {
		g.client()
	}
	g.step("run %dms", g.between(50, 200))
	for i := g.orders; i > max(0, g.orders-4); i-- {
		g.step("query O%d via %s &", i, n)
	}
}

func (g *generator) partition() {
	if g.size < 2 {
		return
	}
	left, right := "", ""
	for left == "" || right == "" {
		left, right = "", ""
		for i := range g.size {
			if g.oneIn(2) {
				left += fmt.Sprintf(" n%d", i+1)
			} else {
				right += fmt.Sprintf(" n%d", i+1)
			}
		}
	}
	g.step("partition%s |%s", left, right)
}

func (g *generator) skew(n string) {
	offsets := []int64{700, -700, -5000, -3_600_000}
	if g.ahead < 2 {
		offsets = append(offsets, 5000, 30_000)
	}
	by := pick(g.chance, offsets)
	if by > 0 {
		g.ahead++
	}
	g.step("skew %s %dms", n, by)
}

// disk does something to a folder. What loses one is played only while all
// others are well: the promise is about a minority.
func (g *generator) disk(n string) {
	switch g.IntN(8) {
	case 0:
		g.step("flush %s", n)
		g.step("compact %s", n)
	case 1, 2, 3:
		g.well()
		g.step("save %s", n)
		for range g.between(2, 5) {
			g.client()
			g.step("run %dms", g.between(1, 300))
		}
		g.step("restart %s with old disk", n)
	case 4:
		g.well()
		g.step("restart %s with foreign disk", n)
	case 5:
		g.well()
		g.step("restart %s with lost disk", n)
	default:
		g.step("restart n7 with copy of %s", n)
	}
}

// well ends what is wrong, so that a folder can be lost.
func (g *generator) well() {
	g.repairAll()
	g.step("run 4s")
}

func (g *generator) members(n string) {
	switch {
	case g.size < 5 && g.oneIn(2):
		g.size++
		g.step("add n%d &", g.size)
		g.step("promote n%d &", g.size)
	case g.size > 3 && g.oneIn(2):
		g.step("remove n%d &", g.size)
		g.size--
	default:
		g.well()
		g.step("replace %s &", n)
		g.down[n] = false
	}
}

func (g *generator) repair() {
	if g.oneIn(4) {
		g.repairAll()
		return
	}
	for i := range g.size {
		if n := fmt.Sprintf("n%d", i+1); g.down[n] {
			g.step("restart %s", n)
			g.down[n] = false
			return
		}
	}
	if g.oneIn(2) {
		g.step("heal")
		return
	}
	n := g.anyNode()
	g.step("slow %s 0ms", n)
}

func (g *generator) repairAll() {
	g.step("heal")
	for i := range g.size {
		n := fmt.Sprintf("n%d", i+1)
		if g.down[n] {
			g.step("restart %s", n)
			g.down[n] = false
		}
		g.step("slow %s 0ms", n)
	}
}
