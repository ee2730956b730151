package sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// A friend shows a code to a till: V1 is one of F2's, V2 of F3's, V3 of F1's and so on.
// It is made when it is first asked for, and who reads it there is edge/judge.

func shower(name string) uint64 { return people + 1 + script.Number(name[1:])%friends }

// codeTills is how many tills there are from the beginning, one a merchant, which read
// codes; they have the numbers from 1 on.
const codeTills = merchants

// shownCommands give each merchant a till and each friend a PIN and an alias.
func shownCommands(level uint32) (list []*pb.Command) {
	if level < paycode.Level {
		return nil
	}
	for i := range codeTills {
		name := fmt.Sprint("O", i)
		list = append(list, catalogue.NewCommand(catalogue.TillAdd, "sim", "", &pb.TillAdd{Mchid: shopOf(name), Name: "counter", Token: tokenOf(name)}))
	}
	for uid := uint64(people + 1); uid <= people+friends; uid++ {
		list = append(list,
			catalogue.NewCommand(catalogue.PinSet, "sim", "", &pb.PinSet{Uid: uid, Hash: "$argon2id$sim", Consent: consentOf(uid, 2)}),
			catalogue.NewCommand(catalogue.PayCodeRenew, "sim", "", &pb.PayCodeRenew{Uid: uid, Alias: firstAlias(uid), Consent: consentOf(uid, 1)}))
	}
	return list
}

const nobodysAlias = 300_000_000

func firstAlias(uid uint64) uint32  { return uint32(100_000_000 + uid) }
func secondAlias(uid uint64) uint32 { return uint32(200_000_000 + uid) }

// hashes stand in for those that are made under a key of the keystore.
type hashes struct{}

func (hashes) Tag(_ context.Context, what, of string) ([]byte, error) {
	sum := sha256.Sum256([]byte(what + "\n" + of))
	return sum[:], nil
}

// showing is a code on a friend's screen.
type showing struct {
	step   uint64
	digits string
}

// show is a code, made when it is first wanted.
func (c *clients) show(name string) showing {
	s, ok := c.codes.showing[name]
	if !ok {
		uid := shower(name)
		s = showing{step: uint64(c.w.now) / paycode.StepMs}
		s.digits = paycode.Make(secretOf(uid, c.codes.alias(uid)), c.codes.alias(uid), s.step, uint32(script.Number(name[1:])/friends%paycode.Taps))
		c.codes.showing[name] = s
	}
	return s
}

func secretOf(uid uint64, alias uint32) []byte {
	secret, err := judge.Secret(context.Background(), hashes{}, alias, wallet.DeviceID(friendKey(byte(uid-people))))
	must.That(err == nil, "a secret can be made: %v", err)
	return secret
}

// screens is what was told of shown codes: the checker's own books, kept from answers
// alone.
type screens struct {
	showing map[string]showing
	renewed map[uint64]bool  // friends who have their second alias
	asked   map[string]first // by order
	ids     map[string]uint64
	over    map[string]bool
	paid    map[string]paid
	refused map[string]bool  // the friend said no
	tries   map[string]bool  // numbers of wrong tries, each of which may be told once
	full    map[string]int64 // when a till was told its last try of a window

	pocketed map[string]*pocketed // cash, by code and name
}

func newScreens() screens {
	return screens{
		showing: map[string]showing{}, renewed: map[uint64]bool{}, asked: map[string]first{}, ids: map[string]uint64{}, over: map[string]bool{},
		paid: map[string]paid{}, refused: map[string]bool{}, tries: map[string]bool{}, full: map[string]int64{}, pocketed: map[string]*pocketed{},
	}
}

// first is where and when a payment by code was first asked for.
type first struct {
	shop string
	at   int64
}

func (s *screens) alias(uid uint64) uint32 {
	if s.renewed[uid] {
		return secondAlias(uid)
	}
	return firstAlias(uid)
}

func codeNo(name, payment string) string { return "code-" + name + "-" + payment }

