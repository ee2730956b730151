package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/cashier"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// payment is the body of POST /sandbox/pay.
type payment struct {
	CodeURL, PrepayID, H5URL string
	Payer, Attempt           string
}

var paymentSchema = strictjson.Of(
	strictjson.String("code_url", func(p *payment) *string { return &p.CodeURL }, strictjson.Text{Max: 512}),
	strictjson.String("prepay_id", func(p *payment) *string { return &p.PrepayID }, strictjson.Text{Max: 64}),
	strictjson.String("h5_url", func(p *payment) *string { return &p.H5URL }, strictjson.Text{Max: 2048}),
	strictjson.String("payer", func(p *payment) *string { return &p.Payer }, strictjson.Text{Min: 1, Max: 128}).Required(),
	strictjson.String("attempt", func(p *payment) *string { return &p.Attempt }, strictjson.Text{Max: order.MaxAttempt, Check: visible}),
)

// visible wants an attempt of printable ASCII without spaces.
func visible(s string) *strictjson.Why {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return &strictjson.Why{ZH: "只能用可见的 ASCII 字符", EN: "only visible ASCII characters are allowed"}
		}
	}
	return nil
}

// paid is the answer to a payment that succeeded.
type paid struct {
	TradeState    string     `json:"trade_state"`
	TransactionID string     `json:"transaction_id"`
	OutTradeNo    string     `json:"out_trade_no"`
	Mchid         string     `json:"mchid"`
	Appid         string     `json:"appid"`
	SuccessTime   string     `json:"success_time"`
	Amount        amountView `json:"amount"`
	Payer         struct {
		UID    string `json:"uid"`
		Name   string `json:"name"`
		Openid string `json:"openid"`
	} `json:"payer"`
	// Attempt is this payment's identity: sending it again moves nothing more.
	Attempt string `json:"attempt"`
	// Moved is how much this attempt moved in all, in fen.
	Moved int64 `json:"moved"`
	// Balance is what the payer has left, in fen.
	Balance int64 `json:"balance"`
	// Notice is the number of the notice owed to the merchant.
	Notice string `json:"notice"`
}

type amountView struct {
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
}

// servePay pays an order as a payer does who taps once: (order, payer, attempt)
// is the identity. Without an attempt every request is another tap.
//
// Refused with ORDERPAID, when another attempt has paid the order, the answer
// still says trade_state and transaction_id, and moved is 0.
func (s *Sandbox) servePay(r *http.Request) (any, *refusal) {
	var p payment
	if refused := decode(r, paymentSchema, &p); refused != nil {
		return nil, refused
	}
	prepayID, refused := s.whichOrder(r, &p)
	if refused != nil {
		return nil, refused
	}
	if p.Attempt == "" {
		p.Attempt = fresh()
	}
	var payer *pb.Person
	var head *pb.Head
	unread := s.read(r, func(rd table.Reader) error {
		head, _ = machine.Head(rd)
		appid := ""
		switch o, ok := order.Behind(rd, prepayID); {
		case ok && !order.Knows(o, prepayID):
			refused = refusalOf(code.PrepayReplaced) // and nothing of the order, at any level
			return nil
		case ok:
			appid = o.Appid
		}
		payer, refused = s.findPayer(rd, p.Payer, appid)
		return nil
	})
	if unread != nil {
		return nil, unread
	}
	if refused != nil {
		return nil, refused
	}
	o, refused := do(s, r, order.Pay, &pb.OrderPay{PrepayId: prepayID, Uid: payer.Uid, Attempt: []byte(p.Attempt)})
	if refused != nil {
		return nil, refused.with(stateOf(o, head.GetCutoffOffsetS(), p.Attempt))
	}
	if o == nil {
		return nil, refusalOf(code.Internal)
	}
	return s.viewPaid(r, o, payer, p.Attempt, head.GetCutoffOffsetS())
}

// stateOf is what a refused payment still says of the order.
func stateOf(o *pb.Order, offset int32, attempt string) map[string]any {
	if o == nil {
		return nil
	}
	state, _ := wechatjson.TradeState(o.State)
	more := map[string]any{"trade_state": state, "out_trade_no": o.OutTradeNo, "attempt": attempt, "moved": 0}
	if order.Paid(o) {
		more["transaction_id"] = order.TransactionID(o, offset)
	}
	return more
}

