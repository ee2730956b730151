package sim

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/engine/membership"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// Where a script says `keyring`, each node has one on its disk. What engine/keyring
// decides is asked there; the network and the times of run/node are done by events.

// wrapped is what data keys are wrapped under, as all nodes' keystores have it.
type wrapped struct{}

var wrappedBy = fmt.Sprintf("%032x", 1)

func (w wrapped) Current() (id string, key []byte, err error) {
	key, _ = w.Key(wrappedBy)
	return wrappedBy, key, nil
}

func (wrapped) Key(id string) (key []byte, ok bool) { return fill(32, 5), id == wrappedBy }

func openRing(disk *vfs.MemFS, wall func() int64) (*keyring.Ring, error) {
	return keyring.Open(keyring.Options{FS: disk, Wrapping: wrapped{}, Now: func() time.Time { return time.UnixMilli(wall()) }})
}

// friendKeys are the keys of friends' details, the same for all runs.
var friendKeys = sync.OnceValue(func() (list []*pb.DataKey) {
	before := rand.Reader
	defer func() { rand.Reader = before }()
	rand.Reader = reader{newChance(1)}
	ring, err := openRing(vfs.NewCrashableMem(), func() int64 { return start - 1000 })
	must.That(err == nil, "a keyring can be made: %v", err)
	list, err = ring.Mint(friends)
	must.That(err == nil, "data keys can be drawn: %v", err)
	return list
})

// keep puts the keys of friends' details onto a disk.
func (d *disk) keep() {
	ring, err := openRing(d.keys, func() int64 { return start })
	must.That(err == nil && ring.Put(friendKeys()) == nil, "a new keyring takes keys")
}

// lacking is how many data keys a node lacked at its last count.
type lacking struct{ at, missing uint64 }

// health is what the node tells of itself.
func (p *process) health() *pb.NodeHealth {
	if p.ring == nil {
		return &pb.NodeHealth{KeysAt: p.applied}
	}
	return &pb.NodeHealth{KeysAt: p.lacking.at, KeysMissing: p.lacking.missing}
}

// fetchKeysEvery is how often a node looks what keys its peers have.
const fetchKeysEvery = 2000

// keyChores deletes what was erased, counts what is lacking, and fetches that.
func (p *process) keyChores() {
	var ids []string
	p.local(func(r table.Reader) {
		ids = p.erasures.Find(r)
		p.lacking = lacking{p.applied, p.ring.Lacking(r)}
	})
	if !membership.Near(p.member.Status(), p.lacking.at) {
		p.lacking.at = 0
	}
	if len(ids) > 0 && !p.w.broken.keepsErased {
		if err := p.ring.Delete(ids...); err != nil {
			p.stop(err)
			return
		}
		p.erasures.Deleted()
		p.w.reach("erased keys deleted")
	}
	if p.w.now-p.fetchedAt >= fetchKeysEvery && !p.w.broken.fetchesNoKeys {
		p.fetchedAt = p.w.now
		p.fetchKeys()
	}
}

func (p *process) fetchKeys() {
	for _, peer := range p.member.Status().Peers {
		if to := p.w.byRaftID(peer.Member.RaftId); peer.Fit() && to != nil {
			p.walk(to, p.ring.Walk())
		}
	}
}

// walk asks a peer for one part after the other; an answer that is lost ends it.
func (p *process) walk(to *node, walk *keyring.Walk) {
	req := walk.Next()
	if req == nil {
		return
	}
	p.call(to, func(other *process) (reply func()) {
		a, err := other.ring.Answer(req)
		must.That(err == nil, "a keyring in memory can be read: %v", err)
		return func() {
			if len(a.Keys) > 0 {
				p.w.reach("data keys fetched")
			}
			if err := walk.Take(a); err != nil {
				p.stop(err)
				return
			}
			p.walk(to, walk)
		}
	})
}

// call has another node do something, and what it returns done here.
func (p *process) call(to *node, do func(other *process) (reply func())) {
	w, from := p.w, p.node.place
	w.send(from, to.place, false, func() {
		other := to.process
		if other == nil || other.ring == nil {
			return
		}
		other.post(func() {
			reply := do(other)
			w.send(to.place, from, false, func() {
				if !p.dead {
					p.post(reply)
				}
			})
		})
	})
}

