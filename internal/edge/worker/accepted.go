package worker

// Accepted remembers what of the worker's reports the platform has accepted until
// the stream has caught up with it: a row that the stream read before is stale.
// The zero value remembers nothing.
type Accepted struct {
	by    map[uint64]acceptance
	order []uint64
}

// acceptance is how many reports of a row were accepted, and at which index.
type acceptance struct {
	count   uint32
	applied uint64
}

// Add notes that a row has count reports as of an index.
func (t *Accepted) Add(number uint64, count uint32, applied uint64) {
	if t.by == nil {
		t.by = map[uint64]acceptance{}
	}
	if _, ok := t.by[number]; !ok {
		t.order = append(t.order, number)
	}
	t.by[number] = acceptance{count, applied}
}

// Stale says whether a row with so many reports is older than what was accepted.
func (t *Accepted) Stale(number uint64, count uint32) bool {
	x, ok := t.by[number]
	return ok && count < x.count
}

// UpTo forgets what a message that reflects applied is sure to reflect.
func (t *Accepted) UpTo(applied uint64) {
	for len(t.order) > 0 {
		x := t.by[t.order[0]]
		if x.applied > applied {
			return
		}
		delete(t.by, t.order[0])
		t.order = t.order[1:]
	}
}

// Len is how many rows are remembered.
func (t *Accepted) Len() int { return len(t.by) }
