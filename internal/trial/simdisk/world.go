package simdisk

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/engine/sequencer"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

const (
	mchid = "1900000001"
	appid = "wx0123456789abcdef"
	// settleTicks bounds how long a cluster may take to be whole again: 200
	// simulated seconds.
	settleTicks = 4000
)

// World is one run.
type World struct {
	opt     Options
	chance  *rand.Rand
	now     int64 // Unix milliseconds
	cluster uint64
	nodes   []*node
	mail    []*pb.PeerMessage
	trace   []string
	told    string // by tellOnce

	ticks    int64
	changing int64 // the tick at which a change of members was asked for, 0 none
	seq      uint64
	uid      uint64
	facts    map[string]*fact
	order    []*fact // in the order in which they became known
	topIndex uint64  // of what was acknowledged
	agreed   uint64  // the newest index a majority agreed on
	acks     int     // acknowledged commands
	idle     bool    // no load
	raises   bool    // it began at the level before the newest, and somebody raises it
}

// fact is what was acknowledged of an order.
type fact struct {
	no     string
	prepay string
	paid   bool
	asked  bool // a payment is under way, or was and its outcome is open
	// madeAt and paidAt are the log indexes: a node that has not come there yet
	// cannot know.
	madeAt, paidAt uint64
}

func orderOf(r table.Reader, no string) *pb.Order {
	o, _ := order.ByNumber(r, mchid, no)
	return o
}

func (w *World) identity() identity.Identity {
	if w.cluster == 0 {
		w.cluster = w.chance.Uint64() | 1
	}
	return identity.Identity{ClusterID: w.cluster, RaftID: w.chance.Uint64() | 1, Incarnation: w.chance.Uint64() | 1}
}

// found brings the cluster up and makes its first records.
func (w *World) found() {
	for i := range w.opt.Nodes {
		w.nodes = append(w.nodes, &node{w: w, name: string(rune('a' + i)), id: w.identity(), mem: vfs.NewCrashableMem()})
	}
	w.nodes[0].first = true
	if err := w.nodes[0].start(); err != nil {
		w.fail("the first node does not start: %v", err)
	}
	w.idle = true
	setup := func(n catalogue.Number, body table.Record) catalogue.Result {
		var got *catalogue.Result
		w.until("the first records", func() bool {
			if got == nil && w.waiting() == 0 {
				w.offer(&proposal{asks: []ask{{cmd: catalogue.NewCommand(n, "simdisk", "", body)}}, done: func(r result) {
					if r.codes != nil {
						got = &r.codes[0]
					}
				}})
			}
			return got != nil
		})
		return *got
	}
	level := uint32(machine.MaxLevel)
	if w.chance.IntN(2) == 0 {
		level--
		w.raises = true
	}
	setup(catalogue.Genesis, &pb.Genesis{LogName: "simdisk.example", Level: level})
	setup(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: mchid, Name: "Tea House", Appids: []string{appid}})
	w.uid = setup(catalogue.PersonAdd, &pb.PersonAdd{Ref: "ming", Name: "Ming", Appids: []string{appid}}).Body.(*pb.Person).Uid
	if res := setup(catalogue.PersonTopup, &pb.PersonTopup{Uid: w.uid, Amount: 1_000_000_000, Currency: money.CNY, Ref: "open", Line: "demo"}); res.Code != code.OK {
		w.fail("the first records: %s", res.Code)
	}
	w.idle = false
	w.settle()
}

// tick is 50 simulated milliseconds.
func (w *World) tick() {
	w.ticks++
	w.now += member.TickEvery.Milliseconds()
	now := w.now
	for _, n := range w.nodes {
		w.turn(n, func(l *life) { l.member.Tick(now) })
	}
	if !w.idle {
		w.offer(w.commands())
	}
	w.operate()
	if w.ticks%20 == 0 {
		if n := w.leader(); n != nil {
			w.turn(n, func(l *life) {
				if m, ok := l.agree.Last(); ok {
					l.judge(l.agree.Start(m.Index, l.members()))
				}
			})
		}
	}
	for range 20 {
		if len(w.mail) == 0 {
			return
		}
		w.deliver()
	}
}

// deliver hands over what is in the mail; the network loses one in a hundred.
func (w *World) deliver() {
	mail := w.mail
	w.mail = nil
	for _, n := range w.nodes {
		var mine []*pb.PeerMessage
		for _, m := range mail {
			if m.To == n.id.RaftID && w.chance.IntN(100) > 0 {
				mine = append(mine, m)
			}
		}
		if len(mine) > 0 {
			w.turn(n, func(l *life) {
				for _, m := range mine {
					l.member.Step(m)
				}
			})
		}
	}
}

