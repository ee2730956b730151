package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// answerIn is how long a step in the foreground may take, milliseconds.
const answerIn = 60_000

// player plays steps on a world.
type player struct {
	w *World
	// lenient players pass over steps that make no sense as things stand.
	lenient bool
}

// verbs does what each verb says. An error is a step that cannot be played or an
// expectation that does not hold.
var verbs map[string]func(*player, *script.Step) error

func init() { // the table refers to functions that play
	verbs = map[string]func(*player, *script.Step) error{
		"nodes": (*player).nothing, "seed": (*player).nothing, "broken": (*player).nothing, "keyring": (*player).nothing,
		"level": (*player).nothing, "weather": (*player).weather, "binary": (*player).binary, "raise": (*player).raise,
		"crash": (*player).crash, "restart": (*player).restart, "pause": (*player).pause, "skew": (*player).skew,
		"save": (*player).save, "slow": (*player).slow, "compact": (*player).compact, "flush": (*player).flush,
		"partition": (*player).partition, "cut": (*player).cut, "flap": (*player).flap, "heal": (*player).heal,
		"add": (*player).add, "promote": (*player).promote, "remove": (*player).remove, "replace": (*player).replace,
		"transfer": (*player).transfer, "mend": (*player).mend,
		"courier": (*player).courier, "merchant": (*player).merchant,
		"run": (*player).run, "settle": (*player).settle, "expect": (*player).expect, "show": (*player).show,
	}
	for verb := range asks { // order does not matter: a table is filled
		verbs[verb] = (*player).ask
	}
}

// play does one step.
func (pl *player) play(step *script.Step) error {
	pl.w.tell("step", "%s", step)
	if err := verbs[step.Verb()](pl, step); err != nil {
		return err
	}
	if pl.w.failure != nil {
		return pl.w.failure
	}
	return nil
}

func (pl *player) nothing(*script.Step) error { return nil }

func (pl *player) weather(s *script.Step) error {
	pl.w.net.weather = weathers[s.Words[1]]
	return nil
}

// await lets time pass until done, unless the step is in the background.
func (pl *player) await(s *script.Step, done func() bool) error {
	if s.Background || pl.w.until(answerIn, done) || pl.w.failure != nil {
		return nil
	}
	return fmt.Errorf("%s: no end after %d s", s, answerIn/1000)
}

func (pl *player) ask(s *script.Step) error {
	if why := pl.senseless(s); why != "" {
		return pl.skip(s, why)
	}
	r := pl.w.clients.begin(*s)
	return pl.await(s, func() bool { return r.done })
}

// senseless says why nobody would ask so, "" when somebody would.
func (pl *player) senseless(s *script.Step) string {
	c, v := pl.w.clients, s.Verb()
	switch {
	case (v == "pay" || v == "refund") && c.created[s.Arg("ORDER")] == 0:
		return "nobody has asked for that order; create it first"
	case ofPeople(v) && pl.w.began < transfer.Level:
		return "there are no wallets at this level"
	case v == "answer" && !c.friends.asked[s.Arg("TRANSFER")] || v == "grab" && !c.friends.asked[s.Arg("PACKET")]:
		return "nobody has asked for that yet; send or throw it first"
	case atTill[v] && v != "till" && !c.tills.asked[s.Arg("TILL")]:
		return "there is no such till; write till first"
	case atTill[v] && (script.Number(s.Arg("NUMBER")) > deskShifts || v == "scan" && script.Number(s.Arg("PAYMENT")[1:]) > deskPayments):
		return "the checker has no room for that many shifts or payments"
	case (v == "charge" || v == "reply") && script.Number(s.Arg("PAYMENT")[1:]) > screenPayments:
		return "the checker has no room for that many payments"
	case (v == "confirm" || v == "call-off") && c.codes.pocketed[s.Arg("SHOWN")+"-"+s.Arg("CASH")] == nil:
		return "nobody has asked for that cash; pocket it first"
	case (v == "find" || v == "rephone") && (script.Number(s.Arg("NUMBER")) < 1 || script.Number(s.Arg("NUMBER")) > mostNumbers):
		return "there is no such phone number"
	case v == "advance" && (script.Number(s.Arg("NUMBER")) < 1 || script.Number(s.Arg("NUMBER")) > longestMove):
		return "that is no time, or too long"
	case s.Arg("MEMBER") != "" && v != "hire" && !c.offices.asked[s.Arg("MEMBER")]:
		return "nobody has asked for that; hire them first"
	case (v == "office-key" || v == "end-office-key" || v == "key-office") && slices.ContainsFunc(s.All("NUMBER"), func(n string) bool { return script.Number(n) >= officeKeys }):
		return "the checker has no room for that many passkeys"
	case withPasskeys[v] && (script.Number(s.Arg("NUMBER")) < 1 || script.Number(s.Arg("NUMBER")) > passkeysKnown):
		return "the checker has no room for such a passkey"
	case withShops[v] && v != "apply" && !c.shops.asked[s.Arg("FRIEND")+" "+s.Arg("SHOP")]:
		return "nobody has asked for that shop; apply for it first"
	case v == "visit" && script.Number(s.Arg("PAYMENT")[1:]) > shopPayments:
		return "the checker has no room for that many payments"
	case v == "turn-down" && (script.Number(s.Arg("NUMBER")) < 1 || script.Number(s.Arg("NUMBER")) > shopRefusals):
		return "there is no such reason"
	case v == "report" && !c.friends.asked[s.Arg("TRANSFER")]:
		return "nobody has asked for that transfer; send it first"
	case (v == "reply-report" || v == "close-report") && !c.offices.asked[reportName(s.Arg("REPORT"), friendUid(s.Arg("FRIEND")))]:
		return "nobody has asked for that; report it first"
	case v == "erase" && !c.entered.asked[s.Arg("ENTRANT")]:
		return "nobody has asked for that; enter them first"
	case v == "reply" && c.codes.asked[codeNo(s.Arg("SHOWN"), s.Arg("PAYMENT"))].shop == "":
		return "nobody has asked for that payment; charge it first"
	case (v == "open" || v == "count") && script.Number(s.Arg("NUMBER")) == 0:
		return "shifts are numbered from 1"
	}
	return ""
}

