package machine

import (
	"fmt"
	"sync"

	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Options configures a Machine.
type Options struct {
	// Quarantined says whether the command at a position (from 0) of the frame
	// at a log index is quarantined: it becomes a journalled refusal, whatever
	// it holds. It must answer the same on every node and at every replay.
	Quarantined func(index uint64, position int) bool
	// MaxLevel, when not 0, makes the machine one of an older binary, which knows
	// levels up to this one. For tests of clusters with two versions.
	MaxLevel uint32
	// NumberBytes is how much memory may be spent on knowing of an order's, transfer's,
	// packet's or top-up's name that it is new without asking the store; 0 asks it each time.
	// It changes no result. LearnNumbers makes it work.
	NumberBytes int
}

// Machine applies frames. Begin, Apply and what reads of the state belong to one
// goroutine; Finish and all that says where the state stands may belong to
// another.
type Machine struct {
	opt     Options
	overlay *table.Overlay
	numbers *table.Filter // of what is numbered; nil when the store is always asked
	// head is as the commands applied so far left it. Digests and root stand in
	// done's, which follows when a frame is finished.
	head    *pb.Head
	done    finished
	flight  sync.WaitGroup // the frame that was begun and is not finished
	failure failure

	packer journal.Packer // of the frame's entries

	// Scratch space.
	hash [32]byte // a command's
	key  table.Key
	deed deed.Deed
}

var heads = table.Of[pb.Head, *pb.Head]{ID: table.Head}

// Head reads the state's own position; ok is false before the first frame.
func Head(r table.Reader) (head *pb.Head, ok bool) { return heads.Get(r, table.K(table.Head)) }

// Open continues from the rows in backend. A journal that does not have the
// recorded root is refused; so is, with an *Outdated, a state at a feature level
// that is not known here.
func Open(backend table.Backend, opt Options) (*Machine, error) {
	m := &Machine{opt: opt, overlay: table.NewOverlay(backend), done: finished{backend: backend}}
	m.overlay.Settled(m.flight.Wait)
	snap := backend.Snapshot()
	defer snap.Close()
	err := table.Read(snap, func(r table.Reader) error {
		head, ok := Head(r)
		if !ok {
			head = &pb.Head{NextOrder: 1, NextPerson: 1, NextRefund: 1, NextNotice: 1, CloseCursor: 1, PruneCursor: 1}
		}
		m.done.head = head
		if !ok {
			m.done.tree = journal.New()
			return nil
		}
		if known := m.maxLevel(); head.Level > known {
			return &Outdated{Level: head.Level, Known: known}
		}
		var err error
		m.done.tree, err = journal.Load(r, head.JournalSize, head.JournalRoot)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open the state at index %d: %w", m.done.head.GetAppliedIndex(), err)
	}
	m.done.loadDigests()
	m.head = new(pb.Head)
	must.NoError(m.head.UnmarshalVT(table.Encode(m.done.head)), "copy the head")
	m.head.Digests, m.head.JournalRoot = nil, nil
	if opt.NumberBytes > 0 {
		m.numbers = table.NewFilter(min(opt.NumberBytes, table.FilterSize(m.numberedRows())))
		for _, id := range numbered {
			m.overlay.Use(m.numbers, id)
		}
	}
	return m, nil
}

// numbered are the tables whose rows are looked for before each is made, mostly in
// vain: names that callers give, of top-ups and batches too, and who has taken a share.
var numbered = []table.ID{table.OrderNos, table.TransferNos, table.PacketNos, table.PacketShares, table.Batches}

// numberedRows is how many rows they have.
func (m *Machine) numberedRows() (rows uint64) {
	for _, id := range numbered {
		if d := m.done.digests[id]; d != nil {
			rows += d.Rows
		}
	}
	return rows
}

// LearnNumbers reads the names of orders, transfers, packets and top-ups that r holds, the state as it was at any
// moment since Open, so that new ones are known without asking the store. It may
// run beside Apply. It asks more now and then whether to go on, and returns
// whether it came to the end; until then the store is asked.
func (m *Machine) LearnNumbers(r table.Reader, more func() bool) bool {
	if m.numbers == nil {
		return false
	}
	for _, id := range numbered {
		if !table.FillFilter(m.numbers, r, id, more) {
			return false
		}
	}
	m.numbers.Complete()
	return true
}

// Applied is the log index and term of the last frame applied.
func (m *Machine) Applied() (index, term uint64) {
	return m.done.head.AppliedIndex, m.done.head.AppliedTerm
}

// Position is where the state stands after a frame.
type Position struct {
	Index, Term uint64
	// At is business time and ClockOffset how far a sandbox has moved it, milliseconds.
	At, ClockOffset int64
	Level           uint32
	Sandbox         bool
	LogName         string
	// JournalSize and JournalRoot are what a checkpoint signs.
	JournalSize uint64
	JournalRoot [32]byte
}

// Position says where the state stands after the last frame.
func (m *Machine) Position() Position {
	h := m.done.head
	p := Position{
		Index: h.AppliedIndex, Term: h.AppliedTerm, At: h.At, ClockOffset: h.ClockOffsetMs, Level: h.Level,
		Sandbox: h.Sandbox, LogName: h.LogName, JournalSize: h.JournalSize,
	}
	copy(p.JournalRoot[:], h.JournalRoot)
	return p
}

// Rows is how many rows the last frame's batch wrote, the head's among them.
func (m *Machine) Rows() int { return m.done.rows }

// Digests returns the digests, after the last frame, of the tables that the
// state's level knows.
func (m *Machine) Digests() map[table.ID]table.Digest {
	out := make(map[table.ID]table.Digest, len(m.done.digests))
	for _, id := range table.All() {
		if d, ok := m.done.digests[id]; ok && m.done.knows(id) {
			out[id] = *d
		}
	}
	return out
}

// knows says whether the table's digest stands in the head. A table that came
// with a level does so from that level on, so that a node which was upgraded has
// the same head as one that replays the log.
func (f *finished) knows(id table.ID) bool {
	return id.Digested() && id.Level() <= max(f.head.Level, 1)
}

// known counts the tables of knows.
func (f *finished) known() (n int) {
	for _, id := range table.All() {
		if f.knows(id) {
			n++
		}
	}
	return n
}

func (f *finished) loadDigests() {
	f.digests = make(map[table.ID]*table.Digest)
	for _, id := range table.All() {
		if id.Digested() {
			f.digests[id] = &table.Digest{}
		}
	}
	f.listed = f.head.Level
	if len(f.head.Digests) < f.known() {
		f.listed = 0 // made by a build from before the level had all its tables: the next frame lists them
	}
	f.listEarly()
	for _, s := range f.head.Digests {
		d := f.digests[table.ID(s.Table)]
		d.Hi, d.Lo, d.Rows = s.Hi, s.Lo, s.Rows
		copy(d.Buckets[:], s.Buckets)
	}
}

// storeDigests writes the digests into the head, tables in key order.
func (f *finished) storeDigests() {
	if f.listed != f.head.Level || f.head.Digests == nil {
		f.listDigests()
	}
	for _, id := range f.early {
		must.That(f.digests[id].Rows == 0, "table %s has no rows below feature level %d", id, id.Level())
	}
	for _, s := range f.head.Digests {
		d := f.digests[table.ID(s.Table)]
		s.Hi, s.Lo, s.Rows = d.Hi, d.Lo, d.Rows
		if table.ID(s.Table).Counted() {
			s.Buckets = append(s.Buckets[:0], d.Buckets[:]...)
		}
	}
}

// listDigests makes a place in the head for each table that the level knows.
func (f *finished) listDigests() {
	var list []*pb.TableDigest
	for _, id := range table.All() {
		if f.knows(id) {
			list = append(list, &pb.TableDigest{Table: uint32(id)})
		}
	}
	f.head.Digests, f.listed = list, f.head.Level
	f.listEarly()
}

// listEarly finds the tables of levels to come. A row in one would be in no
// digest, and an older binary in the cluster would not have it.
func (f *finished) listEarly() {
	f.early = f.early[:0]
	for _, id := range table.All() {
		if id.Digested() && !f.knows(id) {
			f.early = append(f.early, id)
		}
	}
}
