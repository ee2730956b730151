package sim

// weather is how links behave when nothing else is wrong with them.
type weather struct {
	// drop and double are percentages of messages.
	drop, double float64
	// least and most bound the delay, milliseconds; late is the percentage of
	// messages that take up to 300 ms longer.
	least, most int64
	late        float64
}

var weathers = map[string]weather{
	"calm":  {least: 1, most: 2},
	"fair":  {drop: 0.3, double: 0.3, least: 1, most: 6, late: 0.3},
	"rough": {drop: 4, double: 3, least: 1, most: 40, late: 3},
}

// place is where messages come from and go to: a node's number from 1, or
// outside, where clients, couriers and the operator are.
type place int

const outside place = 0

type link struct{ from, to place }

// network decides what becomes of messages.
type network struct {
	weather  weather
	cut      map[link]bool
	flaps    int // counts heals: a flapping that was planned before is over
	flapping bool
}

func newNetwork() network {
	return network{weather: weathers["fair"], cut: make(map[link]bool)}
}

// send hands over f after a while, or never, or twice when it may be doubled.
func (w *World) send(from, to place, mayDouble bool, f func()) {
	c, n := w.chance, &w.net
	if n.cut[link{from, to}] || c.percent(n.weather.drop) {
		return
	}
	times := 1
	if mayDouble && c.percent(n.weather.double) {
		times = 2
	}
	for range times {
		delay := c.between(n.weather.least, n.weather.most)
		if c.percent(n.weather.late) {
			delay += c.Int64N(300)
		}
		// A link that is cut while a message is on it loses it.
		w.after(delay, func() {
			if !n.cut[link{from, to}] {
				f()
			}
		})
	}
}

func (w *World) cutLink(from, to place)  { w.net.cut[link{from, to}] = true }
func (w *World) mendLink(from, to place) { delete(w.net.cut, link{from, to}) }
func (w *World) anyCut() bool            { return len(w.net.cut) > 0 || w.net.flapping }

// heal mends all links.
func (w *World) heal() {
	clear(w.net.cut)
	w.net.flaps++
	w.net.flapping = false
}

// flap cuts and mends a link in both directions, for half of the period each,
// until the network is healed.
func (w *World) flap(a, b place, period int64) {
	run := w.net.flaps
	w.net.flapping = true
	down := false
	w.every(max(period/2, 1), func() bool {
		if w.net.flaps != run {
			return false
		}
		if down = !down; down {
			w.cutLink(a, b)
			w.cutLink(b, a)
		} else {
			w.mendLink(a, b)
			w.mendLink(b, a)
		}
		return true
	})
}
