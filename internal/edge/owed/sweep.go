package owed

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// pass is a sweep under way: some rows each second.
type pass struct {
	running bool
	next    uint64 // where it goes on
	last    uint64 // the cursor when it began
	applied uint64 // what it reflects at least
	oldest  int64  // the least since of the rows seen
}

// sweepShare bounds what sweeps cost: after one that took t they rest for
// sweepShare times t. Rows that were done leave tombstones in the store that a
// sweep steps over, more of them the busier the node is.
const sweepShare = 100

// sweep compares the next rows at and below the cursor with what was told,
// tells those that differ, and is the stream's heartbeat.
func (st *stream[R, M]) sweep(ctx context.Context) error {
	news := st.news()
	start := time.Now()
	if !st.pass.running && news.Applied != st.applied && start.After(st.rested) {
		st.pass = pass{running: true, last: st.cursor, applied: news.Applied}
		st.known.begin()
	}
	if !st.pass.running || !start.After(st.rested) {
		return st.say(nil, news)
	}
	var said M
	err := st.s.core.ReadLocal(ctx, func(r table.Reader) (err error) {
		news.Rows = st.compare(r)
		news.Oldest = st.oldest
		said, err = st.s.kind.Message(r, news)
		return err
	})
	if err != nil {
		return err
	}
	st.rested = start.Add(sweepShare * time.Since(start))
	return st.send(said)
}

// compare reads the next rows of the pass and returns those of the worker's that
// have changed.
func (st *stream[R, M]) compare(r table.Reader) (changed []R) {
	p, kind := &st.pass, &st.s.kind
	rows := 0
	r.Scan(kind.key(p.next), kind.key(p.last+1), func(key, value []byte) bool {
		now := st.known.read(key, value)
		was, same := st.known.meet(now.number, now.sum)
		if !same {
			row := kind.Decode(key, value)
			if was.since = 0; st.scope.mine(kind.Owner(row)) {
				was.since = kind.Since(row)
				changed = append(changed, row)
			}
		}
		st.known.keep(was)
		if was.since != 0 && (p.oldest == 0 || was.since < p.oldest) {
			p.oldest = was.since
		}
		p.next = was.number + 1
		rows++
		return rows < kind.SweepRows
	})
	if rows < kind.SweepRows {
		st.known.end(p.last)
		p.running = false
		st.oldest, st.applied = p.oldest, p.applied
	}
	return changed
}
