package cashier

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// receiptPath is where the payer finds the receipt: only the attempt that paid
// opens it.
func (c *Cashier) receiptPath(s *scene, attempt string) string {
	if c.receipt == nil {
		return ""
	}
	return payPath(s.prepayID) + "/receipt?" + url.Values{"attempt": {attempt}}.Encode()
}

// serveReceipt hands out the receipt file, to be kept and checked offline with
// the journal's public key alone.
func (c *Cashier) serveReceipt(w http.ResponseWriter, r *http.Request) {
	attempt, ok := parseAttempt(r.URL.Query().Get("attempt"))
	var paid *pb.Order
	var number string
	err := c.read(r, func(rd table.Reader) error {
		s, found := c.look(rd, r.PathValue("prepay_id"))
		if found && ok && order.Paid(s.order) && seal.EqualSecret(string(s.order.Attempt), string(attempt)) {
			paid, number = s.order, order.TransactionID(s.order, s.offset)
		}
		return nil
	})
	switch {
	case err != nil:
		c.unreadable(w, r, err)
		return
	case paid == nil || c.receipt == nil:
		c.show(w, r, http.StatusNotFound, &view{Kind: kindUnknown})
		return
	}
	data, err := c.encodedReceipt(r, paid)
	if err != nil {
		c.unreadable(w, r, err)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "application/json")
	head.Set("Content-Disposition", `attachment; filename="receipt-`+number+`.json"`)
	_, _ = w.Write(data) // the phone may be gone
}

func (c *Cashier) encodedReceipt(r *http.Request, paid *pb.Order) ([]byte, error) {
	receipt, err := c.receipt(r.Context(), paid)
	if err != nil {
		return nil, err
	}
	if receipt == nil {
		return nil, errors.New("there is no receipt yet")
	}
	return journal.EncodeReceipt(receipt)
}
