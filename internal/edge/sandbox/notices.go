package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// Bounds of the list of notices.
const (
	defaultNotices = 50
	maxNotices     = 500
)

// noticeView is a notice as the sandbox shows it.
type noticeView struct {
	Notice        string        `json:"notice"` // its number
	ID            string        `json:"id"`     // what the merchant sees and dedupes on
	EventType     string        `json:"event_type"`
	State         string        `json:"state"` // OWED, DELIVERED or PARKED
	Why           string        `json:"why"`
	Mchid         string        `json:"mchid"`
	OutTradeNo    string        `json:"out_trade_no"`
	TransactionID string        `json:"transaction_id,omitempty"`
	OutRefundNo   string        `json:"out_refund_no,omitempty"`
	URL           string        `json:"url"`
	CreateTime    string        `json:"create_time"`
	NextAttempt   string        `json:"next_attempt,omitempty"`
	AttemptCount  uint32        `json:"attempt_count"`
	Attempts      []attemptView `json:"attempts"` // the newest 20, oldest first
	// Plaintext is what the merchant decrypts.
	Plaintext json.RawMessage `json:"plaintext,omitempty"`
}

type attemptView struct {
	Number     uint32  `json:"number"`
	At         string  `json:"at"` // wall clock
	TookMs     float64 `json:"took_ms"`
	Outcome    string  `json:"outcome"`
	HTTPStatus int32   `json:"http_status,omitempty"`
	Answer     string  `json:"answer,omitempty"`
	KeySerial  string  `json:"wechatpay_serial,omitempty"`
}

// serveNotices lists notices, newest first. Asked for one order that has none,
// it says why.
func (s *Sandbox) serveNotices(r *http.Request) (any, *refusal) {
	q := r.URL.Query()
	limit := defaultNotices
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxNotices {
			no := wrong("limit", text, "limit 应在 1 到 500 之间。", "limit lies between 1 and 500.")
			no.location = "query"
			return nil, no
		}
		limit = n
	}
	list, why := []noticeView{}, ""
	refused := s.read(r, func(rd table.Reader) error {
		head, ok := machine.Head(rd)
		if !ok {
			return nil
		}
		b := board{Reader: rd, head: head, now: s.businessNow(head), r: r}
		if no := q.Get("out_trade_no"); no != "" {
			list, why = b.ofOrder(q.Get("mchid"), no)
		} else {
			list = b.newest(q.Get("mchid"), limit)
		}
		return nil
	})
	body := map[string]any{"notices": list}
	if why != "" {
		body["why"] = why
	}
	return body, refused
}

// serveRedeliver owes a notice again, or makes a waiting one due at once.
func (s *Sandbox) serveRedeliver(r *http.Request) (any, *refusal) {
	var id uint64
	var found bool
	refused := s.read(r, func(rd table.Reader) error {
		id, found = findNotice(rd, r.PathValue("id"))
		return nil
	})
	if refused != nil {
		return nil, refused
	}
	if !found {
		return nil, refusalOf(code.NoticeNotFound)
	}
	if _, refused := do(s, r, notice.Redeliver, &pb.NoticeRedeliver{NoticeId: id}); refused != nil {
		return nil, refused
	}
	var v noticeView
	refused = s.read(r, func(rd table.Reader) error {
		head, _ := machine.Head(rd)
		n, ok := notice.Get(rd, id)
		if !ok {
			return fmt.Errorf("notice %d is gone", id)
		}
		v = board{Reader: rd, head: head, now: s.businessNow(head), r: r}.view(n)
		return nil
	})
	return v, refused
}

// findNotice reads a notice's number, or looks for its id among the newest.
func findNotice(r table.Reader, text string) (uint64, bool) {
	if id, err := strconv.ParseUint(text, 10, 64); err == nil {
		return id, true
	}
	head, ok := machine.Head(r)
	if !ok {
		return 0, false
	}
	for id := head.NextNotice; id > 1 && head.NextNotice-id < maxSearched; {
		id--
		if ident.EventID(head.LogName, id) == text {
			return id, true
		}
	}
	return 0, false
}

// board reads notices out of one snapshot for one request.
type board struct {
	table.Reader
	head *pb.Head
	now  int64
	r    *http.Request
}

// newest lists the newest notices, of one merchant or of all.
func (b board) newest(mchid string, limit int) []noticeView {
	list := []noticeView{}
	looked := 0
	for id := b.head.NextNotice; id > 1 && len(list) < limit && looked < maxSearched; looked++ {
		id--
		if n, ok := notice.Get(b, id); ok && (mchid == "" || n.Mchid == mchid) {
			list = append(list, b.view(n))
		}
	}
	return list
}

// ofOrder lists the notices about an order and its refunds, and says why there
// are none, or why a refund has none.
func (b board) ofOrder(mchid, outTradeNo string) (list []noticeView, why string) {
	list = []noticeView{}
	o, ok := b.findOrder(mchid, outTradeNo)
	if !ok {
		return list, say(b.r, "没有这个商户订单号的订单。", "There is no order under this out_trade_no.")
	}
	refunds := refund.ByOrder(b, o.Id)
	for i := len(refunds) - 1; i >= 0; i-- {
		if n, ok := notice.Get(b, refunds[i].NoticeId); ok {
			list = append(list, b.view(n))
		} else {
			why = b.noRefundNotice(refunds[i])
		}
	}
	if n, ok := notice.Get(b, o.NoticeId); ok {
		return append(list, b.view(n)), why
	}
	return list, b.noPaymentNotice(o)
}

// findOrder finds an order by the merchant's number, at any merchant when none
// is named.
func (b board) findOrder(mchid, outTradeNo string) (found *pb.Order, ok bool) {
	if mchid != "" {
		return order.ByNumber(b, mchid, outTradeNo)
	}
	merchant.List(b, "", func(m *pb.Merchant) bool {
		found, ok = order.ByNumber(b, m.Mchid, outTradeNo)
		return !ok
	})
	return found, ok
}

func (b board) view(n *pb.Notice) noticeView {
	event, _ := wechatjson.Describe(n.Event, n.Format)
	v := noticeView{
		Notice: strconv.FormatUint(n.Id, 10), ID: ident.EventID(b.head.LogName, n.Id), EventType: event.Type,
		State: stateWords[n.State], Mchid: n.Mchid, URL: n.Url, CreateTime: b.time(n.CreatedAt),
		AttemptCount: n.Attempts, Attempts: []attemptView{},
	}
	if n.State == pb.NoticeState_NOTICE_STATE_OWED {
		v.NextAttempt = b.time(n.NextAt)
	}
	kind, id := notice.Subject(n)
	rec := wechatjson.Read(b, kind, id)
	if o := rec.Order; o != nil {
		v.OutTradeNo, v.TransactionID = o.OutTradeNo, order.TransactionID(o, b.head.CutoffOffsetS)
	}
	if f := rec.Refund; f != nil {
		v.OutRefundNo = f.OutRefundNo
	}
	if text, err := wechatjson.Plaintext(n, rec, b.head.CutoffOffsetS); err == nil {
		v.Plaintext = text
	}
	for _, a := range n.Recent {
		v.Attempts = append(v.Attempts, attemptView{Number: a.Number, At: b.time(a.At), TookMs: float64(a.TookUs) / 1000,
			Outcome: outcomes[a.Outcome].word, HTTPStatus: a.HttpStatus, Answer: a.Answer, KeySerial: a.KeySerial})
	}
	m, _ := merchant.Get(b, n.Mchid)
	v.Why = b.why(n, m)
	return v
}

func (b board) time(at int64) string { return stamp.RFC3339(at, b.head.CutoffOffsetS) }
