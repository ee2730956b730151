package machine

import (
	"fmt"
	"slices"
	"sync"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Pending is a frame that was applied in memory and is not in the store yet.
type Pending struct {
	m       *Machine
	at      *place
	results []catalogue.Result
	head    []byte // the Head row as the commands left it, without digests and root
	taken   *table.Taken
}

// Finish is the second half of Apply: it hashes what the frame changed and commits
// it. It returns the frame's results, which are worth nothing before.
func (p *Pending) Finish() (results []catalogue.Result, err error) {
	defer p.m.flight.Done()
	defer func() { p.m.failure.set(err) }()
	defer func() {
		if fault := recover(); fault != nil {
			results, err = nil, p.at.stopped(fault)
		}
	}()
	if err := p.m.failure.get(); err != nil {
		return nil, err // a frame before this one could not be finished
	}
	if err := p.m.done.finish(p); err != nil {
		return nil, err
	}
	return p.results, nil
}

// finished is where the state stands after the last frame that was finished. It
// belongs to who finishes frames.
type finished struct {
	backend table.Backend
	head    *pb.Head
	digests map[table.ID]*table.Digest
	listed  uint32     // the level whose tables have a digest in the head
	early   []table.ID // digested tables of later levels
	tree    *journal.Tree
	tiles   writes
	rows    int           // of the last frame's batch
	writes  []table.Write // space for the next one's
}

// writes takes the tiles that a frame completes.
type writes []table.Write

func (w *writes) Append(key, value []byte) {
	key = slices.Clone(key)
	*w = append(*w, table.Write{Key: key, Stored: table.Seal(nil, key, value)})
}

func (f *finished) finish(p *Pending) error {
	head := new(pb.Head)
	must.NoError(head.UnmarshalVT(p.head), "read a head back")
	f.tiles = f.tiles[:0]
	p.taken.Each(table.Journal, func(key, row []byte) { f.tree.AddRow(&f.tiles, key, row) })
	if size := f.tree.Size(); size != head.JournalSize {
		must.Never("the journal has %d entries, the head says %d", size, head.JournalSize)
	}
	root := f.tree.Root()
	head.JournalRoot, head.Digests = root[:], f.head.Digests
	f.head = head
	writes := f.batch(p.taken.Settle(f.digests))
	if err := f.backend.Commit(writes); err != nil {
		return fmt.Errorf("commit frame %d: %w", head.AppliedIndex, err)
	}
	f.rows = len(writes)
	return nil
}

// batch adds the head and the tiles to a frame's rows, all in key order, and
// leaves the digests up to date in the head. It is valid until the next frame's.
func (f *finished) batch(rows []table.Write) []table.Write {
	f.storeDigests()
	key := table.K(table.Head)
	batch := append(f.writes[:0], table.Write{Key: key, Stored: table.Seal(nil, key, table.Encode(f.head))})
	i := 0
	for i < len(rows) && table.ID(rows[i].Key[0]) <= table.Journal {
		i++
	}
	slices.SortFunc(f.tiles, func(a, b table.Write) int { return slices.Compare(a.Key, b.Key) })
	f.writes = append(append(append(batch, rows[:i]...), f.tiles...), rows[i:]...)
	return f.writes
}

// failure is why no further frame can be applied; the first reason stays.
type failure struct {
	mu  sync.Mutex
	err error
}

func (f *failure) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *failure) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}