// charge has a till read a code. Above a limit the friend is asked.
func (c *clients) charge(r *request, step script.Step) {
	name, payment := step.Arg("SHOWN"), step.Arg("PAYMENT")
	in := &r.in
	in.order, in.key, in.uid = name, payment, shower(name)
	no := codeNo(name, payment)
	if c.codes.asked[no].shop == "" {
		c.codes.asked[no] = first{shopOf(name), c.w.now}
	}
	shown := c.show(name)
	r.shop = shopOf(name)
	r.reads = func() judge.Charge {
		return judge.Charge{Order: &pb.OrderCreate{
			Mchid: shopOf(name), Appid: appid, OutTradeNo: no, Product: pb.Product_PRODUCT_MICROPAY, Total: in.amount, Currency: money.CNY, Description: "tea",
		}, Till: codeTill(name), Code: shown.digits, Actor: "staff/1"}
	}
	r.verdict = func(p *process, reader table.Reader) bool {
		_, placed := order.ByNumber(reader, shopOf(name), no)
		return placed || apart(p, shown.step) <= 2
	}
	r.told = func(out output) {
		c.codes.over[no] = true
		c.wrong(r, out)
		if out.code == code.OK {
			c.charged(no, in, out)
		}
	}
}

// codeTill is the till that reads a code, or of a merchant's number.
func codeTill(name string) uint64 { return script.Number(name[1:])%merchants + 1 }

// charged notes a payment by code.
func (c *clients) charged(no string, in *input, out output) {
	c.codes.ids[no] = out.id
	if in.amount <= wallet.DefaultFreeLimit {
		c.codes.paid[no] = paid{in.uid, in.amount}
	}
	full := c.codes.full[fmt.Sprint(shopOf(in.order), out.at/triesWindow)]
	if full != 0 && full < c.codes.asked[no].at {
		c.w.fail("codes", "%s is charged, although its till had read too many wrong codes before", no)
	}
}

// Wrong codes are counted in windows of this length, and a till may read so many.
const (
	triesWindow = 600_000
	triesOfTill = 10
)

// wrong notes a code that was none: it must have been counted.
func (c *clients) wrong(r *request, out output) {
	if out.code != code.PayCodeWrong {
		return
	}
	t := out.tries
	if t == nil {
		c.w.fail("codes", "%s: told that the code is wrong before that was counted", r.text)
		return
	}
	window := fmt.Sprint(r.shop, t.Window)
	if number := fmt.Sprint(window, " ", t.InWindow); c.codes.tries[number] || t.InWindow > triesOfTill {
		c.w.fail("codes", "%s: told of try %d of its window, which another was told, or which is too many", r.text, t.InWindow)
	} else {
		c.codes.tries[number] = true
	}
	if t.InWindow == triesOfTill {
		c.codes.full[window] = c.w.now
	}
}

// reply says yes or no where a friend is asked.
func (c *clients) reply(r *request, step script.Step) {
	name, payment := step.Arg("SHOWN"), step.Arg("PAYMENT")
	no, pay := codeNo(name, payment), step.Has("pay")
	r.in.order, r.in.key, r.in.uid = name, payment, shower(name)
	if r.in.by = "refuse"; pay {
		r.in.by = "pay"
	}
	g := new(grant)
	r.ready = func() bool { return c.codes.ids[no] != 0 && (!pay || g.number != 0) }
	r.hopeless = func() bool { return c.codes.over[no] && c.codes.ids[no] == 0 || g.refused }
	consent := c.friends.consent(r.in.uid)
	if pay {
		c.typePIN(r.in.uid, consent, g)
	}
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.AskAnswer, "wallet", "", &pb.AskAnswer{Order: c.codes.ids[no], Uid: r.in.uid, Pay: pay, Consent: consent})
	}
	r.told = func(out output) {
		switch {
		case out.code != code.OK:
		case pay:
			c.codes.paid[no] = paid{r.in.uid, out.total}
		default:
			c.codes.refused[no] = true
		}
	}
}

// grant is what a right PIN leaves for one act.
type grant struct {
	number  uint64
	refused bool
}

// typePIN has a friend type the PIN for what they consent to: a try is reserved, and
// said to be right once the hash was compared.
func (c *clients) typePIN(uid uint64, consent *pb.Consent, g *grant) {
	key := fill(wallet.KeySize, 0)
	binary.BigEndian.PutUint64(key, consent.Counter)
	said := func(number uint64) {
		c.follow(&request{
			text: "the PIN is right", in: input{verb: "pin", uid: uid},
			command: func() *pb.Command {
				return catalogue.NewCommand(catalogue.PinResult, "wallet", "", &pb.PinResult{Uid: uid, Number: number, Right: true})
			},
			told: func(out output) {
				if g.refused = out.code != code.OK; !g.refused {
					g.number, consent.Grant = number, number
				}
			},
		})
	}
	c.follow(&request{
		text: "the PIN is typed", in: input{verb: "pin", uid: uid},
		command: func() *pb.Command {
			return catalogue.NewCommand(catalogue.PinReserve, "wallet", "", &pb.PinReserve{Uid: uid, Device: consent.Device, Key: key})
		},
		told: func(out output) {
			if g.refused = out.code != code.OK; g.refused {
				return
			}
			try := fmt.Sprint("pin ", uid, " ", out.id)
			if c.codes.tries[try] {
				c.w.fail("codes", "two tries of F%d's PIN have the number %d", uid-people, out.id)
			}
			c.codes.tries[try] = true
			said(out.id)
		},
	})
}

