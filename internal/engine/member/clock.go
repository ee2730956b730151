package member

import "slices"

const (
	// maxSkew is how far a leader's clock may be from the majority's, milliseconds.
	maxSkew = 2000
	// skewTicks is how long a leader whose clock is off waits for it to be set
	// right before it hands the lead over.
	skewTicks = 40
	// staleTicks is how old a peer's clock reading may be.
	staleTicks = 5 * statusTicks
)

// clockOffset is the majority's clock against this node's, milliseconds: the
// median over the voters heard of lately, this one among them.
func (m *Member) clockOffset() int64 {
	offsets := []int64{0}
	for _, id := range m.conf.Voters {
		p := m.peers[id]
		if id != m.self && p != nil && p.status != nil && m.ticks-p.seen <= staleTicks && p.measured >= m.jumped {
			offsets = append(offsets, p.offset)
		}
	}
	slices.Sort(offsets)
	// Of an even number the one nearer to this node's own: with two voters nobody
	// knows whose clock is right.
	lo, hi := offsets[(len(offsets)-1)/2], offsets[len(offsets)/2]
	if max(lo, -lo) < max(hi, -hi) {
		return lo
	}
	return hi
}

// maxStep is how much a clock may go on between two ticks, milliseconds. More, or
// backwards, and it was set, or the process slept.
const maxStep = 1000

// watchWall notices a clock that was set: what was known of the others' clocks is
// against the old time. They are asked at once, and until a majority has answered
// this clock is not trusted: a leader would stamp a second's worth of commands
// with a time that is an hour off, and business time never goes back.
func (m *Member) watchWall(wall int64) (jumped bool) {
	moved := wall - m.wall
	if m.wall == 0 || -maxStep/4 <= moved && moved <= maxStep {
		return false
	}
	m.jumped = m.ticks + 1
	return true
}

// Wall is the clock of the last Tick, the one that is judged. The driver stamps
// what it proposes with it.
func (m *Member) Wall() int64 { return m.wall }

func (m *Member) clockTrusted() bool {
	known := func(id uint64) bool { p := m.peers[id]; return id == m.self || p != nil && p.measured >= m.jumped }
	if m.jumped != 0 && !m.majority(known) {
		return false
	}
	o := m.clockOffset()
	return -maxSkew <= o && o <= maxSkew
}

// watchClock hands the lead to another member when this one's clock stays off.
func (m *Member) watchClock() {
	if m.term == 0 || m.clockTrusted() {
		m.clockOff = 0
		return
	}
	m.clockOff++
	if m.clockOff%skewTicks == 0 {
		m.opt.Logger.Error("this node's clock is not the majority's: it takes no writes and hands over the lead; set its clock right", "off_ms", -m.clockOffset())
		m.Transfer(0)
	}
}
