package machine

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/deed"
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
	// NumberBytes is how much memory may be spent on knowing of a merchant's order
	// number that it is new without asking the store; 0 asks the store each time.
	// It changes no result. LearnNumbers makes it work.
	NumberBytes int
}

// Machine applies frames. It belongs to one goroutine.
type Machine struct {
	backend table.Backend
	opt     Options
	overlay *table.Overlay
	numbers *table.Filter // of order numbers; nil when the store is always asked
	head    *pb.Head
	digests map[table.ID]*table.Digest
	listed  uint32 // the level whose tables have a digest in the head
	tree    *journal.Tree
	entry   []byte   // scratch: an encoded journal entry
	hash    [32]byte // scratch: a command's
	deed    deed.Deed
	failed  error // why no further frame can be applied
	rows    int   // rows of the last frame's batch
}

var heads = table.Of[pb.Head, *pb.Head]{ID: table.Head}

// Head reads the state's own position; ok is false before the first frame.
func Head(r table.Reader) (head *pb.Head, ok bool) { return heads.Get(r, table.K(table.Head)) }

// Open continues from the rows in backend. A journal that does not have the
// recorded root is refused; so is, with an *Outdated, a state at a feature level
// that is not known here.
func Open(backend table.Backend, opt Options) (*Machine, error) {
	m := &Machine{backend: backend, opt: opt, overlay: table.NewOverlay(backend)}
	snap := backend.Snapshot()
	defer snap.Close()
	err := table.Read(snap, func(r table.Reader) error {
		head, ok := Head(r)
		if !ok {
			head = &pb.Head{NextOrder: 1, NextPerson: 1, NextRefund: 1, NextNotice: 1, CloseCursor: 1, PruneCursor: 1}
		}
		m.head = head
		if !ok {
			m.tree = journal.New()
			return nil
		}
		if known := m.maxLevel(); head.Level > known {
			return &Outdated{Level: head.Level, Known: known}
		}
		var err error
		m.tree, err = journal.Load(r, head.JournalSize, head.JournalRoot)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open the state at index %d: %w", m.headIndex(), err)
	}
	m.loadDigests()
	if opt.NumberBytes > 0 {
		m.numbers = table.NewFilter(min(opt.NumberBytes, table.FilterSize(m.digests[table.OrderNos].Rows)))
		m.overlay.Use(m.numbers, table.OrderNos)
	}
	return m, nil
}

// LearnNumbers reads the order numbers that r holds, the state as it was at any
// moment since Open, so that new ones are known without asking the store. It may
// run beside Apply. It asks more now and then whether to go on, and returns
// whether it came to the end; until then the store is asked.
func (m *Machine) LearnNumbers(r table.Reader, more func() bool) bool {
	if m.numbers == nil || !table.FillFilter(m.numbers, r, table.OrderNos, more) {
		return false
	}
	m.numbers.Complete()
	return true
}

func (m *Machine) headIndex() uint64 { return m.head.GetAppliedIndex() }

// Applied is the log index and term of the last frame applied.
func (m *Machine) Applied() (index, term uint64) { return m.head.AppliedIndex, m.head.AppliedTerm }

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

// Position answers where the state stands after the last frame.
func (m *Machine) Position() Position {
	h := m.head
	p := Position{
		Index: h.AppliedIndex, Term: h.AppliedTerm, At: h.At, ClockOffset: h.ClockOffsetMs, Level: h.Level,
		Sandbox: h.Sandbox, LogName: h.LogName, JournalSize: h.JournalSize,
	}
	copy(p.JournalRoot[:], h.JournalRoot)
	return p
}

// Rows is how many rows the last frame's batch wrote, the head's among them.
func (m *Machine) Rows() int { return m.rows }

// Digests answers the digests, after the last frame, of the tables that the
// state's level knows.
func (m *Machine) Digests() map[table.ID]table.Digest {
	out := make(map[table.ID]table.Digest, len(m.digests))
	for _, id := range table.All() {
		if d, ok := m.digests[id]; ok && m.knows(id) {
			out[id] = *d
		}
	}
	return out
}

// knows says whether the table's digest stands in the head. A table that came
// with a level does so from that level on, so that a node which was upgraded has
// the same head as one that replays the log.
func (m *Machine) knows(id table.ID) bool {
	return id.Digested() && id.Level() <= max(m.head.Level, 1)
}

func (m *Machine) loadDigests() {
	m.digests = make(map[table.ID]*table.Digest)
	for _, id := range table.All() {
		if id.Digested() {
			m.digests[id] = &table.Digest{}
		}
	}
	m.listed = m.head.Level
	for _, s := range m.head.Digests {
		d := m.digests[table.ID(s.Table)]
		d.Hi, d.Lo, d.Rows = s.Hi, s.Lo, s.Rows
		copy(d.Buckets[:], s.Buckets)
	}
}

// storeDigests writes the digests into the head, tables in key order.
func (m *Machine) storeDigests() {
	if m.listed != m.head.Level || m.head.Digests == nil {
		m.listDigests()
	}
	for _, s := range m.head.Digests {
		d := m.digests[table.ID(s.Table)]
		s.Hi, s.Lo, s.Rows = d.Hi, d.Lo, d.Rows
		if table.ID(s.Table).Counted() {
			s.Buckets = append(s.Buckets[:0], d.Buckets[:]...)
		}
	}
}

// listDigests makes a place in the head for each table that the level knows.
func (m *Machine) listDigests() {
	var list []*pb.TableDigest
	for _, id := range table.All() {
		if m.knows(id) {
			list = append(list, &pb.TableDigest{Table: uint32(id)})
		}
	}
	m.head.Digests, m.listed = list, m.head.Level
}
