package sim

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	merchantrule "github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/shop"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// Friends open shops, H1 and so on of each friend: they apply, an operator decides,
// others pay by the printed code, and owners collect the takings.

// withShops are the verbs about it.
var withShops = map[string]bool{"apply": true, "approve": true, "turn-down": true, "visit": true, "collect": true}

// premises are what was told of shops: the checker's own books, kept from answers alone.
type premises struct {
	asked map[string]bool
	ids   map[string]uint64 // by shop, once an answer told
	over  map[string]bool   // applying has come to an end
	tills map[string]*takings
}

// takings are the money of one shop.
type takings struct {
	owner   uint64
	decided string // as showShop has it, of what was acknowledged
	mchid   string // of its merchant, once an answer told
	paid    map[string]paid
	taken   map[string]int64
}

func newPremises() premises {
	return premises{asked: map[string]bool{}, ids: map[string]uint64{}, over: map[string]bool{}, tills: map[string]*takings{}}
}

// street is what a friend's shops are called together: one of them waits at a time.
func street(uid uint64) string { return "shops of " + friendName(uid) }

// ownerOf is the friend whose shops are called so.
func ownerOf(street string) uint64 { return friendUid(strings.TrimPrefix(street, "shops of ")) }

// shopName is a shop among those of all friends.
func shopName(in input) string {
	first, _, _ := strings.Cut(in.key, " ")
	return friendName(ownerOf(in.order)) + " " + first
}

// codeOf is what a shop's printed code says.
func codeOf(name string) []byte {
	sum := sha256.Sum256([]byte("shop " + name))
	return sum[:till.TokenSize]
}

// shopsBefore is how many shops F1 has applied for in vain when a run begins.
const shopsBefore = shop.MaxShops - 1

func shopCommands(level uint32) (list []*pb.Command) {
	if level < shop.Level {
		return nil
	}
	uid := uint64(people + 1)
	for n := range uint64(shopsBefore) {
		sent := sha256.Sum256(fmt.Append(nil, "before ", n))
		list = append(list,
			catalogue.NewCommand(catalogue.ShopApply, "wallet", "", &pb.ShopApply{
				Uid: uid, ClientId: fmt.Sprint("before-", n), Name: "Tea House", Kind: pb.ShopKind_SHOP_KIND_STALL, Category: "tea",
				Picture: []byte("drawn"), Source: sent[:], Consent: consentOf(uid, firstOfShops+n),
			}),
			catalogue.NewCommand(catalogue.ShopDecide, "admin/sim", "", &pb.ShopDecide{Id: n + 1, Refusal: pb.ShopRefusal(1)}))
	}
	return list
}

// firstOfShops is the first of F1's consents to them.
const firstOfShops = 3

// inShop begins a request about a shop, which waits until it was applied for.
func (c *clients) inShop(r *request, step script.Step) (name string) {
	r.in.order, r.in.key = street(friendUid(step.Arg("FRIEND"))), step.Arg("SHOP")
	name = shopName(r.in)
	r.ready = func() bool { return c.shops.ids[name] != 0 }
	r.hopeless = func() bool { return c.shops.over[name] && c.shops.ids[name] == 0 }
	r.told = func(output) {}
	return name
}

// apply sends a picture that is drawn anew at each try: what was sent is compared.
func (c *clients) apply(r *request, step script.Step) {
	name := c.inShop(r, step)
	r.ready, r.hopeless, r.in.number = nil, nil, script.Number(step.Arg("NUMBER"))
	owner := ownerOf(r.in.order)
	c.shops.asked[name] = true
	if c.shops.tills[name] == nil {
		c.shops.tills[name] = &takings{owner: owner, paid: map[string]paid{}, taken: map[string]int64{}}
	}
	sent, consent := sha256.Sum256(fmt.Append(nil, "picture ", r.in.number)), c.friends.consent(owner)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.ShopApply, "wallet", "", &pb.ShopApply{
			Uid: owner, ClientId: c.again(r.in.key), Name: "Tea House", Kind: pb.ShopKind_SHOP_KIND_STALL, Category: "tea",
			Picture: fmt.Append(nil, "drawn ", c.w.chance.Uint32()), Source: sent[:], Consent: consent,
		})
	}
	r.told = func(output) { c.shops.over[name] = true }
}

