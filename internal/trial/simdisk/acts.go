package simdisk

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// act is one fault with what must hold of it.
type act struct {
	name   string
	weight int
	// several: it takes more than one node.
	several bool
	do      func(*World)
}

// acts lists the faults; the letters are those of the test catalogue.
var acts = []act{
	{"power cut", 3, false, (*World).cut},                                // D4
	{"power cut in the middle of a write", 5, false, (*World).cutWithin}, // D1
	{"kill", 2, false, (*World).kill},
	{"a sync fails", 3, false, (*World).syncFails},                    // D5
	{"a write to the log fails", 2, false, (*World).writeFails},       // D7
	{"flipped bit under a running node", 5, false, (*World).flipLive}, // D2
	{"damage at rest", 6, false, (*World).damageAtRest},               // D2, D3
	{"reads go astray", 3, false, (*World).readsGoAstray},             // D6
	{"full disk", 3, false, (*World).fullDisk},                        // D7
	{"slow disk", 1, false, (*World).slowDisk},                        // D9
	{"the disk is lost", 2, true, (*World).diskIsLost},                // D8
	{"an old disk comes back", 3, true, (*World).oldDisk},             // D10
	{"all lose power", 2, true, (*World).allCut},                      // D4
}

// act draws a fault and plays it. Before it, now and then, the stores are tidied
// as a node's chores do: flushed, compacted, the log cut.
func (w *World) act() {
	n := w.any()
	w.tidy(n)
	sum := 0
	for _, a := range acts {
		sum += a.weight
	}
	for {
		at := w.chance.IntN(sum)
		i := slices.IndexFunc(acts, func(a act) bool { at -= a.weight; return at < 0 })
		if !acts[i].several || w.opt.Nodes > 1 {
			w.tell("act: %s", acts[i].name)
			acts[i].do(w)
			return
		}
	}
}

func (w *World) any() *node { return w.nodes[w.chance.IntN(len(w.nodes))] }

// tidy is what chores.go of run/node does, when the seed says so.
func (w *World) tidy(n *node) {
	l := n.life
	flush, compact, cut := w.chance.IntN(2) == 0, w.chance.IntN(4) == 0, w.chance.IntN(2) == 0
	var err error
	alive := l.call(func() {
		if flush {
			err = l.store.Flush()
		}
		if compact && err == nil {
			err = l.store.Compact()
		}
		if cut && err == nil {
			err = l.cutLog()
		}
	})
	if !alive {
		n.died()
	} else if err != nil {
		w.fail("%s: tidying up: %v", n.name, err)
	}
}

// cutLog cuts the log below what the state has on disk.
func (l *life) cutLog() error {
	head, ok, err := l.store.DurableHead()
	if err != nil || !ok {
		return err
	}
	index := head.AppliedIndex
	if l.n.w.opt.Variant == CutTooFar {
		index, _ = l.machine.Applied()
	}
	if first, _ := l.log.FirstIndex(); index < first {
		return nil
	}
	return l.log.Compact(index)
}

func (w *World) cut() {
	n := w.any()
	n.end(w.chance.IntN(101) * w.chance.IntN(2))
	w.load(w.chance.IntN(20))
}

func (w *World) allCut() {
	for _, n := range w.nodes {
		n.end(w.chance.IntN(101) * w.chance.IntN(2))
	}
}

func (w *World) kill() {
	w.any().end(100)
	w.load(w.chance.IntN(20))
}

// cutWithin cuts the power at one of the next changes to the disk.
func (w *World) cutWithin() {
	n := w.any()
	d, in, rng, percent := n.life.disk, w.chance.IntN(120), rand.New(rand.NewPCG(w.chance.Uint64(), 1)), w.chance.IntN(101)
	d.set(func() { d.cutIn, d.rng, d.percent = in, rng, percent })
	w.during(n)
	d.set(func() { d.cutIn = -1 })
}

// during runs under load, with a flush in the middle, until a node has ended or
// for a while.
func (w *World) during(n *node) {
	for i := range 40 {
		if n.life == nil {
			return
		}
		if i == 10 {
			w.turn(n, func(l *life) {
				if _, err := l.store.FlushAsync(); err != nil {
					l.err = err
				}
			})
		}
		w.tick()
	}
}

