package cashier

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// maxForm bounds a form's bytes: an attempt, a payer and an invocation.
const maxForm = 8 << 10

// servePay shows the order of a code.
func (c *Cashier) servePay(w http.ResponseWriter, r *http.Request) {
	c.offer(w, r, r.PathValue("prepay_id"), r.URL.Query())
}

// offer shows the order and, when it can be paid, by whom. came says how the
// payer came here (entry.go).
func (c *Cashier) offer(w http.ResponseWriter, r *http.Request, prepayID string, came url.Values) {
	attempt := attemptFor(w, r, prepayID)
	v, status := &view{Kind: kindUnknown}, http.StatusNotFound
	err := c.read(r, func(rd table.Reader) error {
		s, ok := c.look(rd, prepayID)
		if !ok {
			return nil
		}
		v, status = c.standingView(rd, s, came, attempt), http.StatusOK
		if v.Kind == kindPay {
			v.Attempt, v.Payers = attempt, c.payers(rd, s, lastPayer(r))
		}
		return nil
	})
	if err != nil {
		c.unreadable(w, r, err)
		return
	}
	c.show(w, r, status, v)
}

// standingView is the page of an order that nobody is paying at the moment.
func (c *Cashier) standingView(rd table.Reader, s *scene, came url.Values, attempt string) *view {
	v := &view{Kind: s.first(), scene: s, back: readReturn(came)}
	if v.Kind == kindAlready {
		if raw, ok := parseAttempt(attempt); ok && string(raw) == string(s.order.Attempt) {
			v.Kind, v.receipt = kindPaid, c.receiptPath(s, attempt)
		}
		return v
	}
	if v.Kind != kindPay {
		return v
	}
	if !s.sandbox && c.wallet == "" {
		v.Kind = kindNoWallet
		return v
	}
	carry, wrong := c.admit(rd, s, came)
	if wrong != nil {
		return wrong.view(s)
	}
	v.Carry, v.wallet = carry, c.walletPath(s, v.back)
	if !s.sandbox {
		v.Kind = kindWallet
	}
	return v
}

// walletPath is the order's page in a wallet, which leads back to the merchant's.
func (c *Cashier) walletPath(s *scene, back *returnTo) string {
	if c.wallet == "" || s.sandbox && s.order.Openid != "" { // placed for a demo payer
		return ""
	}
	path := c.wallet + payPath(s.prepayID)
	if back != nil {
		path += "?" + url.Values{"back": {back.url}}.Encode()
	}
	return path
}

// serveSubmit pays and sends the browser to the result, so that a reload there
// repeats nothing.
func (c *Cashier) serveSubmit(w http.ResponseWriter, r *http.Request) {
	prepayID := r.PathValue("prepay_id")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.show(w, r, http.StatusBadRequest, &view{Kind: kindBadForm})
		return
	}
	form := r.PostForm
	attempt, attemptOK := parseAttempt(form.Get("attempt"))
	uid, err := strconv.ParseUint(form.Get("payer"), 10, 64)
	var refusal *view
	status := http.StatusNotFound
	readErr := c.read(r, func(rd table.Reader) error {
		refusal, status = c.refuse(rd, prepayID, form, attemptOK && err == nil)
		return nil
	})
	switch {
	case readErr != nil:
		c.unreadable(w, r, readErr)
		return
	case refusal != nil:
		c.show(w, r, status, refusal)
		return
	}
	gate.From(r.Context()).Works()
	out := c.pay(r.Context(), prepayID, uid, attempt)
	if out == code.OK {
		rememberPayer(w, r, uid) // whoever was refused is not offered first
	}
	http.Redirect(w, r, c.resultPath(prepayID, form, out), http.StatusSeeOther)
}

// refuse says why a form cannot become a payment at all; nil when it can.
// Whether the order can be paid is left to the command, which also recognises
// the repeat of a payment that won.
func (c *Cashier) refuse(rd table.Reader, prepayID string, form url.Values, whole bool) (*view, int) {
	s, ok := c.look(rd, prepayID)
	switch {
	case !ok:
		return &view{Kind: kindUnknown}, http.StatusNotFound
	case !s.sandbox:
		return &view{Kind: kindNoWallet, scene: s}, http.StatusForbidden
	case !whole:
		return &view{Kind: kindBadForm, scene: s, Carry: carryOf(s.order.Product, form)}, http.StatusBadRequest
	}
	if _, wrong := c.admit(rd, s, form); wrong != nil {
		return wrong.view(s), http.StatusForbidden
	}
	return nil, 0
}

// unknownOutcome marks a payment whose result is not known.
const unknownOutcome = code.Unknown

// pay sends the command and waits for its result, but not for ever.
func (c *Cashier) pay(ctx context.Context, prepayID string, uid uint64, attempt []byte) code.Code {
	// A payer who closes the page has still tapped: the payment goes on.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.patience)
	defer cancel()
	_, out, err := order.Pay.Do(ctx, c.core, "cashier", "", &pb.OrderPay{PrepayId: prepayID, Uid: uid, Attempt: attempt})
	if err == nil {
		return out
	}
	var refused *code.Error
	if errors.As(err, &refused) {
		if info, ok := code.Lookup(refused.Code); ok && info.Retry == code.Same {
			return refused.Code
		}
	}
	c.log.Warn("cashier: a payment is in doubt", "prepay_id", prepayID, "err", err)
	return unknownOutcome
}

// unreadable answers when the state can't be read: a page that tries again.
func (c *Cashier) unreadable(w http.ResponseWriter, r *http.Request, err error) {
	c.log.Error("cashier: the state cannot be read", "path", r.URL.Path, "err", err)
	v := &view{Kind: kindUnavailable}
	if r.Method == http.MethodGet {
		v.refresh = r.URL.RequestURI()
	}
	c.show(w, r, http.StatusServiceUnavailable, v)
}