func (pl *player) node(s *script.Step) *node { return pl.w.node(s.Arg("NODE")) }

// shock allows for some terms more.
func (pl *player) shock(n uint64) { pl.w.seen.shocks += n }

func (pl *player) crash(s *script.Step) error {
	n := pl.node(s)
	pl.shock(3)
	if !s.Has("append") {
		pl.w.crash(n)
		return nil
	}
	if n.process == nil {
		return nil
	}
	n.disk.log.cutPower = func() bool { return pl.w.chance.oneIn(2) }
	return nil
}

func (pl *player) restart(s *script.Step) error {
	n := pl.node(s)
	pl.shock(3)
	if s.Has("with") && !pl.w.well(n) {
		return pl.skip(s, "another node is not well: the promise is about a minority")
	}
	switch {
	case s.Has("old"):
		if n.saved == nil || n.saved.id != n.disk.id {
			return pl.skip(s, "no copy of its disk was saved")
		}
		pl.w.crash(n)
		pl.w.reach("older disk")
		n.disk, n.oldKeys = n.saved.clone(), pl.w.keyed
		pl.w.start(n)
		// What else happens waits until it is known what becomes of the node.
		pl.w.until(5000, func() bool { return n.process == nil || n.process.member.Status().Proven })
		return nil
	case s.Has("lost"):
		pl.w.crash(n)
		pl.w.reach("lost disk")
		n.disk, n.refused = nil, nil
		return nil
	case s.Has("foreign"):
		pl.w.crash(n)
		n.disk = foreignDisk(pl.w, n)
	case s.Has("copy"):
		from := pl.w.node(s.All("NODE")[1])
		if from.disk == nil || n.disk != nil {
			return pl.skip(s, "there is nothing to copy, or a folder in the way")
		}
		n.disk, n.copyOf = from.disk.clone(), from
	}
	pl.w.crash(n)
	if n.disk != nil && n.refused == nil && (n.starts > 0 || s.Has("with")) {
		pl.w.start(n)
	}
	return nil
}

// skip passes over a step that makes no sense as things stand: a random script
// goes on, a written one is wrong.
func (pl *player) skip(s *script.Step, why string) error {
	if !pl.lenient {
		return fmt.Errorf("%s: %s", s, why)
	}
	pl.w.tell("step", "passed over: %s", why)
	return nil
}

// well says whether every other wanted node is up, takes part, has the role it
// shall have, and is connected with all.
func (w *World) well(besides *node) bool {
	p := w.leader()
	if p == nil || w.anyCut() {
		return false
	}
	s := p.member.Status()
	if s.Changing {
		return false
	}
	for _, n := range w.nodes {
		if _, wanted := w.operator.wanted[n.name]; !wanted {
			continue
		}
		if n.disk == nil || membership.Find(s.Members.Members, n.disk.id.RaftID).GetRole() != pb.MemberRole_MEMBER_ROLE_VOTER {
			return false
		}
		if n != besides && n.oldKeys && !w.hasKeys(n) {
			return false
		}
		if n != besides && (n.process == nil || !n.process.member.Status().Proven || n.pausedUntil > w.now || n.slow > 0) {
			return false
		}
	}
	return true
}