// decideShop approves a shop or turns it down.
func (c *clients) decideShop(r *request, step script.Step) {
	name := c.inShop(r, step)
	r.in.number = script.Number(step.Arg("NUMBER"))
	r.command = func() *pb.Command {
		d := &pb.ShopDecide{Id: c.shops.ids[name], Approve: r.in.verb == "approve", Refusal: pb.ShopRefusal(r.in.number)}
		if d.Approve {
			d.TillToken = codeOf(name)
		}
		return catalogue.NewCommand(catalogue.ShopDecide, "admin/sim", "", d)
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.shops.tills[name].decided = out.shows
		}
	}
}

// visit pays by a shop's printed code, which pays nothing before an approval.
func (c *clients) visit(r *request, step script.Step) {
	name := c.inShop(r, step)
	who := step.All("FRIEND")[1]
	in := &r.in
	r.ready, r.hopeless, in.uid, in.key = nil, nil, friendUid(who), in.key+" "+step.Arg("PAYMENT")
	consent := c.friends.consent(in.uid)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.TillPay, "wallet", "", &pb.TillPay{
			Token: codeOf(name), Uid: in.uid, Amount: in.amount, ClientId: c.again(paymentAt(*in)), Consent: consent,
		})
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.shops.pays(*in)
		}
	}
}

// paymentAt is the payer's name for a payment in a shop.
func paymentAt(in input) string {
	return strings.ReplaceAll(friendName(ownerOf(in.order))+" "+in.key, " ", "-")
}

func (s *premises) pays(in input) {
	s.tills[shopName(in)].paid[fmt.Sprint(in.uid, in.key)] = paid{in.uid, in.amount}
}

// collect moves takings into the owner's wallet; others may try.
func (c *clients) collect(r *request, step script.Step) {
	name := c.inShop(r, step)
	in := &r.in
	in.uid, in.key = ownerOf(in.order), in.key+" "+step.Arg("TAKING")
	if all := step.All("FRIEND"); len(all) > 1 {
		in.uid = friendUid(all[1])
	}
	consent := c.friends.consent(in.uid)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.ShopTake, "wallet", "", &pb.ShopTake{
			Id: c.shops.ids[name], Uid: in.uid, ClientId: c.again(takingOf(*in)), Amount: in.amount, Consent: consent,
		})
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.shops.tills[name].taken[takingOf(*in)] = in.amount
		}
	}
}

// takingOf is the owner's name for what they collect.
func takingOf(in input) string {
	_, second, _ := strings.Cut(in.key, " ")
	return second
}

// learnShop notes what an answer shows of a shop: approved, it has one merchant for ever.
func (c *clients) learnShop(in input, a answer, out *output) {
	switch rec := a.body.(type) {
	case *pb.Order:
		out.shows, out.order = showPayment(rec.GetTotal(), rec.GetPayerUid()), view{}
	case *pb.Shop:
		if rec.GetId() == 0 {
			return
		}
		name := shopName(in)
		t := c.shops.tills[name]
		c.shops.ids[name], out.shows = rec.Id, showShop(rec.State, rec.Refusal)
		switch {
		case rec.Mchid == "": // before the approval, of which another answer may have told already
		case t.mchid == "":
			t.mchid = rec.Mchid
		case t.mchid != rec.Mchid:
			c.w.fail("shops", "shop %s has merchant %s, and was told to have %s", name, rec.Mchid, t.mchid)
		}
	}
}

func showPayment(amount int64, uid uint64) string { return fmt.Sprint(amount, " of ", friendName(uid)) }

func showShop(state pb.ShopState, reason pb.ShopRefusal) string {
	return fmt.Sprint(state, " for ", reason)
}

