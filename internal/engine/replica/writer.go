package replica

import (
	"sync"
	"time"

	"go.etcd.io/raft/v3/raftpb"
)

// write is an append on its way to the disk.
type write struct {
	begun time.Time
	wait  func() error
	took  time.Duration
	err   error
}

// finish waits until the append is on disk.
func (w *write) finish() {
	w.err = w.wait()
	w.took = time.Since(w.begun)
}

// memberLog is the raft log as the member sees it: appends are begun, and waited
// for elsewhere.
type memberLog struct {
	Log
	begun []*write // and not taken yet; of the loop
}

// Append implements member.Storage.
func (l *memberLog) Append(hs *raftpb.HardState, entries []*raftpb.Entry, sync bool) error {
	if !sync {
		return l.Log.Append(hs, entries, false)
	}
	begun := time.Now()
	wait, err := l.Begin(hs, entries)
	if err == nil {
		l.begun = append(l.begun, &write{begun: begun, wait: wait})
	}
	return err
}

// take returns the appends that were begun since it was last called.
func (l *memberLog) take() (begun []*write) {
	begun, l.begun = l.begun, nil
	return begun
}

// written are appends that the writer saw end, for the loop.
type written struct {
	wake chan struct{} // holds a token when there are any
	mu   sync.Mutex
	done []*write
}

func (q *written) put(w *write) {
	q.mu.Lock()
	q.done = append(q.done, w)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *written) take() (done []*write) {
	q.mu.Lock()
	defer q.mu.Unlock()
	done, q.done = q.done, nil
	return done
}

// writer waits for appends, so that the loop hears its peers meanwhile.
func (r *Replica) writer() {
	defer r.done.Done()
	for w := range r.writes {
		w.finish()
		r.written.put(w)
	}
}

// work lets the member do what it has to. Where nobody else has a vote, the loop
// waits for the disk itself: there is nothing to do meanwhile.
func (r *Replica) work() error {
	for {
		if err := r.seq.Work(); err != nil {
			return err
		}
		begun := r.log.take()
		if len(begun) == 0 {
			return nil
		}
		if r.underWay > 0 || !r.Status().Alone {
			r.handOver(begun)
			return nil
		}
		for _, w := range begun {
			w.finish()
		}
		if err := r.wrote(begun); err != nil {
			return err
		}
	}
}

// handOver has the writer wait for appends.
func (r *Replica) handOver(begun []*write) {
	r.underWay += len(begun)
	for _, w := range begun {
		r.writes <- w
	}
}

// endWrites ends the writer, after what is still under way.
func (r *Replica) endWrites() {
	r.handOver(r.log.take())
	close(r.writes)
}

// takeWritten tells the member of the appends that the writer saw end.
func (r *Replica) takeWritten() error {
	done := r.written.take()
	r.underWay -= len(done)
	return r.wrote(done)
}

// wrote tells the member of appends that are on disk.
func (r *Replica) wrote(done []*write) error {
	for _, w := range done {
		if w.err != nil {
			return w.err
		}
		r.timeWrite(w)
		r.seq.Written()
	}
	return nil
}