func (s *Sandbox) viewPaid(r *http.Request, o *pb.Order, payer *pb.Person, attempt string, offset int32) (any, *refusal) {
	state, _ := wechatjson.TradeState(o.State)
	v := &paid{
		TradeState: state, TransactionID: order.TransactionID(o, offset), OutTradeNo: o.OutTradeNo, Mchid: o.Mchid, Appid: o.Appid,
		SuccessTime: stamp.RFC3339(o.PaidAt, offset), Amount: amountView{o.Total, money.CurrencyCode(o.Currency)},
		Attempt: attempt, Moved: o.Total, Notice: strconv.FormatUint(o.NoticeId, 10),
	}
	v.Payer.UID, v.Payer.Name, v.Payer.Openid = strconv.FormatUint(payer.Uid, 10), s.people.Name(payer), o.Openid
	refused := s.read(r, func(r table.Reader) error { v.Balance = balance(r, payer.Uid); return nil })
	return v, refused
}

// whichOrder finds the prepay_id in the one of three addresses that was given.
func (s *Sandbox) whichOrder(r *http.Request, p *payment) (string, *refusal) {
	given := 0
	for _, one := range []string{p.CodeURL, p.PrepayID, p.H5URL} {
		if one != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return "", wrong("/code_url", "", "code_url、prepay_id、h5_url 须且只须给一个。", "Give exactly one of code_url, prepay_id and h5_url.")
	case p.PrepayID != "":
		return checkPrepayID("/prepay_id", p.PrepayID)
	case p.CodeURL != "":
		return prepayOfCode(p.CodeURL)
	}
	return s.prepayOfH5(r, p.H5URL)
}

// prepayOfCode reads our own code_url and the weixin:// form.
func prepayOfCode(raw string) (string, *refusal) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", notOurs("/code_url", raw)
	}
	if u.Scheme == "weixin" {
		return checkPrepayID("/code_url", u.Query().Get("pr"))
	}
	id, ok := strings.CutPrefix(u.Path, cashier.CodeURL("", ""))
	if !ok {
		return "", notOurs("/code_url", raw)
	}
	return checkPrepayID("/code_url", id)
}

// prepayOfH5 opens an h5_url as the cashier does: the package must fit, and it
// lives five minutes.
func (s *Sandbox) prepayOfH5(r *http.Request, raw string) (string, *refusal) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", notOurs("/h5_url", raw)
	}
	id, refused := checkPrepayID("/h5_url", u.Query().Get("prepay_id"))
	if refused != nil {
		return "", refused
	}
	unread := s.read(r, func(r table.Reader) error {
		head, _ := machine.Head(r)
		o, ok := order.Behind(r, id)
		switch {
		case !ok:
			refused = refusalOf(code.OrderNotFound)
		case !order.Knows(o, id):
			refused = refusalOf(code.PrepayReplaced).about("/h5_url")
		case o.Product != pb.Product_PRODUCT_H5 || u.Query().Get("package") != cashier.H5Package(o, id):
			refused = wrong("/h5_url", raw, "h5_url 的 package 与 prepay_id 不符，请原样使用下单返回的 h5_url。", "The h5_url's package does not fit its prepay_id; use the h5_url exactly as the order answered it.")
		case !order.Paid(o) && o.PrepayId == id && s.businessNow(head) >= o.PrepayAt+cashier.H5Life:
			refused = refusalOf(code.PrepayExpired).about("/h5_url")
		}
		return nil
	})
	if unread != nil {
		return "", unread
	}
	return id, refused
}

func checkPrepayID(field, id string) (string, *refusal) {
	if _, ok := ident.ParsePrepayID(id); !ok {
		return "", notOurs(field, id)
	}
	return id, nil
}

func notOurs(field, value string) *refusal {
	const most = 64
	if len(value) > most {
		value = strings.ToValidUTF8(value[:most], "")
	}
	return wrong(field, value, "这不是本平台下单返回的地址或 prepay_id。", "This is not an address or prepay_id that this platform answered to an order.")
}