// syncFails: the process ends at the first sync that fails.
func (w *World) syncFails() {
	n := w.any()
	l, d, in := n.life, n.life.disk, w.chance.IntN(60)
	d.set(func() { d.syncIn = in })
	w.during(n)
	w.mustEnd(n, l)
	d.set(func() { d.syncIn = -1 })
}

// writeFails: so does one that cannot write its log.
func (w *World) writeFails() {
	n := w.any()
	l, d, in := n.life, n.life.disk, w.chance.IntN(60)
	d.set(func() { d.writeIn = in })
	w.during(n)
	w.mustEnd(n, l)
	d.set(func() { d.writeIn = -1 })
}

// mustEnd checks that a process whose disk has failed has ended.
func (w *World) mustEnd(n *node, l *life) {
	var failed bool
	l.disk.set(func() { failed = l.disk.injected })
	if !failed {
		return
	}
	select {
	case <-l.dead:
	case <-time.After(5 * time.Second):
		w.fail("%s goes on after its disk has failed", n.name)
	}
	if n.life == l {
		n.died()
	}
}

// fullDisk: writes are refused, reads go on, and with space all recovers by
// itself.
func (w *World) fullDisk() {
	n := w.any()
	l := n.life
	l.disk.room(false)
	w.turn(n, func(l *life) { _, l.err = l.space.Look() })
	if n.life == nil || !l.space.Low() {
		w.fail("%s does not notice that its disk is nearly full", n.name)
	}
	w.until("what was on its way is through", func() bool { return w.waiting() == 0 || n.life == nil })
	if n.life == nil {
		return
	}
	before, lead := w.acks, w.leader() == n
	w.turn(n, func(l *life) { _, l.err = l.store.FlushAsync() })
	for range 10 {
		stays := lead && w.leader() == n
		w.tick()
		lead = stays && w.leader() == n
	}
	if lead && w.acks != before {
		w.fail("%s leads with a full disk and takes commands", n.name)
	}
	if n.life == nil {
		return
	}
	w.served(n, false)
	l.disk.room(true)
	w.turn(n, func(l *life) { _, l.err = l.space.Look() })
	before = w.acks
	w.until("commands are taken again", func() bool { return w.acks > before })
	w.turn(n, func(l *life) { l.err = l.store.Flush() })
}

func (w *World) slowDisk() {
	n := w.any()
	d := n.life.disk
	d.set(func() { d.slow = 200 })
	w.load(20)
	d.set(func() { d.slow = 0 })
}

func (w *World) diskIsLost() {
	n := w.any()
	n.lose()
	w.load(20)
}

// oldDisk puts back a copy of a node's disk that is some time old.
func (w *World) oldDisk() {
	n := w.any()
	old := n.life.disk.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: w.chance})
	before := n.life.member.Status().LastIndex
	w.load(40)
	if n.life == nil {
		return
	}
	after := n.life.member.Status().LastIndex
	id := n.id
	n.end(100)
	w.load(10)
	n.mem, n.tainted = old, true
	w.restart(n)
	w.until("an old disk is refused, or was not older", func() bool {
		return n.id != id || n.life != nil && n.life.member.Status().Proven
	})
	if n.id == id && before < after {
		w.fail("%s takes part with a disk that ended at %d, having acknowledged %d", n.name, before, after)
	}
	n.tainted = false
}

// target is a file whose content matters.
type target struct {
	name string
	// wal: a write-ahead log, which is read at a start only.
	wal bool
	// open: its last record may be under way.
	open bool
}

// targets lists a node's files of which a bit may be flipped.
func targets(mem *vfs.MemFS) (out []target) {
	for _, dir := range []string{stateDir, logDir} {
		names, err := mem.List(dir)
		if err != nil {
			continue
		}
		slices.Sort(names)
		marker := strings.Join(names, "\n")
		for _, name := range names {
			t := target{name: dir + "/" + name}
			switch {
			case strings.HasPrefix(name, "MANIFEST-") && strings.Contains(marker, "."+name):
				t.open = true
			case strings.HasSuffix(name, ".log") && dir == logDir:
				t.wal = true
			case !strings.HasSuffix(name, ".sst") && name != "acked":
				continue
			}
			if b, err := mem.UnsafeGetFileDataBuffer(t.name); err == nil && len(b) > 0 {
				out = append(out, t)
			}
		}
	}
	return out
}

