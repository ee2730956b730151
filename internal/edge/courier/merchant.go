package courier

// maxAddresses is how many addresses of a merchant are destinations of their own; more share
// one. Merchants have one or two, but some write an order's number into each
// notify_url, and what is known of those must stay small.
const maxAddresses = 8

// merchant is what the courier knows of one merchant: a destination for each of its
// addresses, so that one that hangs holds up no other. It takes its turn among
// the merchants as one, however many addresses it has.
type merchant struct {
	mchid string
	// most is how many of its notices may be in the air to addresses that answer
	// in time, and how many to those that are slow or broken.
	most int
	// addresses has at most maxAddresses; rest is for all others, nil without.
	addresses []*destination
	rest      *destination
	// turn is the place of the destination that is asked first.
	turn int
	// 0 <= quickOld <= quick <= most, 0 <= slow <= 3*most + maxAddresses: its flights,
	// as the scheduler counts them. Those that turn out slow in the air add to the slow.
	quick, quickOld, slow int

	queued  [rings]bool
	wakeAt  int64
	wakePos int // in the scheduler's alarm heap; -1 when no alarm is set
}

func newMerchant(mchid string, most int) *merchant {
	return &merchant{mchid: mchid, most: most, wakePos: -1}
}

func (m *merchant) newDestination(address uint32) *destination {
	return &destination{merchant: m, address: address, window: m.most}
}

// destination finds or makes that of an address. It returns one that was given up
// for it, nil mostly: where there is no room, one that nothing flies or waits in
// goes, broken or not.
func (m *merchant) destination(address uint32) (to, gone *destination) {
	for _, to := range m.addresses {
		if to.address == address {
			return to, nil
		}
	}
	if len(m.addresses) < maxAddresses {
		to = m.newDestination(address)
		m.addresses = append(m.addresses, to)
		return to, nil
	}
	for i, old := range m.addresses {
		if old.unused() {
			m.addresses[i] = m.newDestination(address)
			return m.addresses[i], old
		}
	}
	if m.rest == nil {
		m.rest = m.newDestination(0)
	}
	return m.rest, nil
}

// destinations lists all destinations, those of addresses first.
func (m *merchant) destinations(visit func(*destination)) {
	for _, to := range m.addresses {
		visit(to)
	}
	if m.rest != nil {
		visit(m.rest)
	}
}

// drop forgets destinations about which nothing is worth keeping.
func (m *merchant) drop() (dropped int) {
	kept := m.addresses[:0]
	for _, to := range m.addresses {
		if !to.idle() {
			kept = append(kept, to)
		}
	}
	dropped = len(m.addresses) - len(kept)
	clear(m.addresses[len(kept):])
	m.addresses = kept
	if m.rest != nil && m.rest.idle() {
		m.rest = nil
		dropped++
	}
	return dropped
}

// size is how many destinations there are.
func (m *merchant) size() int {
	if m.rest != nil {
		return len(m.addresses) + 1
	}
	return len(m.addresses)
}

// several says whether destinations share the merchant's room.
func (m *merchant) several() bool { return m.size() > 1 }

// hasRoom says whether one more may fly in the destination as far as the merchant's other
// destinations go: they share its room, and none takes all of it.
func (m *merchant) hasRoom(to *destination) bool {
	switch {
	case to.slow():
		return m.slow < m.most
	case m.quick >= m.most:
		return false
	case m.slow >= 2*m.most: // many hang that nobody knew to hang: one each is enough to learn it
		return to.flying == 0
	}
	return !m.several() || to.flying < max(1, m.most-1)
}

func (m *merchant) hasRoomForOld(to *destination) bool {
	return to.slow() || m.quickOld < max(1, m.most-1)
}

// ready returns which rings the merchant belongs into now and when it has to be
// looked at again; 0 when no time will change anything.
func (m *merchant) ready(now int64) (in [rings]bool, again int64) {
	m.destinations(func(to *destination) {
		its, at := to.ready(now)
		for kind := range in {
			in[kind] = in[kind] || its[kind]
		}
		if at != 0 && (again == 0 || at < again) {
			again = at
		}
	})
	return in, again
}

// take picks the next hint for a ring, from each destination that has one in turn; false
// when there is none that may be taken now.
func (m *merchant) take(r ringKind, now int64) (to *destination, h hint, fresh, ok bool) {
	all := m.addresses
	if m.rest != nil {
		all = append(all[:len(all):len(all)], m.rest)
	}
	for i := range all {
		at := (m.turn + i) % len(all)
		if in, _ := all[at].ready(now); !in[r] {
			continue
		}
		if h, fresh, ok = all[at].take(r, now); ok {
			m.turn = at + 1
			return all[at], h, fresh, true
		}
	}
	return nil, hint{}, false, false
}
