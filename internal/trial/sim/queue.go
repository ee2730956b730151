package sim

import (
	"container/heap"
)

// event is something that happens at a time; of two at one time the one that was
// planned first comes first.
type event struct {
	at  int64
	seq uint64
	do  func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*e = old[:len(old)-1]
	return last
}

// after plans something for ms milliseconds from now.
func (w *World) after(ms int64, do func()) {
	w.planned++
	heap.Push(&w.queue, event{w.now + max(ms, 0), w.planned, do})
}

// every plans something again and again until it returns false.
func (w *World) every(ms int64, do func() bool) {
	w.after(ms, func() {
		if do() {
			w.every(ms, do)
		}
	})
}

// advance lets time pass until the given time, or until something went wrong.
func (w *World) advance(until int64) {
	for len(w.queue) > 0 && w.queue[0].at <= until && w.failure == nil {
		w.next()
	}
	if w.failure == nil {
		w.now = max(w.now, until)
	}
}

// until lets time pass until done returns true, at most for ms; it returns
// whether it did.
func (w *World) until(ms int64, done func() bool) bool {
	end := w.now + ms
	for !done() {
		if len(w.queue) == 0 || w.queue[0].at > end || w.failure != nil {
			return false
		}
		w.next()
	}
	return true
}

// maxEvents is how much may happen in a second; far more than a healthy cluster
// does even when all its links flap.
const maxEvents = 20_000

// next lets the next event happen.
func (w *World) next() {
	e := heap.Pop(&w.queue).(event)
	if e.at/1000 != w.now/1000 {
		w.happened = 0
	}
	if w.happened++; w.happened > maxEvents {
		w.fail("storm", "more than %d events in one second", maxEvents)
	}
	w.now = e.at
	e.do()
}
