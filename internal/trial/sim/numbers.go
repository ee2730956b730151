package sim

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// Friends have phone numbers, 1 to 3 at the beginning, by which others find them, change
// them, and hide. Numbers up to 60 are there to be looked up, nobody's if not theirs.

// withNumbers are the verbs about phone numbers.
var withNumbers = map[string]bool{"find": true, "hide": true, "rephone": true}

// allNumbers is what the numbers of all friends are called together.
const allNumbers = "phone numbers"

const (
	mostNumbers = 60
	// foundBefore is how many strangers F3 has looked up when a run begins: the numbers
	// from firstFound on.
	foundBefore = transfer.StrangersADay - 2
	firstFound  = 31
)

func phoneTag(number uint64) []byte { return fill(wallet.TagSize, byte(number)) }

// numberCommands have F3 look strangers up.
func numberCommands(level uint32) (list []*pb.Command) {
	if level < transfer.Level {
		return nil
	}
	for n := range uint64(foundBefore) {
		list = append(list, lookup(people+friends, firstFound+n))
	}
	return list
}

func lookup(uid, number uint64) *pb.Command {
	return catalogue.NewCommand(catalogue.PayeeLookup, "wallet", "", &pb.PayeeLookup{
		Uid: uid, Device: wallet.DeviceID(friendKey(byte(uid - people))), PhoneTag: phoneTag(number),
	})
}

// byNumber begins a request about phone numbers.
func (c *clients) byNumber(r *request, step script.Step) {
	r.in.order, r.in.uid, r.in.number = allNumbers, friendUid(step.Arg("FRIEND")), script.Number(step.Arg("NUMBER"))
	r.told = func(output) {}
}

// find looks a number up.
func (c *clients) find(r *request, step script.Step) {
	c.byNumber(r, step)
	r.command = func() *pb.Command { return lookup(r.in.uid, r.in.number) }
}

// hide says whether others find a friend.
func (c *clients) hide(r *request, step script.Step) {
	c.byNumber(r, step)
	consent := c.friends.consent(r.in.uid)
	r.in.number = consent.Counter
	if r.in.by = "show"; step.Has("on") {
		r.in.by = "hide"
	}
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.PayeeHide, "wallet", "", &pb.PayeeHide{Uid: r.in.uid, Hidden: r.in.by == "hide", Consent: consent})
	}
}

// rephone has an operator give a friend another number, in place of the one that was last
// known.
func (c *clients) rephone(r *request, step script.Step) {
	c.byNumber(r, step)
	uid, number := r.in.uid, r.in.number
	before := c.numbers[uid-people]
	if before == 0 {
		before = uid - people
	}
	r.in.amount = int64(before)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.PersonPhone, "admin/sim", "", &pb.PersonPhone{
			Uid: uid, PhoneTag: phoneTag(number), Before: fill(16, byte(before)),
			Details: &pb.Sealed{KeyId: hex.EncodeToString(friendKeys()[uid-people-1].Id), Box: fill(40, byte(number)), Hash: fill(16, byte(number))},
		})
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.numbers[uid-people] = number
		}
	}
}

// learnNumber notes what an answer shows of a number.
func learnNumber(a answer, out *output) {
	if rec, ok := a.body.(*pb.Payee); ok {
		out.shows = foundAs(rec.GetUid())
	}
}

func foundAs(uid uint64) string {
	if uid == 0 {
		return "nobody"
	}
	return friendName(uid)
}

// directory is all numbers as the checker's own bookkeeper has them.
type directory struct {
	changed [friends + 1]uint64 // 0 while a friend has their first number
	hidden  [friends + 1]bool
	found   [friends + 1]uint64 // a bit for each number that a friend looked up
	used    string              // consents, "F1#4 F2#3"
}

func (d directory) step(in input, out output, unknown bool) (bool, book) {
	want, shows, next := d.expect(in)
	return unknown || out.code == want && (shows == "" || out.shows == shows), next
}

func (d directory) expect(in input) (code.Code, string, directory) {
	me := in.uid - people
	switch in.verb {
	case "find":
		return d.find(me, in.number)
	case "hide":
		who := friendName(in.uid) + "#" + strconv.FormatUint(in.number, 10)
		used, hidden := strings.Fields(d.used), in.by == "hide"
		switch {
		case slices.Contains(used, who):
			return code.CounterUsed, "", d
		case d.hidden[me] == hidden:
			return code.NothingToDo, "", d
		}
		used = append(used, who)
		slices.Sort(used)
		d.hidden[me], d.used = hidden, strings.Join(used, " ")
		return code.OK, "", d
	}
	other := d.who(in.number)
	switch {
	case other == me:
	case d.number(me) != uint64(in.amount):
		return code.PersonChanged, "", d
	case other != 0:
		return code.PhoneTaken, "", d
	default:
		d.changed[me] = in.number
	}
	return code.OK, "", d
}

func (d directory) number(friend uint64) uint64 {
	if n := d.changed[friend]; n != 0 {
		return n
	}
	return friend
}

// who has a number, 0 for nobody.
func (d directory) who(number uint64) uint64 {
	for f := uint64(1); f <= friends; f++ {
		if d.number(f) == number {
			return f
		}
	}
	return 0
}

func (d directory) find(me, number uint64) (code.Code, string, directory) {
	found := d.who(number)
	if found != 0 && d.hidden[found] {
		found = 0
	}
	shows := "nobody"
	if found != 0 {
		shows = fmt.Sprint("F", found)
	}
	bit := uint64(1) << number
	switch {
	case found == me, d.before(me)&bit != 0:
		return code.OK, shows, d
	case ones(d.before(me)) >= transfer.StrangersADay:
		return code.LookupsTooMany, "", d
	}
	d.found[me] |= bit
	return code.OK, shows, d
}

// before is what a friend looked up, before the run too.
func (d directory) before(friend uint64) uint64 {
	bits := d.found[friend]
	if friend == friends {
		bits |= (1<<foundBefore - 1) << firstFound
	}
	return bits
}

func ones(bits uint64) int { return strings.Count(strconv.FormatUint(bits, 2), "1") }