// flipLive flips a bit under a running node: reads never show it, a pass names
// it, and the node heals.
func (w *World) flipLive() {
	n := w.any()
	w.turn(n, func(l *life) { l.err = l.store.Flush() })
	d := n.life.disk
	if !n.life.ackedOnDisk() { // or it would be written anew, and the bit with it
		w.fail("the file acked of %s does not keep up", n.name)
	}
	t, at, undo, ok := w.flip(d)
	if !ok {
		return
	}
	n.tainted = true
	w.tell("%s: a bit of byte %d of %s is flipped", n.name, at, t.name)
	size := w.size(d.mem, t.name)
	w.served(n, true)
	if n.life == nil {
		w.mend(n, d, undo)
		return
	}
	found := w.pass(n)
	if n.life != nil && len(found) == 0 && !(t.open && at > size-400) && w.stays(n, t.name) {
		w.fail("%s: a pass does not find the flipped bit of byte %d of %s (%d bytes)", n.name, at, t.name, size)
	}
	if n.life != nil && len(found) > 0 {
		w.heal(n, found)
	}
	w.mend(n, d, undo)
}

// stays says whether a file is still a part of a running node's store: one that
// has been replaced goes away soon after nobody reads from it any more.
func (w *World) stays(n *node, name string) bool {
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, err := n.life.disk.Stat(name); err != nil {
			return false
		}
		if _, _, err := n.life.store.DurableHead(); err != nil { // it lets go of old files
			return true
		}
	}
	return true
}

func (w *World) size(mem *vfs.MemFS, name string) int {
	b, _ := mem.UnsafeGetFileDataBuffer(name)
	return len(b)
}

// flip flips a bit somewhere on a running store's disk: of no write-ahead log, which
// is read at a start only, and of no file that the store removes just then.
func (w *World) flip(d *disk) (t target, at int, undo func(), ok bool) {
	all := targets(d.mem)
	if len(all) == 0 {
		return target{}, 0, nil, false
	}
	t = all[w.chance.IntN(len(all))]
	size := w.size(d.mem, t.name)
	if size == 0 {
		return target{}, 0, nil, false
	}
	at = w.chance.IntN(size)
	bit := byte(1) << w.chance.IntN(8)
	if t.wal {
		return target{}, 0, nil, false
	}
	undo, err := d.flip(t.name, at, bit)
	return t, at, undo, err == nil
}

// spoil damages a file at rest: a flipped bit, a sector of zeros, or an end that
// is missing. The newest write-ahead log of the raft log, whose end is what was
// acknowledged last, is drawn more often, and nearer its end.
func (w *World) spoil(mem *vfs.MemFS) (t target, at int, how string, ok bool) {
	all := targets(mem)
	if len(all) == 0 {
		return target{}, 0, "", false
	}
	t = all[w.chance.IntN(len(all))]
	size := w.size(mem, t.name)
	at = w.chance.IntN(size)
	if i := lastIndex(all, func(t target) bool { return t.wal }); i >= 0 && w.chance.IntN(3) == 0 {
		t, size = all[i], w.size(mem, all[i].name)
		at = max(size-1-w.chance.IntN(4096), 0)
	}
	b, _ := mem.UnsafeGetFileDataBuffer(t.name)
	switch w.chance.IntN(3) {
	case 0:
		b[at] ^= 1 << w.chance.IntN(8)
		return t, at, "a flipped bit", true
	case 1:
		clear(b[at:min(at+512, size)])
		return t, at, "a sector of zeros", true
	}
	f, err := mem.Create(t.name, vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = f.Write(bytes.Clone(b[:at]))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		w.fail("cut %s: %v", t.name, err)
	}
	return t, at, "the end is missing", true
}

func lastIndex(all []target, is func(target) bool) int {
	for i := len(all) - 1; i >= 0; i-- {
		if is(all[i]) {
			return i
		}
	}
	return -1
}