// moved adds to friends' money what they paid in shops and collected there.
func (s *premises) moved(want *[friends + 1]int64) {
	for _, t := range s.tills { // order does not matter: a sum
		for _, p := range t.paid { // order does not matter: a sum
			want[p.uid-people] -= p.amount
		}
		for _, amount := range t.taken { // order does not matter: a sum
			want[t.owner-people] += amount
		}
	}
}

// sum is what should be in a shop's account.
func (t *takings) sum() (left int64) {
	for _, p := range t.paid { // order does not matter: a sum
		left += p.amount
	}
	for _, amount := range t.taken { // order does not matter: a sum
		left -= amount
	}
	return left
}

// checkShops: decisions are as they were acknowledged, each approved shop has one
// merchant whose account is what was paid and not collected, and of the others nothing
// is left that should not be.
func (w *World) checkShops(n *node, r table.Reader) {
	for _, c := range w.clients.history {
		if c.unknown() && !c.never && (c.in.verb == "visit" || c.in.verb == "collect") {
			w.clients.shops.found(r, c.in)
		}
	}
	for name, t := range w.clients.shops.tills { // order does not matter: any one is a failure
		if id := w.clients.shops.ids[name]; id != 0 {
			w.checkShop(n, r, name, id, t)
		}
	}
	waits, merchantsOf := map[uint64]uint64{}, map[string]uint64{}
	shop.Scan(r, 0, func(s *pb.Shop) bool {
		switch s.State {
		case pb.ShopState_SHOP_STATE_WAITING:
			if other := waits[s.Uid]; other != 0 {
				w.fail("shops", "shops %d and %d of F%d wait on %s", other, s.Id, s.Uid-people, n.name)
			}
			waits[s.Uid] = s.Id
		case pb.ShopState_SHOP_STATE_APPROVED:
			merchantsOf[s.Mchid] = s.Id
		default:
			if len(s.Picture) > 0 {
				w.fail("shops", "%s has a picture of shop %d, which was turned down", n.name, s.Id)
			}
		}
		return w.failure == nil
	})
	w.checkMerchants(n, r, merchantsOf)
}

// checkMerchants: beside those of the beginning each belongs to a shop of its own.
func (w *World) checkMerchants(n *node, r table.Reader, of map[string]uint64) {
	others := 0
	merchantrule.List(r, "", func(m *pb.Merchant) bool {
		if of[m.Mchid] == 0 {
			others++
		}
		return true
	})
	if others != merchants && w.failure == nil {
		w.fail("shops", "%s has %d merchants that are not those of shops, there should be %d", n.name, others, merchants)
	}
}

func (w *World) checkShop(n *node, r table.Reader, name string, id uint64, t *takings) {
	s, ok := shop.Peek(r, id)
	switch {
	case !ok || s.Uid != t.owner:
		w.fail("acknowledged", "%s does not have shop %s, which was acknowledged", n.name, name)
	case t.decided != "" && showShop(s.State, s.Refusal) != t.decided:
		w.fail("acknowledged", "on %s shop %s is %s, and %s was acknowledged", n.name, name, showShop(s.State, s.Refusal), t.decided)
	case t.mchid != "" && s.Mchid != t.mchid:
		w.fail("shops", "on %s shop %s has merchant %q, and was told to have %s", n.name, name, s.Mchid, t.mchid)
	default:
		w.checkAccount(n, r, "shops", ledger.MerchantPending(s.Mchid), t.sum())
	}
}

// found has counted what was asked for without an answer, and came to be.
func (s *premises) found(r table.Reader, in input) {
	if in.verb == "visit" {
		if o, ok := till.Paid(r, in.uid, paymentAt(in)); ok && o.Total == in.amount {
			s.pays(in)
		}
		return
	}
	name := shopName(in)
	shop.ScanTaken(r, func(t *pb.ShopTaken) bool {
		if t.Shop == s.ids[name] && t.ClientId == takingOf(in) && t.Amount == in.amount && in.uid == s.tills[name].owner {
			s.tills[name].taken[takingOf(in)] = in.amount
		}
		return true
	})
}
