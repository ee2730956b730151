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
		if id != m.self && p != nil && p.status != nil && m.ticks-p.seen <= staleTicks {
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

func (m *Member) clockTrusted() bool {
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