// turn lets a node do something, if it lives, and takes in what came of it.
func (w *World) turn(n *node, f func(*life)) {
	l := n.life
	if l == nil {
		return
	}
	for turn := func() { f(l) }; turn != nil; {
		if !l.call(func() { l.turn(turn) }) {
			n.died()
			return
		}
		w.collect(l)
		if turn = l.written; n.life != l || len(l.writes) == 0 {
			return
		}
	}
}

// collect takes over what a process said.
func (w *World) collect(l *life) {
	n := l.n
	w.mail = append(w.mail, l.out...)
	l.out = nil
	results := l.results
	l.results = nil
	for _, r := range results {
		l.asked--
		w.learn(r)
		if r.p.done != nil {
			r.p.done(r)
		}
	}
	for _, err := range l.met() {
		w.tellOnce("%s meets damage: %v", n.name, err)
		if !n.tainted {
			w.fail("%s meets damage where there is none: %v", n.name, err)
		}
	}
	verdict := l.verdict
	l.verdict = nil
	for _, e := range verdict {
		w.verdict(n, e)
	}
	switch {
	case l.err != nil:
		w.stopped(n, l.err)
	case l.refused != nil:
		w.turnedAway(n, l.refused)
	case l.behind != nil:
		w.install(n, l.behind)
	}
}

func (w *World) verdict(n *node, e agree.Event) {
	switch e := e.(type) {
	case agree.Agreed:
		w.agreed = max(w.agreed, e.Mark.Index)
	case agree.Diverged:
		w.fail("%s holds another state than the majority at %d", n.name, e.Mine.Index)
	case agree.Differs, agree.Split:
		w.fail("%s: the nodes do not agree: %+v", n.name, e)
	}
}

// learn notes what was acknowledged.
func (w *World) learn(r result) {
	if r.codes == nil {
		return
	}
	w.topIndex = max(w.topIndex, r.index)
	for i, a := range r.p.asks {
		w.acks++
		switch out := r.codes[i]; {
		case a.no == "":
			if w.raises && catalogue.Number(a.cmd.Number) == catalogue.SetLevel {
				w.tell("the level is raised: %s", out.Code)
				w.raises = false
			}
		case out.Code != code.OK:
			w.fail("order %s is refused: %s", a.no, out.Code)
		case a.pays:
			w.facts[a.no].paid, w.facts[a.no].paidAt = true, r.index
		default:
			f := &fact{no: a.no, prepay: out.Body.(*pb.Order).PrepayId, madeAt: r.index}
			w.facts[a.no] = f
			w.order = append(w.order, f)
		}
	}
}

// commands are the next frame: new orders and payments of older ones.
func (w *World) commands() *proposal {
	p := new(proposal)
	for range 1 + w.chance.IntN(4) {
		w.seq++
		no := fmt.Sprintf("T-%06d", w.seq)
		p.asks = append(p.asks, ask{no: no, cmd: catalogue.NewCommand(catalogue.OrderCreate, "simdisk", no, &pb.OrderCreate{
			Mchid: mchid, Appid: appid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE, Total: 100,
			Currency: money.CNY, Description: "乌龙茶", NotifyUrl: "https://shop.example/n"})})
	}
	if w.raises && w.chance.IntN(60) == 0 { // once more when nobody knows what became of it
		p.asks = append(p.asks, ask{cmd: catalogue.NewCommand(catalogue.SetLevel, "simdisk", "", &pb.SetLevel{Level: machine.MaxLevel})})
	}
	for i := len(w.order) - 1; i >= 0 && len(p.asks) < 8; i-- {
		if f := w.order[i]; !f.asked && w.chance.IntN(2) == 0 {
			f.asked = true
			p.asks = append(p.asks, ask{no: f.no, pays: true, cmd: catalogue.NewCommand(catalogue.OrderPay, "simdisk", f.no,
				&pb.OrderPay{PrepayId: f.prepay, Uid: w.uid, Attempt: []byte(f.no)})})
		}
	}
	return p
}

// offer gives a proposal to the leader, unless its disk is nearly full.
func (w *World) offer(p *proposal) {
	n := w.leader()
	if n == nil || n.life.space.Low() || w.waiting() > 4 {
		return
	}
	var commands []*pb.Command
	for _, a := range p.asks {
		commands = append(commands, a.cmd)
	}
	data, err := sequencer.Encode(commands, w.now, random{w})
	if err != nil {
		w.fail("encode: %v", err)
	}
	w.turn(n, func(l *life) {
		if l.member.Propose(data, p) == nil {
			l.asked++
		}
	})
}