// mend ends an act in which a node alone was damaged, or one that found nothing:
// the operator puts the file back and the node starts on it.
func (w *World) mend(n *node, d *disk, undo func()) {
	if !n.tainted {
		return
	}
	if n.life != nil && n.life.disk == d {
		undo()
		n.end(100)
	} else if n.life == nil {
		// It ended by itself: what it left is a copy with the damage in it.
		undo()
	}
	n.mem = d.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: w.chance})
	n.tainted = false
	w.tell("%s: the file is put back", n.name)
	w.restart(n)
}

// damageAtRest damages a file of a node that is down. It starts and finds the
// damage, or refuses and names it; it never starts without what it acknowledged.
func (w *World) damageAtRest() {
	n := w.any()
	if w.opt.Nodes == 1 {
		w.idle = true // what a damaged disk takes in is lost when the file is put back
		defer func() { w.idle = false }()
		w.until("what was asked is answered", func() bool { return w.waiting() == 0 })
		if !n.life.ackedOnDisk() {
			w.fail("the file acked does not keep up")
		}
	}
	n.end(100)
	whole := n.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: w.chance})
	t, at, how, ok := w.spoil(n.mem)
	if !ok {
		w.restart(n)
		return
	}
	n.tainted = true
	w.tell("%s: %s from byte %d on at rest: %s", n.name, t.name, at, how)
	id := n.id
	w.restart(n)
	if w.opt.Nodes == 1 {
		w.aloneAfterDamage(n, whole)
		return
	}
	w.load(20)
	if n.id == id && n.life != nil && n.tainted {
		n.life.call(func() { n.life.member.Transfer(0) })
		if lead := w.leader(); lead != nil && lead != n {
			w.turn(lead, func(l *life) { l.member.Transfer(id.RaftID) }) // D3: let it lead
		}
		w.load(40)
	}
	if n.id == id && n.life != nil && n.tainted {
		w.served(n, true)
	}
	if n.id == id && n.life != nil && n.tainted {
		if found := w.pass(n); len(found) > 0 && n.life != nil {
			w.heal(n, found)
		}
	}
	n.tainted = false
}

// aloneAfterDamage: a node alone that started must have all it acknowledged; one
// that refused must start when the file is put back.
func (w *World) aloneAfterDamage(n *node, whole *vfs.MemFS) {
	if n.life != nil {
		w.until("it leads or ends", func() bool { return w.leader() == n || n.life == nil })
	}
	if n.life != nil {
		if index, _ := n.life.machine.Applied(); index < w.topIndex {
			w.until("what was acknowledged is applied again", func() bool {
				if n.life == nil {
					return true
				}
				index, _ := n.life.machine.Applied()
				return index >= w.topIndex
			})
		}
	}
	if n.life != nil {
		w.served(n, true)
	}
	if n.life != nil {
		w.pass(n)
	}
	n.end(100)
	n.mem, n.tainted = whole, false
	w.restart(n)
}

// readsGoAstray lets reads of some file answer another block for a while.
func (w *World) readsGoAstray() {
	n := w.any()
	w.turn(n, func(l *life) { l.err = l.store.Flush() })
	all := slices.DeleteFunc(targets(n.life.disk.mem), func(t target) bool { return !strings.HasSuffix(t.name, ".sst") })
	if len(all) == 0 {
		return
	}
	t := all[w.chance.IntN(len(all))]
	d := n.life.disk
	w.tell("%s: reads of %s go astray", n.name, t.name)
	b, _ := d.mem.UnsafeGetFileDataBuffer(t.name)
	once := bytes.Clone(b)
	n.tainted = true
	d.set(func() { d.astray = t.name })
	w.served(n, true)
	if n.life != nil {
		found := w.pass(n)
		if n.life != nil && len(found) == 0 && len(once) > blockSize && w.stays(n, t.name) {
			w.fail("%s: a pass does not notice that reads of %s go astray", n.name, t.name)
		}
	}
	d.calm()
	if n.life != nil {
		n.life.met()
	} else if n.known != nil || n.first {
		w.restart(n)
	}
	n.tainted = false
}