// foreignDisk is a folder of another cluster.
func foreignDisk(w *World, n *node) *disk {
	d := newDisk(identity.Identity{ClusterID: w.chance.nonzero(), RaftID: w.chance.nonzero(), Incarnation: w.chance.nonzero()})
	if w.broken.takesAnyFolder {
		d.id = n.disk.id
	}
	w.byID[d.id.RaftID] = n
	d.known = &pb.Members{Index: 1}
	for _, other := range w.nodes {
		if other != n && other.disk != nil {
			d.known.Members = append(d.known.Members, other.member(pb.MemberRole_MEMBER_ROLE_VOTER))
		}
	}
	return d
}

func (pl *player) pause(s *script.Step) error {
	n, ms := pl.node(s), script.Millis(s.Arg("TIME"))
	pl.shock(2 + uint64(ms)/2000)
	n.pausedUntil = max(n.pausedUntil, pl.w.now+ms)
	return nil
}

func (pl *player) skew(s *script.Step) error {
	pl.shock(2)
	pl.node(s).skew += script.Millis(s.Arg("OFFSET"))
	return nil
}

func (pl *player) save(s *script.Step) error {
	n := pl.node(s)
	if n.disk == nil {
		return pl.skip(s, "it has no disk")
	}
	n.saved = n.disk.clone()
	return nil
}

func (pl *player) slow(s *script.Step) error {
	pl.shock(4)
	pl.node(s).slow = script.Millis(s.Arg("TIME"))
	return nil
}

func (pl *player) compact(s *script.Step) error {
	if p := pl.node(s).process; p != nil {
		p.compact(0)
	}
	return nil
}

func (pl *player) flush(s *script.Step) error {
	if d := pl.node(s).disk; d != nil {
		d.state.flush()
	}
	return nil
}

// binary installs a version on a node, which it runs from its next start on.
func (pl *player) binary(s *script.Step) error {
	pl.node(s).knows = uint32(script.Number(s.Arg("NUMBER")))
	return nil
}

// raise sets the feature level, as an operator does who does not ask first.
func (pl *player) raise(s *script.Step) error {
	w, done := pl.w, false
	body := &pb.SetLevel{Level: uint32(script.Number(s.Arg("NUMBER"))), Version: "sim"}
	pl.shock(2)
	var try func()
	try = func() {
		if done {
			return
		}
		w.after(2000, try)
		if p := w.leader(); p != nil {
			p.post(func() {
				p.do(machine.SetLevel.New("admin/sim", "", body), func(a answer) {
					done = done || a.refused != code.NotLeader && a.refused != code.Unknown
					w.tell("operator", "sets level %d: %s %s", body.Level, a.refused, a.code)
				})
			})
		}
	}
	try()
	return pl.await(s, func() bool { return done })
}

func (pl *player) partition(s *script.Step) error {
	left, right := s.Groups()
	pl.shock(4)
	for _, a := range left {
		for _, b := range right {
			x, y := pl.w.node(a).place, pl.w.node(b).place
			pl.w.cutLink(x, y)
			pl.w.cutLink(y, x)
		}
	}
	return nil
}

func (pl *player) cut(s *script.Step) error {
	pl.shock(4)
	nodes := s.All("NODE")
	pl.w.cutLink(pl.w.node(nodes[0]).place, pl.w.node(nodes[1]).place)
	return nil
}

func (pl *player) flap(s *script.Step) error {
	pl.shock(20)
	nodes := s.All("NODE")
	pl.w.flap(pl.w.node(nodes[0]).place, pl.w.node(nodes[1]).place, script.Millis(s.Arg("TIME")))
	return nil
}

func (pl *player) heal(*script.Step) error {
	pl.shock(2)
	pl.w.heal()
	return nil
}