// random gives the world's own randomness to who wants a reader.
type random struct{ w *World }

func (r random) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.w.chance.Uint64())
	}
	return len(p), nil
}

// waiting is how many proposals have no outcome yet. Those of a process that
// ended never get one.
func (w *World) waiting() (n int) {
	for _, o := range w.nodes {
		if o.life != nil {
			n += o.life.asked
		}
	}
	return n
}

// leader is the node that leads with the highest term.
func (w *World) leader() (best *node) {
	var top uint64
	for _, n := range w.nodes {
		if n.life == nil || n.life.member == nil {
			continue
		}
		if term := n.life.member.Leads(); term > top {
			best, top = n, term
		}
	}
	return best
}

// operate does what the operator and the nodes do by themselves: nodes join, and
// learners that have caught up are promoted.
func (w *World) operate() {
	lead := w.leader()
	if lead == nil || w.changing != 0 && w.ticks-w.changing < 60 {
		return
	}
	w.changing = 0
	s := lead.life.member.Status()
	if s.Changing {
		return
	}
	for _, n := range w.nodes {
		switch m := membership.Find(s.Members.Members, n.id.RaftID); {
		case m == nil:
			if w.bringIn(lead, s, n) {
				return
			}
		case n.life == nil && n.known == nil && !n.first:
			n.known = s.Members
			if err := n.start(); err != nil {
				w.fail("%s cannot join: %v", n.name, err)
			}
		}
	}
	if voter := membership.CaughtUp(s, membership.Level); voter != nil {
		w.change(lead, voter)
	}
}

// bringIn has the leader let a new folder in, and says whether it does.
func (w *World) bringIn(lead *node, s member.Status, n *node) bool {
	changes, err := membership.Join(s, lead.id.RaftID, n.member(pb.MemberRole_MEMBER_ROLE_LEARNER))
	if err != nil {
		return false // its former self has to be missed first
	}
	w.change(lead, changes...)
	return true
}

func (w *World) change(lead *node, members ...*pb.Member) {
	cmd := catalogue.NewCommand(catalogue.MemberChange, "node/member", "", &pb.MemberChange{Members: members})
	data, err := sequencer.Encode([]*pb.Command{cmd}, w.now, random{w})
	if err != nil {
		w.fail("encode: %v", err)
	}
	w.changing = w.ticks
	p := &proposal{asks: []ask{{cmd: cmd}}, done: func(result) { w.changing = 0 }}
	w.turn(lead, func(l *life) {
		if l.member.Change(members, data, p) == nil {
			l.asked++
		}
	})
	w.tell("%s is asked to make %s a %s", lead.name, members[0].Name, members[0].Role)
}

// install fetches the snapshot that a node is behind, and starts it again.
func (w *World) install(n *node, m *pb.SnapshotManifest) {
	n.life.behind = nil
	i := slices.IndexFunc(w.nodes, func(o *node) bool { return o.id.RaftID == m.From })
	if i < 0 || w.nodes[i].life == nil {
		return
	}
	w.tell("%s fetches the snapshot of %d from %s", n.name, m.Index, w.nodes[i].name)
	var err error
	if !n.life.call(func() { err = n.life.fetch(w.nodes[i].life, m) }) {
		n.died()
		return
	}
	if err != nil {
		w.tell("%s: %v", n.name, err)
		return
	}
	n.end(100)
	if err := n.start(); err != nil {
		w.fail("%s does not start after it installed a snapshot: %v", n.name, err)
	}
}

// turnedAway: an older disk joins anew.
func (w *World) turnedAway(n *node, why *member.RefusedError) {
	w.tell("%s may not take part: %v", n.name, why)
	if !why.Rejoin() {
		w.fail("%s may not take part: %v", n.name, why)
	}
	n.lose()
}

// load runs under load for some ticks.
func (w *World) load(ticks int) {
	for range ticks {
		w.tick()
	}
}

// until runs until something is so, within bounds.
func (w *World) until(what string, so func() bool) {
	for range settleTicks {
		if so() {
			return
		}
		w.tick()
	}
	w.fail("after %d ticks still not so: %s (%s)", settleTicks, what, w.summary())
}

func (w *World) summary() string {
	var text string
	for _, n := range w.nodes {
		if n.life == nil {
			text += fmt.Sprintf("%s down; ", n.name)
			continue
		}
		s := n.life.member.Status()
		text += fmt.Sprintf("%s leads %v term %d proven %v applied %d of %d; ", n.name, s.Leads, s.Term, s.Proven, s.Applied, s.LastIndex)
	}
	return text
}

var errPeer = errors.New("no peer can give a copy")
