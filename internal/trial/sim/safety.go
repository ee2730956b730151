package sim

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// Somebody guesses a friend's PIN, the friend has forgotten it, and days pass meanwhile:
// the log is a sandbox's, whose business time can be moved.

// withSafety are the verbs about it.
var withSafety = map[string]bool{"advance": true, "guess-pin": true, "forget-pin": true, "new-pin": true, "seen": true}

// safety is what was told of PINs and devices: the checker's own books.
type safety struct {
	moved   int64 // how far business time was moved at least, of what was told
	days    int64 // how many days may have begun, of all that was asked for
	moves   int
	sent    uint64 // one-time codes that were asked for
	guesses [friends + 1][]pinTry
	numbers map[string]bool      // of tries, each of which is told once
	renewed [friends + 1]bool    // there was a new PIN
	forgot  [friends + 1][]int64 // when forgetting began, business time, or later
	seen    [friends + 1]int64   // days on which a device was noted
}

// pinTry is a wrong PIN: its number, and when it was reserved.
type pinTry struct {
	number uint64
	at     int64
}

// longestMove is how far one move goes, in minutes: orders close by themselves after seven
// days, and their checker does not know it.
const longestMove = 1510

// advance moves business time on by minutes.
func (c *clients) advance(r *request, step script.Step) {
	by := int64(script.Number(step.Arg("NUMBER"))) * stamp.Minute
	c.safety.moves++
	c.safety.days += by/stamp.DayMs + 1
	name := fmt.Sprint("move-", c.safety.moves)
	r.in.order, r.in.number = "clock", uint64(c.safety.moves)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.AdvanceClock, "admin/sim", "", &pb.AdvanceClock{AdvanceMs: by, Attempt: name})
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.safety.moved += by
		}
	}
}

// ofSafety begins a request about a friend's PIN.
func (c *clients) ofSafety(r *request, step script.Step) (uid uint64, consent *pb.Consent) {
	who := step.Arg("FRIEND")
	uid = friendUid(who)
	consent = c.friends.consent(uid)
	r.in.order, r.in.uid, r.in.number = "PIN of "+who, uid, consent.Counter
	r.told = func(output) {}
	return uid, consent
}

// guessPIN types a PIN that is wrong.
func (c *clients) guessPIN(r *request, step script.Step) {
	uid, consent := c.ofSafety(r, step)
	r.in.order = "" // checkSafety looks at tries
	key := fill(wallet.KeySize, 1)
	binary.BigEndian.PutUint64(key, consent.Counter)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.PinReserve, "wallet", "", &pb.PinReserve{Uid: uid, Device: consent.Device, Key: key})
	}
	r.told = func(out output) {
		if out.code != code.OK {
			return
		}
		f := uid - people
		if try := fmt.Sprint(f, " ", out.id); c.safety.numbers[try] {
			c.w.fail("pins", "two tries of F%d's PIN have the number %d", f, out.id)
		} else {
			c.safety.numbers[try] = true
		}
		c.safety.guesses[f] = append(c.safety.guesses[f], pinTry{out.id, out.at})
		c.follow(&request{
			text: "the PIN is wrong", in: input{verb: "pin", uid: uid},
			command: func() *pb.Command {
				return catalogue.NewCommand(catalogue.PinResult, "wallet", "", &pb.PinResult{Uid: uid, Number: out.id})
			},
			told: func(output) {},
		})
	}
}

// forgetPIN proves to have the phone number, by a code that was sent to it.
func (c *clients) forgetPIN(r *request, step script.Step) {
	uid, consent := c.ofSafety(r, step)
	f := uid - people
	c.safety.sent++
	proof := fill(wallet.TagSize, byte(c.safety.sent))
	sent, refused := false, false
	r.ready, r.hopeless = func() bool { return sent }, func() bool { return refused }
	c.follow(&request{
		text: "a one-time code is sent", in: input{verb: "pin", uid: uid},
		command: func() *pb.Command {
			return catalogue.NewCommand(catalogue.CodeSend, "wallet", "", &pb.CodeSend{PhoneTag: phoneTag(f), AddressTag: phoneTag(f), Proof: proof, Key: proof[:wallet.KeySize]})
		},
		told: func(out output) {
			if sent, refused = out.code == code.OK, out.code != code.OK; sent {
				c.safety.forgot[f] = append(c.safety.forgot[f], c.w.now+c.safety.moved)
			}
		},
	})
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.PinForget, "wallet", "", &pb.PinForget{Uid: uid, Proof: proof, Consent: consent})
	}
}