func (pl *player) add(s *script.Step) error {
	n := pl.node(s)
	pl.shock(2)
	if _, wanted := pl.w.operator.wanted[n.name]; wanted {
		return pl.skip(s, "it is a member")
	}
	if n.disk != nil && pl.role(n) != pb.MemberRole_MEMBER_ROLE_REMOVED && !pl.w.well(n) {
		return pl.skip(s, "its removal is not certain, and another node is not well: with its folder the majority could be lost")
	}
	pl.w.crash(n)
	n.disk, n.refused, n.starts, n.copyOf = newDisk(pl.w.identity(n)), nil, 0, nil
	pl.w.operator.wanted[n.name] = false
	return pl.await(s, func() bool {
		r := pl.role(n)
		return (r == pb.MemberRole_MEMBER_ROLE_LEARNER || r == pb.MemberRole_MEMBER_ROLE_VOTER) && n.process != nil
	})
}

func (pl *player) promote(s *script.Step) error {
	n := pl.node(s)
	pl.shock(2)
	if _, ok := pl.w.operator.wanted[n.name]; !ok {
		return pl.skip(s, "it is no member; add it first")
	}
	pl.w.operator.wanted[n.name] = true
	return pl.await(s, func() bool { return pl.role(n) == pb.MemberRole_MEMBER_ROLE_VOTER })
}

func (pl *player) remove(s *script.Step) error {
	n := pl.node(s)
	pl.shock(4)
	delete(pl.w.operator.wanted, n.name)
	return pl.await(s, func() bool { return pl.role(n) == pb.MemberRole_MEMBER_ROLE_REMOVED })
}

func (pl *player) replace(s *script.Step) error {
	n := pl.node(s)
	pl.shock(4)
	if _, ok := pl.w.operator.wanted[n.name]; !ok || !pl.w.well(n) {
		return pl.skip(s, "it is no member, or another node is not well")
	}
	pl.w.crash(n)
	n.disk, n.refused, n.starts = newDisk(pl.w.identity(n)), nil, 0
	return pl.await(s, func() bool { return pl.role(n) == pb.MemberRole_MEMBER_ROLE_VOTER })
}

// role is what the leader's list says of a node's folder.
func (pl *player) role(n *node) pb.MemberRole {
	p := pl.w.leader()
	if p == nil || n.disk == nil {
		return pb.MemberRole_MEMBER_ROLE_UNSPECIFIED
	}
	return membership.Find(p.member.Status().Members.Members, n.disk.id.RaftID).GetRole()
}

func (pl *player) transfer(s *script.Step) error {
	n := pl.node(s)
	pl.shock(3)
	if p := pl.w.leader(); p != nil && n.disk != nil {
		p.post(func() { p.member.Transfer(n.disk.id.RaftID) })
	}
	return pl.await(s, func() bool { p := pl.w.leader(); return p != nil && p.node == n })
}

func (pl *player) mend(s *script.Step) error {
	pl.w.operator.mends = s.Words[1] == "on"
	return nil
}

func (pl *player) courier(s *script.Step) error {
	c := pl.w.couriers[script.Number(s.Arg("COURIER")[1:])-1]
	switch s.Words[2] {
	case "start":
		c.start()
	case "stop":
		c.stop()
	case "crash":
		c.crash()
	case "pause":
		c.pausedUntil = max(c.pausedUntil, pl.w.now+script.Millis(s.Arg("TIME")))
	}
	return nil
}

func (pl *player) merchant(s *script.Step) error {
	pl.w.merchant.down = s.Words[1] == "down"
	return nil
}

func (pl *player) run(s *script.Step) error {
	pl.w.advance(pl.w.now + script.Millis(s.Arg("TIME")))
	return nil
}

func (pl *player) settle(*script.Step) error {
	pl.w.settle()
	return nil
}

// expect compares what is with what the step says.
func (pl *player) expect(s *script.Step) error {
	var got, want string
	switch n := pl.node(s); {
	case s.Arg("ORDER") != "":
		return pl.expectOrder(s)
	case s.Has("digests"):
		return pl.expectDigests(s)
	case s.Has("leader"):
		got, want = "nobody", n.name
		if p := pl.w.leader(); p != nil {
			got = p.node.name
		}
	case s.Has("refused"):
		got, want = "it takes part", s.Arg("REASON")
		if n.refused != nil {
			got = reasons[n.refused.Why]
		}
	case s.Has("outdated"):
		got, want = "it runs, or stopped for another reason", "outdated"
		if n.outdated != nil {
			got = "outdated"
		}
	case s.Has("stopped"):
		got, want = "running", "stopped"
		if n.process == nil {
			got = "stopped"
		}
	case s.Arg("ROLE") != "":
		got, want = roleName(pl.role(n)), s.Arg("ROLE")
	case s.Has("voters"):
		want = s.Arg("NUMBER")
		if p := pl.w.leader(); p != nil {
			got = fmt.Sprint(len(p.member.Status().Voters))
		}
	case s.Has("terms"):
		if pl.w.seen.term > script.Number(s.Arg("NUMBER")) {
			return fmt.Errorf("%s: term %d was reached", s, pl.w.seen.term)
		}
	}
	if got != want {
		return fmt.Errorf("%s: found %s", s, got)
	}
	return nil
}

