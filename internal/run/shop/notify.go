package shop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
)

// maxNotice bounds a callback's body in bytes; real ones have about a thousand.
const maxNotice = 64 << 10

// refundContent is the part of a refund notice's plaintext the shop uses.
type refundContent struct {
	Mchid        string `json:"mchid"`
	OutTradeNo   string `json:"out_trade_no"`
	OutRefundNo  string `json:"out_refund_no"`
	RefundStatus string `json:"refund_status"`
	Amount       struct {
		Total  int64 `json:"total"`
		Refund int64 `json:"refund"`
	} `json:"amount"`
}

// serveNotify receives a callback: 204 once the book has it, 401 when the
// signature or the seal is wrong, 4xx when it doesn't fit the order, 500 when
// the book can't be written. Everything but 204 makes the platform try again.
func (s *Shop) serveNotify(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxNotice)
	var content json.RawMessage
	notice, err := s.notices.ParseNotifyRequest(r.Context(), r, &content)
	if err != nil {
		s.log.Warn("callback refused: not genuine", "serial", r.Header.Get("Wechatpay-Serial"), "remote", r.RemoteAddr)
		fail(w, http.StatusUnauthorized, "the signature or the seal does not verify")
		return
	}
	if err := s.take(notice, content); err != nil {
		s.log.Warn("callback refused", "id", notice.ID, "event", notice.EventType, "err", err)
		fail(w, refusal(err), err.Error())
		return
	}
	s.log.Info("callback taken", "id", notice.ID, "event", notice.EventType)
	w.WriteHeader(http.StatusNoContent)
}

// take books a genuine notice once.
func (s *Shop) take(notice *notify.Request, content []byte) error {
	switch {
	case strings.HasPrefix(notice.EventType, "TRANSACTION."):
		return s.takePayment(notice, content)
	case strings.HasPrefix(notice.EventType, "REFUND."):
		return s.takeRefund(notice, content)
	default:
		return fmt.Errorf("%w: unknown event type %q", errRefused, notice.EventType)
	}
}

func (s *Shop) takePayment(notice *notify.Request, content []byte) error {
	var paid payments.Transaction
	if err := json.Unmarshal(content, &paid); err != nil {
		return fmt.Errorf("%w: %v", errRefused, err)
	}
	return s.once(notice, text(paid.OutTradeNo), text(paid.Mchid), func(o *Order) error { return o.pay(&paid) })
}

// pay notes that the order is paid, by what the platform said under its signature.
func (o *Order) pay(t *payments.Transaction) error {
	if t.Amount == nil || t.Amount.Total == nil || *t.Amount.Total != o.Total {
		return fmt.Errorf("%w: the amount is not the order's %d fen", errRefused, o.Total)
	}
	if text(t.TradeState) != "SUCCESS" || text(t.TransactionId) == "" {
		return fmt.Errorf("%w: trade state %q", errRefused, text(t.TradeState))
	}
	if o.Paid() {
		return nil // a payer who came back had it asked for
	}
	o.TransactionID, o.PaidAt = text(t.TransactionId), time.Now()
	return nil
}

func (s *Shop) takeRefund(notice *notify.Request, content []byte) error {
	var back refundContent
	if err := json.Unmarshal(content, &back); err != nil {
		return fmt.Errorf("%w: %v", errRefused, err)
	}
	return s.once(notice, back.OutTradeNo, back.Mchid, func(o *Order) error {
		if back.Amount.Total != o.Total || o.Refunded+back.Amount.Refund > o.Total {
			return fmt.Errorf("%w: refund of %d fen of %d", errRefused, back.Amount.Refund, o.Total)
		}
		if back.RefundStatus == "SUCCESS" {
			o.Refunded += back.Amount.Refund
		}
		return nil
	})
}

// once applies change to the order unless a notice with this id did it
// already; the look-up and the writing are under one lock, because the
// platform may send one notice from two places at the same time.
func (s *Shop) once(notice *notify.Request, outTradeNo, mchid string, change func(*Order) error) error {
	if mchid != s.cfg.Mchid {
		return fmt.Errorf("%w: it is for merchant %q", errRefused, mchid)
	}
	return s.book.update(func() (record, error) {
		if before, known := s.book.notices[notice.ID]; known {
			again := *before
			again.Repeats++
			return record{Notice: &again}, nil
		}
		before, known := s.book.orders[outTradeNo]
		if !known {
			return record{}, fmt.Errorf("%w: no order %q in the book", errRefused, outTradeNo)
		}
		after := *before
		if err := change(&after); err != nil {
			return record{}, err
		}
		return record{Order: &after, Notice: &Notice{
			ID: notice.ID, EventType: notice.EventType, OutTradeNo: outTradeNo, At: time.Now(),
		}}, nil
	})
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
