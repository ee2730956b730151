package sim

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/shop"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// What careless tills and phones do with commands on their way in.

// altered has commands of one kind altered; body is an empty one.
func altered(cmd *pb.Command, kind catalogue.Number, body table.Record, alter func()) {
	if cmd.Number != uint32(kind) {
		return
	}
	must.That(body.UnmarshalVT(cmd.Body) == nil, "a client's command can be decoded")
	alter()
	cmd.Body = table.Encode(body)
}

// another is another name at each try.
func another(p *process, name string) string { return fmt.Sprintf("%s-%d", name, p.w.chance.Uint32()) }

func renamesCash(p *process, cmd *pb.Command) {
	body := new(pb.CashIn)
	altered(cmd, catalogue.CashIn, body, func() { body.ClientId = another(p, body.ClientId) })
}

func renamesCodeCash(p *process, cmd *pb.Command) {
	body := new(pb.CodeCash)
	altered(cmd, catalogue.CodeCash, body, func() { body.ClientId = another(p, body.ClientId) })
}

// takesForRight has a PIN taken for the right one, whatever was typed.
func takesForRight(_ *process, cmd *pb.Command) {
	body := new(pb.PinResult)
	altered(cmd, catalogue.PinResult, body, func() { body.Right = true })
}

func renamesPayments(p *process, cmd *pb.Command) {
	body := new(pb.TillPay)
	altered(cmd, catalogue.TillPay, body, func() {
		body.ClientId, body.Consent = another(p, body.ClientId), p.w.clients.friends.consent(body.Uid)
	})
}

func renamesTakings(p *process, cmd *pb.Command) {
	body := new(pb.ShopTake)
	altered(cmd, catalogue.ShopTake, body, func() {
		body.ClientId, body.Consent = another(p, body.ClientId), p.w.clients.friends.consent(body.Uid)
	})
}

// decidesAsBefore has a decision be the one that the node already has.
func decidesAsBefore(p *process, cmd *pb.Command) {
	body := new(pb.ShopDecide)
	altered(cmd, catalogue.ShopDecide, body, func() {
		p.local(func(r table.Reader) {
			if s, ok := shop.Peek(r, body.Id); ok && s.DecidedAt != 0 {
				body.Approve, body.Refusal = s.State == pb.ShopState_SHOP_STATE_APPROVED, s.Refusal
			}
		})
	})
}

func countsAsExpected(p *process, cmd *pb.Command) {
	body := new(pb.ShiftClose)
	altered(cmd, catalogue.ShiftClose, body, func() {
		p.local(func(r table.Reader) {
			if s, ok := till.ShiftOf(r, body.Till, body.Number); ok {
				body.Counted = till.Expected(s)
			}
		})
	})
}

// tapsAnew takes what was shown for another code each time.
func tapsAnew(p *process, cmd *pb.Command) {
	body := new(pb.CodePay)
	altered(cmd, catalogue.CodePay, body, func() {
		body.Code.Tap, body.Code.Digits = uint32(p.w.chance.IntN(paycode.Taps)), body.Code.Digits^1<<p.w.chance.IntN(8)
	})
}

// countsByNode has wrong codes counted under a till of the node's own.
func countsByNode(p *process, cmd *pb.Command) {
	body := new(pb.PayCodeWrong)
	altered(cmd, catalogue.PayCodeWrong, body, func() { body.Till += 1000 * uint64(p.node.place) })
}

// renumbersChallenge has a signed challenge be the next one, whichever it was.
func renumbersChallenge(p *process, cmd *pb.Command) {
	body := new(pb.PasskeyUse)
	altered(cmd, catalogue.PasskeyUse, body, func() {
		p.local(func(r table.Reader) { body.Consent.Assertion.Challenge.Number = wallet.PasskeysOf(r, body.Uid).Met + 1 })
		body.Consent.Counter = p.w.clients.friends.consent(body.Uid).Counter
	})
}
