package courier

// hint says that a notice is owed and when it is due. It may be stale or
// doubled; Fetch tells the truth.
type hint struct {
	// at is when the notice is due (old) or was owed (fresh), business Unix milliseconds.
	at int64
	id uint64
}

func (h hint) before(o hint) bool { return h.at < o.at || h.at == o.at && h.id < o.id }

// fifo is a queue of hints in the order they came.
type fifo struct {
	items []hint
	head  int
}

func (q *fifo) len() int { return len(q.items) - q.head }

func (q *fifo) push(h hint) { q.items = append(q.items, h) }

func (q *fifo) peek() hint { return q.items[q.head] }

// pop takes the first. The space before it is given back once it is the larger part.
func (q *fifo) pop() hint {
	h := q.items[q.head]
	q.head++
	switch {
	case q.head == len(q.items):
		q.items, q.head = q.items[:0], 0
	case q.head >= 64 && q.head*2 >= len(q.items):
		q.items = append(q.items[:0], q.items[q.head:]...)
		q.head = 0
	}
	return h
}

// byTime is a binary heap of hints, earliest first: 16 bytes a notice and
// nothing else, because a dead merchant may have a million.
type byTime []hint

func (q *byTime) push(h hint) {
	*q = append(*q, h)
	s := *q
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if !s[i].before(s[parent]) {
			return
		}
		s[i], s[parent] = s[parent], s[i]
		i = parent
	}
}

func (q *byTime) pop() hint {
	s := *q
	first, last := s[0], len(s)-1
	s[0] = s[last]
	s = s[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(s) {
			break
		}
		if child+1 < len(s) && s[child+1].before(s[child]) {
			child++
		}
		if !s[child].before(s[i]) {
			break
		}
		s[i], s[child] = s[child], s[i]
		i = child
	}
	if cap(s) > 1024 && len(s) < cap(s)/4 {
		s = append(make(byTime, 0, cap(s)/2), s...) // a drained backlog gives its memory back
	}
	*q = s
	return first
}
