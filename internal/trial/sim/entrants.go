package sim

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// Entrants, E1 and so on, are people whose details are sealed under keys of their own,
// and erased.

// withKeys are the verbs about them.
var withKeys = map[string]bool{"enter": true, "erase": true}

// entries are what was told of entrants.
type entries struct {
	asked  map[string]bool
	uids   map[string]uint64
	over   map[string]bool
	there  map[string]bool
	erased map[string]bool
}

func newEntries() entries {
	return entries{asked: map[string]bool{}, uids: map[string]uint64{}, over: map[string]bool{}, there: map[string]bool{}, erased: map[string]bool{}}
}

// enter has a person's details sealed under a fresh key at each try.
func (c *clients) enter(r *request, step script.Step) {
	name := step.Arg("ENTRANT")
	r.in.order = name
	c.entered.asked[name] = true
	r.seals = func(key string) *pb.Command {
		return catalogue.NewCommand(catalogue.PersonEnter, "admin/sim", "", &pb.PersonEnter{
			Ref: name, Details: &pb.Sealed{KeyId: key, Box: []byte("sealed under " + key), Hash: []byte(fmt.Sprintf("%16s", name))},
		})
	}
	r.told = func(out output) {
		c.entered.over[name] = true
		c.entered.there[name] = c.entered.there[name] || out.code == code.OK
	}
}

func (c *clients) erase(r *request, step script.Step) {
	name := step.Arg("ENTRANT")
	r.in.order = name
	r.ready = func() bool { return c.entered.uids[name] != 0 }
	r.hopeless = func() bool { return c.entered.over[name] && c.entered.uids[name] == 0 }
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.PersonErase, "admin/sim", "", &pb.PersonErase{Uid: c.entered.uids[name]})
	}
	r.told = func(out output) { c.entered.erased[name] = c.entered.erased[name] || out.code == code.OK }
}

// learn notes who somebody is.
func (e *entries) learn(name string, a answer) {
	if p, ok := a.body.(*pb.Person); ok && p.GetUid() != 0 {
		e.uids[name] = p.Uid
	}
}

// entrant is one of them as the checker's own bookkeeper has it.
type entrant struct{ there, erased bool }

func (e entrant) step(in input, out output, unknown bool) (bool, book) {
	want := code.OK
	switch {
	case in.verb == "erase" && e.there:
		e.erased = true
	case in.verb == "erase":
		want = code.PersonNotFound
	case e.erased:
		want = code.PersonErased
	default:
		e.there = true
	}
	return unknown || out.code == want, e
}

// checkEntrants: who entered is there, and who was erased has no details.
func (w *World) checkEntrants(n *node, r table.Reader) {
	for name := range w.clients.entered.there { // order does not matter: any one is a failure
		p, ok := person.ByRef(r, name)
		switch {
		case w.clients.entered.there[name] && !ok:
			w.fail("acknowledged", "%s does not have %s, who entered", n.name, name)
		case w.clients.entered.erased[name] && (p.GetErasedAt() == 0 || p.GetDetails() != nil):
			w.fail("acknowledged", "%s has details of %s, who was erased", n.name, name)
		}
	}
}

// seal is the node's side of a request that has something sealed.
func (c *clients) seal(p *process, r *request, reply func(answer)) {
	if p.ring == nil {
		p.do(r.seals(fmt.Sprintf("%032x", c.w.chance.Uint64())), reply)
		return
	}
	p.mint(func(key string) {
		if key == "" {
			reply(answer{refused: code.Overloaded}) // no majority has it
			return
		}
		p.do(r.seals(key), reply)
	})
}
