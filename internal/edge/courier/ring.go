package courier

// ringKind names a queue of lanes that can start something now.
type ringKind int

const (
	ringFresh ringKind = iota // a fresh notice
	ringOld                   // a retry, or old backlog
	ringSlow                  // anything, of a lane that is broken or slow
	rings
)

// ring holds lanes in the order in which they take their turn.
type ring struct {
	kind  ringKind
	lanes []*lane
	head  int
}

func (r *ring) len() int { return len(r.lanes) - r.head }

// push adds the lane at the end, unless it waits here already.
func (r *ring) push(l *lane) {
	if l.queued[r.kind] {
		return
	}
	l.queued[r.kind] = true
	r.lanes = append(r.lanes, l)
}

func (r *ring) pop() *lane {
	l := r.lanes[r.head]
	r.lanes[r.head] = nil
	r.head++
	if r.head == len(r.lanes) {
		r.lanes, r.head = r.lanes[:0], 0
	} else if r.head >= 64 && r.head*2 >= len(r.lanes) {
		n := copy(r.lanes, r.lanes[r.head:])
		clear(r.lanes[n:])
		r.lanes, r.head = r.lanes[:n], 0
	}
	l.queued[r.kind] = false
	return l
}

// alarms is a heap of lanes by when they have to be looked at again.
type alarms []*lane

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].wakeAt < a[j].wakeAt }
func (a alarms) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].wakePos, a[j].wakePos = i, j
}

// Push and Pop implement heap.Interface.
func (a *alarms) Push(x any) {
	l := x.(*lane)
	l.wakePos = len(*a)
	*a = append(*a, l)
}

func (a *alarms) Pop() any {
	s := *a
	l := s[len(s)-1]
	s[len(s)-1] = nil
	*a = s[:len(s)-1]
	l.wakePos = -1
	return l
}
