package sim

// merchant is who is told of payments and refunds.
type merchant struct {
	down bool
	got  map[uint64]int // by notice: how often
}

// receive takes a notice and says whether it was answered as documented.
func (m *merchant) receive(id uint64) bool {
	if m.down {
		return false
	}
	if m.got == nil {
		m.got = make(map[uint64]int)
	}
	m.got[id]++
	return true
}