// giveFor is how long a node tries to give a new key to a majority, milliseconds.
const giveFor = 1000

// mint draws a data key. then gets its name once a command may name it, or "".
func (p *process) mint(then func(id string)) {
	list, err := p.ring.Mint(1)
	if err != nil {
		p.stop(err)
		return
	}
	id := hex.EncodeToString(list[0].Id)
	p.w.remember(p.ring, id)
	s := p.member.Status()
	gift, told := keyring.NewGift(s.Voters, p.disk.id.RaftID), false
	tell := func(id string) {
		if !told {
			told = true
			then(id)
		}
	}
	p.w.after(giveFor, func() { p.post(func() { tell("") }) })
	if p.w.broken.namesOwnKeys {
		tell(id)
		return
	}
	for _, peer := range s.Peers {
		if to := p.w.byRaftID(peer.Member.RaftId); to != nil {
			p.give(to, peer.Member.RaftId, list, gift, func() { tell(id) })
		}
	}
	if gift.Enough() {
		tell(id)
	}
}

func (p *process) give(to *node, id uint64, list []*pb.DataKey, gift *keyring.Gift, enough func()) {
	p.call(to, func(other *process) (reply func()) {
		if other.disk.id.RaftID != id {
			return func() {}
		}
		if err := other.ring.Put(list); err != nil {
			other.stop(err)
			return func() {}
		}
		return func() {
			if gift.Took(id); gift.Enough() {
				enough()
			}
		}
	})
}

// remember notes what a key is, for the checker.
func (w *World) remember(ring *keyring.Ring, id string) {
	key, err := ring.Get(id)
	must.That(err == nil, "a key that was drawn can be read: %v", err)
	w.seen.keys[id] = string(key)
}

// keysLevel says whether each wanted node has the keys that its state names, and none
// of those that it erased.
func (w *World) keysLevel() bool {
	return !slices.ContainsFunc(w.nodes, func(n *node) bool {
		_, wanted := w.operator.wanted[n.name]
		return wanted && n.process != nil && n.process.keyTrouble() != ""
	})
}

// hasKeys says whether a node whose keyring was an older one has what it should have
// again: until then it has lost something, and no other may.
func (w *World) hasKeys(n *node) bool {
	n.oldKeys = n.process == nil || n.process.keyTrouble() != ""
	return !n.oldKeys
}

// seldom asks at most every tenth of a second.
func (w *World) seldom(done func() bool) func() bool {
	asked := int64(0)
	return func() bool {
		if w.now < asked+100 {
			return false
		}
		asked = w.now
		return done()
	}
}

// keyTrouble says what is wrong with a node's keys, "" for nothing.
func (p *process) keyTrouble() (trouble string) {
	p.local(func(r table.Reader) {
		person.List(r, func(q *pb.Person) bool {
			if id := q.Details.GetKeyId(); id != "" {
				trouble = p.unreadable(id)
			}
			return trouble == ""
		})
		person.Erased(r, func(k *pb.ErasedKey) bool {
			if _, err := p.ring.Get(k.KeyId); trouble == "" && !errors.Is(err, keyring.ErrGone) {
				trouble = fmt.Sprintf("of person %d were erased, and their key is there (%v)", k.Uid, err)
			}
			return trouble == ""
		})
	})
	return trouble
}

func (p *process) unreadable(id string) string {
	key, err := p.ring.Get(id)
	was, minted := p.w.seen.keys[id]
	if err != nil || minted && was != string(key) {
		return fmt.Sprintf("are under key %s, which is not there or another (%v)", id, err)
	}
	return ""
}

// checkKeys: the details that a state names can be read, and erased ones by nobody.
func (w *World) checkKeys(n *node) {
	if n.process.ring == nil {
		return
	}
	if trouble := n.process.keyTrouble(); trouble != "" {
		w.fail("keys", "details on %s %s", n.name, trouble)
	}
}
