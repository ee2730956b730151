package courier

// ringKind names a queue of merchants that can start something now.
type ringKind int

const (
	ringFresh ringKind = iota // a fresh notice
	ringOld                   // a retry, or old backlog
	ringSlow                  // anything, of destinations that are broken or slow
	rings
)

// ring holds merchants in the order in which they take their turn.
type ring struct {
	kind ringKind
	line []*merchant
	head int
}

func (r *ring) len() int { return len(r.line) - r.head }

// push adds the merchant at the end, unless it waits here already.
func (r *ring) push(m *merchant) {
	if m.queued[r.kind] {
		return
	}
	m.queued[r.kind] = true
	r.line = append(r.line, m)
}

func (r *ring) pop() *merchant {
	m := r.line[r.head]
	r.line[r.head] = nil
	r.head++
	if r.head == len(r.line) {
		r.line, r.head = r.line[:0], 0
	} else if r.head >= 64 && r.head*2 >= len(r.line) {
		n := copy(r.line, r.line[r.head:])
		clear(r.line[n:])
		r.line, r.head = r.line[:n], 0
	}
	m.queued[r.kind] = false
	return m
}

// alarms is a heap of merchants by when they have to be looked at again.
type alarms []*merchant

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].wakeAt < a[j].wakeAt }
func (a alarms) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].wakePos, a[j].wakePos = i, j
}

// Push and Pop implement heap.Interface.
func (a *alarms) Push(x any) {
	m := x.(*merchant)
	m.wakePos = len(*a)
	*a = append(*a, m)
}

func (a *alarms) Pop() any {
	s := *a
	m := s[len(s)-1]
	s[len(s)-1] = nil
	*a = s[:len(s)-1]
	m.wakePos = -1
	return m
}