// follow asks for something that another request needs.
func (c *clients) follow(r *request) {
	c.open++
	c.try(r)
}

// guess has a till read digits whose alias is nobody's.
func (c *clients) guess(r *request, step script.Step) {
	shop := shopOf("O" + step.Arg("NUMBER"))
	digits := paycode.Make(fill(32, 9), nobodysAlias, c.w.chance.Uint64()>>1, 0)
	r.shop = shop
	r.reads = func() judge.Charge {
		return judge.Charge{Order: &pb.OrderCreate{
			Mchid: shop, Appid: appid, OutTradeNo: "guess", Product: pb.Product_PRODUCT_MICROPAY, Total: 1, Currency: money.CNY, Description: "tea",
		}, Till: codeTill("O" + step.Arg("NUMBER")), Code: digits, Actor: "staff/1"}
	}
	r.verdict = func(*process, table.Reader) bool { return false }
	r.told = func(out output) {
		c.wrong(r, out)
		if out.code == code.OK {
			c.w.fail("codes", "digits that were made up are taken for a code")
		}
	}
}

// renew gives a friend's device its second alias.
func (c *clients) renew(r *request, step script.Step) {
	uid := friendUid(step.Arg("FRIEND"))
	consent := c.friends.consent(uid)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.PayCodeRenew, "wallet", "", &pb.PayCodeRenew{Uid: uid, Alias: secondAlias(uid), Consent: consent})
	}
	r.told = func(out output) {
		if c.codes.renewed[uid] = true; out.code != code.OK {
			c.w.fail("codes", "a friend gets no second alias: %s", out.code)
		}
	}
}

// receive gives a friend a code to be paid by.
func (c *clients) receive(r *request, step script.Step) {
	who, name := step.Arg("FRIEND"), step.Arg("RECEIVE")
	uid := friendUid(who)
	consent := c.friends.consent(uid)
	r.in.order, r.in.key, r.in.uid, r.in.number = "receive "+who, name, uid, consent.Counter
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.ReceiveCodeSet, "wallet", "", &pb.ReceiveCodeSet{Uid: uid, Code: receiveCode(who, name), Consent: consent})
	}
	r.told = func(output) {}
}

// receives is how many codes a friend may be paid by, one after the other: Q1 to Q9.
const receives = 9

func receiveCode(who, name string) []byte {
	sum := sha256.Sum256([]byte(who + name))
	return sum[:paycode.ReceiveSize]
}

// learn notes what an answer shows of a code.
func (s *screens) learn(in input, a answer, out *output) {
	switch rec := a.body.(type) {
	case *pb.CodeTries:
		if rec.GetInWindow() > 0 {
			out.tries = rec
		}
	case *pb.Order:
		out.order = view{}
		out.shows, out.id, out.at, out.total = became(rec), rec.GetId(), rec.GetCreatedAt(), rec.GetTotal()
	case *pb.CashMove:
		out.shows, out.total = pocketStates[rec.GetState()], intoWallet(rec)
	case *pb.PinTry:
		out.id = rec.GetNumber()
	case *pb.PayCodes:
		for n := range receives {
			if name := fmt.Sprint("Q", n+1); in.verb == "receive" && string(rec.GetReceive()) == string(receiveCode(friendName(in.uid), name)) {
				out.shows = name
			}
		}
	}
}

// became is what became of an order by code.
func became(o *pb.Order) string {
	switch {
	case order.Paid(o):
		return "paid"
	case o.GetState() == pb.TradeState_TRADE_STATE_USERPAYING:
		return "asked"
	}
	return "closed"
}

// moved adds to friends' money what they paid by codes.
func (s *screens) moved(want *[friends + 1]int64) {
	for _, p := range s.paid { // order does not matter: a sum
		want[p.uid-people] -= p.amount
	}
	s.pocketedBy(want)
}
