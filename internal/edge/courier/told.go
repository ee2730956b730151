package courier

// told remembers attempts that the node has accepted until the stream has
// caught up with them: a row that the stream read before is stale.
type told struct {
	by    map[uint64]told1
	order []uint64
}

type told1 struct {
	number  uint32
	applied uint64
}

func newTold() told { return told{by: map[uint64]told1{}} }

func (t *told) add(id uint64, number uint32, applied uint64) {
	if _, ok := t.by[id]; !ok {
		t.order = append(t.order, id)
	}
	t.by[id] = told1{number, applied}
}

// stale says whether a row with so many attempts is older than what was accepted.
func (t *told) stale(id uint64, attempts uint32) bool {
	x, ok := t.by[id]
	return ok && attempts < x.number
}

// upTo forgets what a batch that reflects applied is sure to reflect.
func (t *told) upTo(applied uint64) {
	for len(t.order) > 0 {
		x := t.by[t.order[0]]
		if x.applied > applied {
			return
		}
		delete(t.by, t.order[0])
		t.order = t.order[1:]
	}
}