var reasons = map[member.Refusal]string{
	member.Removed: "removed", member.RolledBack: "rolled-back", member.OtherCluster: "other-cluster",
	member.OtherIncarnation: "other-incarnation", member.Superseded: "superseded", member.NeverLetIn: "never-let-in",
}

func roleName(r pb.MemberRole) string {
	return strings.ToLower(strings.TrimPrefix(r.String(), "MEMBER_ROLE_"))
}

func (pl *player) expectOrder(s *script.Step) error {
	query := script.MustStep("query " + s.Arg("ORDER"))
	r := pl.w.clients.begin(query)
	r.via = pl.node(s)
	if !pl.w.until(answerIn, func() bool { return r.done }) {
		return fmt.Errorf("%s: no answer", s)
	}
	if got := stateName(r.out.order); got != s.Arg("STATE") {
		return fmt.Errorf("%s: found %s", s, got)
	}
	return nil
}

func stateName(v view) string {
	switch {
	case !v.there:
		return "none"
	case v.closed:
		return "CLOSED"
	case v.payer == 0:
		return "NOTPAY"
	case v.refunding > 0:
		return "REFUND"
	}
	return "SUCCESS"
}

// expectDigests waits until all nodes are at the leader's index; equality at
// each index is watched all the time.
func (pl *player) expectDigests(s *script.Step) error {
	if !pl.w.until(answerIn, pl.w.level) && pl.w.failure == nil {
		return fmt.Errorf("%s: the nodes do not come to one index", s)
	}
	return nil
}

// level says whether all running nodes have applied what is committed.
func (w *World) level() bool {
	p := w.leader()
	if p == nil || !p.caughtUp() {
		return false
	}
	for _, n := range w.nodes {
		if n.process != nil && n.copyOf == nil && n.process.applied != p.applied {
			return false
		}
	}
	return true
}

// caughtUp says whether a leader has applied everything that was ever committed. It
// knows how far that is once an entry of its own term is.
func (p *process) caughtUp() bool {
	term, err := p.disk.log.Term(p.applied)
	return err == nil && term == p.member.Leads() && p.applied == p.member.Status().Commit
}

// show writes down how things stand, for the reader of a script.
func (pl *player) show(s *script.Step) error {
	lines, err := pl.shown(s)
	if err != nil {
		return err
	}
	old := s.Shown
	s.Shown = lines
	if !slices.Equal(old, lines) {
		return &Shown{Want: old, Got: lines}
	}
	return nil
}

// Shown says that a show step shows something else than the script says.
type Shown struct{ Want, Got []string }

func (e *Shown) Error() string {
	return fmt.Sprintf("it shows\n> %s\nwhere the script says\n> %s", strings.Join(e.Got, "\n> "), strings.Join(e.Want, "\n> "))
}

// subject is what a notice tells of, "order 3".
func subject(n *pb.Notice) string {
	kind, id := notice.Subject(n)
	k, _ := machine.Rules().Kind(kind)
	return fmt.Sprintf("%s %d", k.Name, id)
}

func (pl *player) shown(s *script.Step) (lines []string, err error) {
	p := pl.w.leader()
	if p == nil {
		return nil, errors.New("there is no leader to ask")
	}
	if s.Has("members") {
		for _, m := range p.member.Status().Members.Members {
			lines = append(lines, fmt.Sprintf("%s %s", m.Name, roleName(m.Role)))
		}
		return lines, nil
	}
	p.local(func(r table.Reader) {
		if s.Has("notices") {
			each := func(n *pb.Notice) bool {
				state := strings.TrimPrefix(n.State.String(), "NOTICE_STATE_")
				lines = append(lines, fmt.Sprintf("notice %d of %s: %s, received %v", n.Id, subject(n), state, pl.w.merchant.got[n.Id] > 0))
				return true
			}
			notice.Owed(r, 0, each)
			notice.Ended(r, 0, each)
			return
		}
		for _, name := range s.All("ORDER") {
			o, ok := order.ByNumber(r, shopOf(name), tradeNo(name))
			if !ok {
				o = nil
			}
			lines = append(lines, name+": "+viewOf(o).String())
		}
	})
	return lines, nil
}