// newPIN sets a PIN without the old one.
func (c *clients) newPIN(r *request, step script.Step) {
	uid, consent := c.ofSafety(r, step)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.PinSet, "wallet", "", &pb.PinSet{Uid: uid, Hash: "$argon2id$sim", Consent: consent})
	}
	f := uid - people
	c.safety.renewed[f] = true
	r.told = func(out output) {
		if out.code != code.OK {
			return
		}
		waited := func(began int64) bool { return out.at-began >= wallet.ForgottenWait-clocksDiffer }
		if !slices.ContainsFunc(c.safety.forgot[f], waited) {
			c.w.fail("pins", "F%d has a new PIN, and has not waited for it", f)
		}
	}
}

// clocksDiffer is how far the leader's clock may be behind, milliseconds.
const clocksDiffer = 2 * stamp.Hour

// noteSeen says that a friend's device called.
func (c *clients) noteSeen(r *request, step script.Step) {
	uid := friendUid(step.Arg("FRIEND"))
	r.in.uid = uid
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.DeviceSeen, "wallet", "", &pb.DeviceSeen{Uid: uid, Device: wallet.DeviceID(friendKey(byte(uid - people)))})
	}
	r.told = func(out output) {
		if f := uid - people; out.code == code.OK {
			if c.safety.seen[f]++; c.safety.seen[f] > c.safety.days+1 {
				c.w.fail("pins", "the device of F%d is noted on %d days, of which there were %d at most", f, c.safety.seen[f], c.safety.days+1)
			}
		}
	}
}

// learn notes what an answer shows of a PIN.
func (*safety) learn(a answer, out *output) {
	switch rec := a.body.(type) {
	case *pb.PinTry:
		out.id, out.at = rec.GetNumber(), rec.GetUntil()-stamp.Minute
	case *pb.Enrolment:
		if out.shows = "wrong"; rec.GetRight() {
			out.shows = "right"
		}
	case *pb.Wallet:
		for _, dev := range rec.GetDevices() {
			out.at = max(out.at, dev.SeenAt)
		}
	}
}

// lost is a PIN as the checker's own bookkeeper has it: whether it was forgotten.
type lost struct{ forgotten bool }

func (s lost) step(in input, out output, unknown bool) (bool, book) {
	switch in.verb {
	case "forget-pin":
		return true, lost{s.forgotten || unknown || out.code == code.OK && out.shows == "right"}
	case "new-pin":
		switch {
		case unknown:
			return true, lost{}
		case out.code == code.OK:
			return s.forgotten, lost{}
		case out.code == code.PinTooSoon:
			return s.forgotten, s
		}
		return out.code == code.CounterUsed || out.code == code.PinNeeded && !s.forgotten, s
	}
	return false, s
}

// moving is business time as the checker's own bookkeeper has it: it may be moved.
type moving struct{}

func (s moving) step(_ input, out output, unknown bool) (bool, book) {
	return unknown || out.code == code.OK, s
}

// locks are how long a PIN is locked after the fifth wrong try in a row, the sixth and
// so on.
var locks = []int64{10 * stamp.Minute, stamp.Hour, 6 * stamp.Hour, stamp.DayMs}

// checkSafety: wrong tries come after the locks that those before them left.
func (w *World) checkSafety(n *node) {
	s := &w.clients.safety
	for f, tries := range s.guesses {
		slices.SortFunc(tries, func(a, b pinTry) int { return int(a.number) - int(b.number) })
		for i := 1; i < len(tries) && !s.renewed[f]; i++ {
			before, this := tries[i-1], tries[i]
			if lock := lockAfter(before.number); this.at < before.at+lock {
				w.fail("pins", "on %s try %d of F%d's PIN came %d ms after try %d, which locked it for %d", n.name, this.number, f, this.at-before.at, before.number, lock)
				return
			} else if lock > 0 {
				w.reach(fmt.Sprint("a PIN locked for ", lock/stamp.Minute, " min"))
			}
		}
	}
}

// swept says whether nothing is left of one-time codes whose counts are needed no more.
func (w *World) swept() bool {
	p := w.leader()
	if p == nil {
		return false
	}
	old, left := false, 0
	p.local(func(r table.Reader) {
		head, _ := machine.Head(r)
		from, to := table.Range(table.SentCodes)
		table.Of[pb.SentCode, *pb.SentCode]{ID: table.SentCodes}.Scan(r, from, to, func(_ []byte, c *pb.SentCode) bool {
			old, left = old || head.At > c.Sends.LastAt+codesKept, left+1
			return true
		})
	})
	if left == 0 && w.clients.safety.moved > 0 {
		w.reach("one-time codes forgotten")
	}
	return !old
}

// codesKept is for how long the counts of one-time codes are needed.
const codesKept = 25 * stamp.Hour

func lockAfter(number uint64) int64 {
	if number < 5 {
		return 0
	}
	return locks[min(number-5, uint64(len(locks)-1))]
}
