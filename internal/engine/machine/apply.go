package machine

import (
	"crypto/sha256"
	"fmt"
	"runtime/debug"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Broken is why a machine stopped: an assertion that failed, bytes that cannot
// be decoded, a row that cannot be read. Nothing of the frame was written.
type Broken struct {
	Index     uint64
	Position  int // of the command in the frame, from 0; -1 when none was at work
	Number    catalogue.Number
	Assertion string
	// Stack is where it happened, for the log only.
	Stack []byte
	// Cause is a *must.Violation, a *table.Damage or another error.
	Cause error
}

func (b *Broken) Error() string {
	return fmt.Sprintf("frame %d, command %d (%s): %s", b.Index, b.Position, b.Number, b.Assertion)
}

func (b *Broken) Unwrap() error { return b.Cause }

// Apply applies the frame at a log index as one batch and returns one Result a
// command. Nobody may write to the frame again: results and what the Machine
// remembers hold parts of it. An empty frame only moves the applied index. An
// error is a *Broken, an *Outdated, or the backend's own; what the Machine holds
// in memory is then ahead of the backend, so every later Apply returns the same
// error.
func (m *Machine) Apply(index, term uint64, frame []byte) ([]catalogue.Result, error) {
	p, err := m.Begin(index, term, frame)
	if err != nil {
		return nil, err
	}
	return p.Finish()
}

// Begin is the first half of Apply: it lets the commands do what they do, in
// memory. The frame's results are not known to be until Finish returned them. The
// next Begin may run beside this frame's Finish, but not beside that of the frame
// before: frames are finished in their order, each before the second next begins.
func (m *Machine) Begin(index, term uint64, frame []byte) (p *Pending, err error) {
	if err := m.failure.get(); err != nil {
		return nil, err
	}
	at := &place{index: index, position: -1}
	defer func() { m.failure.set(err) }()
	defer func() {
		if fault := recover(); fault != nil {
			p, err = nil, at.stopped(fault)
		}
	}()
	must.That(index > m.head.AppliedIndex, "frame %d comes after %d", index, m.head.AppliedIndex)
	m.overlay.Reset()
	results, err := m.commands(at, frame)
	if err != nil {
		return nil, at.stopped(err)
	}
	at.position = -1
	m.packer.Close(m.overlay)
	m.head.AppliedIndex, m.head.AppliedTerm = index, term
	m.flight.Add(1)
	return &Pending{m: m, at: at, results: results, head: table.Encode(m.head), taken: m.overlay.Take()}, nil
}

// place is where in the log Apply is, for the report of a stop.
type place struct {
	index    uint64
	position int
	number   catalogue.Number
}

// stopped is the error for what stopped the machine here.
func (p *place) stopped(cause any) error {
	if o, ok := cause.(*Outdated); ok {
		o.Index, o.Position = p.index, p.position
		return o
	}
	b := &Broken{Index: p.index, Position: p.position, Number: p.number, Stack: debug.Stack()}
	if err, ok := cause.(error); ok {
		b.Cause, b.Assertion = err, err.Error()
	} else {
		b.Assertion = fmt.Sprint(cause)
	}
	return b
}

// commandBytes is less than most commands take in a frame, so that results are
// rarely moved.
const commandBytes = 100

// commands applies the frame's commands in order. The frame is a pb.Frame,
// walked in place so that commands are not copied.
func (m *Machine) commands(at *place, frame []byte) ([]catalogue.Result, error) {
	results := make([]catalogue.Result, 0, len(frame)/commandBytes+1)
	var cmd pb.Command
	for len(frame) > 0 {
		field, kind, n := protowire.ConsumeTag(frame)
		if n < 0 || field != 1 || kind != protowire.BytesType {
			return nil, fmt.Errorf("frame has a field %d of type %d where a command belongs", field, kind)
		}
		raw, size := protowire.ConsumeBytes(frame[n:])
		if size < 0 {
			return nil, fmt.Errorf("frame ends inside a command: %w", protowire.ParseError(size))
		}
		frame = frame[n+size:]
		at.position, at.number = len(results), 0
		if m.opt.Quarantined != nil && m.opt.Quarantined(at.index, at.position) {
			results = append(results, m.quarantine(at, raw))
			continue
		}
		if err := decode(&cmd, raw); err != nil {
			return nil, fmt.Errorf("command cannot be decoded: %w", err)
		}
		at.number = catalogue.Number(cmd.Number)
		res, err := m.command(at, &cmd, raw)
		if err != nil {
			return nil, err
		}
		results = append(results, res)
	}
	return results, nil
}

// command runs one command and journals what it did.
func (m *Machine) command(at *place, cmd *pb.Command, raw []byte) (catalogue.Result, error) {
	m.head.At = max(cmd.At+m.head.ClockOffsetMs, m.head.At)
	if m.head.At > maxAt {
		must.Never("business time %d lies before the year 9000", m.head.At)
	}
	m.deed = deed.Deed{
		Tx: m.overlay, Mem: m.overlay.Arena(), Head: m.head, Actor: cmd.Actor,
		Stamp: stamp.Stamp{Index: at.index, Seq: m.head.JournalSize, At: m.head.At, Seed: cmd.Seed, Offset: m.head.CutoffOffsetS},
	}
	d := &m.deed
	before := m.overlay.Written()
	res, err := m.run(d, at, cmd)
	if err != nil {
		return catalogue.Result{}, err
	}
	wrote := m.overlay.Written() != before
	if wrote && res.Code != code.OK {
		must.Never("a refusal (%s) writes nothing", res.Code)
	}
	if wrote && len(d.Entries()) == 0 {
		must.Never("what %s wrote is journalled", at.number)
	}
	m.journal(d, at, cmd, res.Code, raw)
	return res, nil
}

// run finds the handler and calls it, unless the state does not allow it.
func (m *Machine) run(d *deed.Deed, at *place, cmd *pb.Command) (catalogue.Result, error) {
	c := set.Command(at.number)
	if c == nil || c.Level > m.maxLevel() {
		return catalogue.Result{}, &Outdated{Number: at.number, Known: m.maxLevel()}
	}
	switch {
	case len(cmd.Actor) > MaxActor:
		return catalogue.Result{Code: code.CommandTooLarge}, nil
	case at.number != catalogue.Genesis && m.head.Level == 0:
		return catalogue.Result{Code: code.NoGenesis}, nil
	case c.Level > m.head.Level && at.number != catalogue.Genesis:
		return catalogue.Result{Code: code.LevelTooLow}, nil
	case c.Sandbox && !m.head.Sandbox:
		return catalogue.Result{Code: code.SandboxOnly}, nil
	}
	if err := m.tooNew(cmd); err != nil {
		return catalogue.Result{}, err
	}
	res, err := c.Run(d, cmd.Body)
	if err != nil {
		return catalogue.Result{}, fmt.Errorf("body of %s cannot be decoded: %w", c.Name, err)
	}
	return res, nil
}

// quarantine journals that a command is passed over. Nothing of the command is
// relied on, not even that it can be decoded: whatever stopped the node, it is
// past it. Business time stays where it is.
func (m *Machine) quarantine(at *place, raw []byte) catalogue.Result {
	var cmd pb.Command
	if err := cmd.UnmarshalVT(raw); err != nil || len(cmd.Actor) > MaxActor {
		cmd.Reset()
	}
	at.number = catalogue.Number(cmd.Number)
	d := &deed.Deed{Tx: m.overlay, Mem: m.overlay.Arena(), Head: m.head, Actor: cmd.Actor, Stamp: stamp.Stamp{Index: at.index, At: m.head.At}}
	d.Record("quarantine/"+strconv.FormatUint(at.index, 10)+"."+strconv.Itoa(at.position), "", nil)
	m.journal(d, at, &cmd, code.Quarantined, raw)
	return catalogue.Result{Code: code.Quarantined}
}

// journal completes the deed's entries and appends them. Their leaves are hashed
// when the frame is finished.
func (m *Machine) journal(d *deed.Deed, at *place, cmd *pb.Command, out code.Code, raw []byte) {
	entries := d.Entries()
	if len(entries) == 0 {
		return
	}
	m.hash = sha256.Sum256(raw)
	for i, e := range entries {
		e.Index, e.At, e.Number, e.Code = at.index, d.At, cmd.Number, uint32(out)
		e.CommandHash, e.Actor = m.hash[:], cmd.Actor
		if len(entries) > 1 {
			e.Part, e.Parts = uint32(i), uint32(len(entries))
		}
		size := e.SizeVT()
		if size > journal.MaxEntry {
			must.Never("a journal entry has at most %d bytes, not %d", journal.MaxEntry, size)
		}
		if seq := m.head.JournalSize + uint64(i); seq != e.Seq {
			must.Never("entry %d takes sequence number %d", seq, e.Seq)
		}
		m.store(e, size)
	}
	m.head.JournalSize += uint64(len(entries))
}

// store writes a journal entry of a known size where it stays.
func (m *Machine) store(e *pb.Entry, size int) {
	if m.head.Level >= journal.LevelPacked {
		m.packer.Add(m.overlay, e.Seq, e, size)
		return
	}
	m.key = append(m.key[:0], byte(table.Journal)).U64(e.Seq)
	m.overlay.AppendRecord(m.key, e)
}
