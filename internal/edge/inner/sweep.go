package inner

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
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
// sweepShare times t. Delivered notices leave tombstones in the store that a
// sweep steps over, more of them the busier the node is.
const sweepShare = 100

// sweep compares the next rows at and below the cursor with what was told,
// tells those that differ, and is the stream's heartbeat.
func (st *stream) sweep(ctx context.Context) error {
	b := st.blank()
	start := time.Now()
	if !st.pass.running && b.Applied != st.applied && start.After(st.rested) {
		st.pass = pass{running: true, last: st.cursor, applied: b.Applied}
		st.told.begin()
	}
	if st.pass.running && start.After(st.rested) {
		if err := st.s.core.ReadLocal(ctx, func(r table.Reader) error { st.compare(r, b); return nil }); err != nil {
			return err
		}
		st.rested = start.Add(sweepShare * time.Since(start))
	}
	b.Oldest = st.oldest
	return st.send(b)
}

func (st *stream) compare(r table.Reader, b *pb.OwedBatch) {
	p := &st.pass
	rows := 0
	r.Scan(owedKey(p.next), owedKey(p.last+1), func(key, value []byte) bool {
		f := table.F(key)
		row, same := st.told.meet(f.U64(), st.told.sum(value))
		if !same {
			n := owedTable.Decode(key, value)
			if row.since = 0; st.claim.mine(n.Mchid) {
				row.since = since(n)
				b.Waiting = append(b.Waiting, n.Head())
			}
		}
		st.told.keep(row)
		if row.since != 0 && (p.oldest == 0 || row.since < p.oldest) {
			p.oldest = row.since
		}
		p.next = row.id + 1
		rows++
		return rows < st.s.sweepRows
	})
	if rows < st.s.sweepRows {
		st.told.end(p.last)
		p.running = false
		st.oldest, st.applied = p.oldest, p.applied
	}
}

// since is when a notice came to be owed: when it was made, or when it was owed
// again (by the first attempt since, where there was one).
func since(n *pb.Notice) int64 {
	if n.Tries == 0 {
		return n.NextAt
	}
	if i := len(n.Recent) - int(n.Tries); n.Attempts > n.Tries && i >= 0 {
		return n.Recent[i].At
	}
	return n.CreatedAt
}
