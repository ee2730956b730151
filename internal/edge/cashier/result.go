package cashier

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// waitMs is how long the waiting page refreshes itself after the tap; with the
// patience of the tap itself and the last refresh it stays under a minute.
const waitMs = 45_000

// outcomeKinds are the refusals with a page of their own; what a node was too busy
// to take leads to kindBusy, all others to kindRefused with the code's sentence.
var outcomeKinds = map[code.Code]kind{
	code.BalanceTooLow:  kindLowBalance,
	code.PersonBlocked:  kindBlocked,
	code.AccountFrozen:  kindBlocked,
	code.PayerMismatch:  kindMismatch,
	code.OrderExpired:   kindExpired,
	code.PrepayReplaced: kindReplaced,
	code.PrepayExpired:  kindStale,
	code.OrderClosed:    kindClosed,
}

// resultPath is where the browser goes after the tap. It names the attempt; the
// refusal is carried because refusals are not remembered.
func (c *Cashier) resultPath(prepayID string, form url.Values, out code.Code) string {
	q := url.Values{"attempt": {form.Get("attempt")}, "payer": {form.Get("payer")},
		"since": {strconv.FormatInt(c.now().UnixMilli(), 10)}}
	if out != code.OK && out != unknownOutcome {
		q.Set("code", strconv.FormatUint(uint64(out), 10))
	}
	for _, name := range carriedNames {
		if value := form.Get(name); value != "" {
			q.Set(name, value)
		}
	}
	return payPath(prepayID) + "/result?" + q.Encode()
}

// serveResult says how a payment ended. Money is only ever reported from the
// state; the address adds why an attempt was refused.
func (c *Cashier) serveResult(w http.ResponseWriter, r *http.Request) {
	prepayID, q := r.PathValue("prepay_id"), r.URL.Query()
	v, status := &view{Kind: kindUnknown}, http.StatusNotFound
	err := c.read(r, func(rd table.Reader) error {
		s, ok := c.look(rd, prepayID)
		if !ok {
			return nil
		}
		v, status = c.resultView(rd, s, q), http.StatusOK
		return nil
	})
	if err != nil {
		c.unreadable(w, r, err)
		return
	}
	if v.Kind == kindWaiting || v.Kind == kindInDoubt {
		v.refresh = r.URL.RequestURI()
	}
	c.show(w, r, status, v)
}

func (c *Cashier) resultView(rd table.Reader, s *scene, q url.Values) *view {
	uid, _ := strconv.ParseUint(q.Get("payer"), 10, 64) // 0 is nobody
	v := &view{scene: s, payerUID: uid, payerName: c.name(rd, uid), payerBalance: balance(rd, uid, s.order.Currency),
		Attempt: q.Get("attempt"), Carry: carryOf(s.order.Product, q), back: readReturn(q)}
	attempt, ok := parseAttempt(q.Get("attempt"))
	mine := ok && s.order.PayerUid == uid && bytes.Equal(s.order.Attempt, attempt)
	switch first := s.first(); {
	case order.Paid(s.order) && mine:
		v.Kind, v.receipt = kindPaid, c.receiptPath(s, q.Get("attempt"))
	case first == kindAlready, first == kindClosed, first == kindReplaced:
		v.Kind = first
	default:
		v.Kind = c.unpaid(v, q)
	}
	return v
}

// unpaid is the page for an attempt on an order that is still open: refused, or
// in doubt.
func (c *Cashier) unpaid(v *view, q url.Values) kind {
	if n, err := strconv.ParseUint(q.Get("code"), 10, 32); err == nil {
		info, known := code.Lookup(code.Code(n))
		if k, ok := outcomeKinds[info.Code]; known && ok {
			return k
		}
		if known && info.Class == code.Busy {
			return kindBusy
		}
		if known && info.Code != code.OK && info.Retry == code.Never {
			v.Reason = text{ZH: info.ZH, EN: info.EN}
			return kindRefused
		}
	}
	since, err := strconv.ParseInt(q.Get("since"), 10, 64)
	age := c.now().UnixMilli() - since
	if err != nil || age < 0 || age >= waitMs {
		return kindInDoubt
	}
	return kindWaiting
}

// Again says that the page offers to send the same payment once more.
func (p *page) Again() bool { return p.Kind == kindBusy || p.Kind == kindInDoubt }

// Payer is who would pay again.
func (p *page) Payer() uint64 { return p.payerUID }
