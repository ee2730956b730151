package cashier

import (
	"net/http"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// printed is the till whose printed code a phone's own camera scanned.
type printed struct{ merchant, name string }

// servePrinted is where a printed code leads whoever scans it without their wallet: to
// the wallet's own page for it, where they type the amount.
func (c *Cashier) servePrinted(w http.ResponseWriter, r *http.Request) {
	v, status := &view{Kind: kindNoTill}, http.StatusNotFound
	token, ok := paylink.Token(r.URL.Path)
	err := c.read(r, func(rd table.Reader) error {
		t, known := till.ByToken(rd, token)
		if !ok || !known {
			return nil
		}
		v, status = c.printedPage(rd, token, t.Name, t.Mchid, t.ClosedAt != 0), http.StatusOK
		return nil
	})
	if err != nil {
		c.unreadable(w, r, err)
		return
	}
	c.show(w, r, status, v)
}

func (c *Cashier) printedPage(rd table.Reader, token []byte, name, mchid string, closed bool) *view {
	v := &view{Kind: kindTill, till: &printed{name: name}}
	if m, ok := merchant.Get(rd, mchid); ok {
		v.till.merchant = m.Name
	}
	switch {
	case closed:
		v.Kind = kindTillClosed
	case c.wallet == "":
		v.Kind = kindTillOnly
	default:
		v.wallet = paylink.Till(c.wallet, token)
	}
	return v
}
