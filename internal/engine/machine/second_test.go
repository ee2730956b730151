package machine_test

import (
	"fmt"
	"math"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// second is the second bookkeeper: a slow and obvious model of orders, money,
// refunds and notices, written from the wire reference and the design, without
// the rules' code or constants. It says what each command must answer and what
// the books must look like afterwards.
type second struct {
	now       int64 // business time
	accounts  map[string]*secondAccount
	batches   map[string]string // a transfer's or top-up's reference -> its content
	merchants map[string]*secondMerchant
	people    map[string]uint64 // name -> uid
	orders    map[string]*secondOrder
	refunds   map[string]*secondRefund
	notices   map[uint64]*secondNotice
	lastID    uint64 // of notices
	lastOrder uint64
}

type secondAccount struct {
	credits, debits, held int64
	strict, frozen        bool
	limit                 int64
}

func (a *secondAccount) balance() int64 { return a.credits - a.debits }

type secondMerchant struct {
	paused bool
	pause  int64 // ms between refunds of one order
}

type secondOrder struct {
	id                  uint64
	merchant            string
	total               int64
	app                 bool // older prepay_ids stay good
	made, expires       int64
	prepays             []secondPrepay // newest last
	state               string
	payer               uint64
	attempt             string
	paidAt              int64
	asked, done         int64 // refunds accepted and completed
	refunds             int
	lastRefund          int64
	notice              uint64
	description, wanted string
}

type secondPrepay struct {
	id string
	at int64
}

type secondRefund struct {
	order  *secondOrder
	amount int64
	total  int64
	state  string
	due    int64
	seq    int
	url    bool
	notice uint64
}

type secondNotice struct {
	merchant       string
	state          string
	made, settled  int64
	attempts, next int64
	tries          int
	revived        bool
}

const (
	sec  = int64(1000)
	hour = 3600 * sec
	day  = 24 * hour
)

func newSecond() *second {
	return &second{
		accounts: map[string]*secondAccount{}, batches: map[string]string{}, merchants: map[string]*secondMerchant{}, people: map[string]uint64{},
		orders: map[string]*secondOrder{}, refunds: map[string]*secondRefund{}, notices: map[uint64]*secondNotice{},
	}
}

func user(uid uint64) string      { return fmt.Sprintf("user/%d/balance", uid) }
func pending(mchid string) string { return fmt.Sprintf("mch/%s/pending", mchid) }

// sum adds without overflow, ok false beyond what an account can hold.
func sum(a, b int64) (int64, bool) {
	if b > math.MaxInt64-a {
		return 0, false
	}
	return a + b, true
}

// move posts one amount, or says why not.
func (s *second) move(from, to string, amount int64) code.Code {
	if amount <= 0 {
		return code.AmountMustBePositive
	}
	if from == to {
		return code.SameAccount
	}
	a, b := s.accounts[from], s.accounts[to]
	if a == nil || b == nil {
		return code.AccountNotFound
	}
	if a.frozen || b.frozen {
		return code.AccountFrozen
	}
	debits, ok := sum(a.debits, amount)
	credits, ok2 := sum(b.credits, amount)
	if !ok || !ok2 {
		return code.AmountOverflows
	}
	if a.strict && a.credits-debits < a.held {
		return code.BalanceTooLow
	}
	if b.limit > 0 && credits-b.debits > b.limit {
		return code.AccountCapExceeded
	}
	a.debits, b.credits = debits, credits
	return code.OK
}

func (s *second) topup(c *pb.PersonTopup) code.Code {
	content := fmt.Sprint(c.Uid, c.Amount, c.Line)
	if old, ok := s.batches["top "+c.Ref]; ok {
		if old != content {
			return code.TopupExists
		}
		return code.OK
	}
	bank := "bank/" + c.Line + "/clearing"
	fresh := s.accounts[bank] == nil
	if fresh {
		s.accounts[bank] = &secondAccount{}
	}
	out := s.move(bank, user(c.Uid), c.Amount)
	if out != code.OK {
		if fresh {
			delete(s.accounts, bank)
		}
		return out
	}
	s.batches["top "+c.Ref] = content
	return code.OK
}

func (s *second) transfer(c *pb.TransferBatch) code.Code {
	content := ""
	for _, t := range c.Transfers {
		content += fmt.Sprint(t.Debit, t.Credit, t.Amount, ";")
	}
	if old, ok := s.batches["transfer "+c.Ref]; ok {
		if old != content {
			return code.BatchExists
		}
		return code.OK
	}
	before := map[string]secondAccount{}
	for name, a := range s.accounts {
		before[name] = *a
	}
	for _, t := range c.Transfers {
		if out := s.move(t.Debit, t.Credit, t.Amount); out != code.OK {
			for name, a := range before {
				*s.accounts[name] = a
			}
			return out
		}
	}
	s.batches["transfer "+c.Ref] = content
	return code.OK
}

func (s *second) limit(c *pb.AccountLimit) code.Code {
	a := s.accounts[c.Account]
	strict := c.NoOverdraft || c.Account[:4] != "test"
	switch {
	case a == nil && c.Account[:4] != "test":
		return code.AccountNotFound
	case a == nil:
		a = &secondAccount{}
	case a.frozen == c.Frozen && a.strict == strict && a.limit == c.Cap:
		return code.NothingToDo
	}
	switch {
	case strict && a.balance() < a.held:
		return code.BalanceTooLow
	case c.Cap > 0 && a.balance() > c.Cap:
		return code.AccountCapExceeded
	}
	a.frozen, a.strict, a.limit = c.Frozen, strict, c.Cap
	s.accounts[c.Account] = a
	return code.OK
}

// create expects prepay to be noted by the caller when the answer is OK.
func (s *second) create(c *pb.OrderCreate) code.Code {
	if s.merchants[c.Mchid].paused {
		return code.MerchantPaused
	}
	key := c.Mchid + "/" + c.OutTradeNo
	o := s.orders[key]
	if o == nil {
		expires := c.TimeExpire
		if expires != 0 && expires < s.now+60*sec {
			expires = s.now + 60*sec
		}
		if expires > s.now+15*day {
			return code.TimeExpireInvalid
		}
		s.lastOrder++
		s.orders[key] = &secondOrder{
			id: s.lastOrder, merchant: c.Mchid, total: c.Total, app: c.Product == pb.Product_PRODUCT_APP, made: s.now, expires: expires,
			state: "NOTPAY", description: c.Description, wanted: c.Openid,
		}
		return code.OK
	}
	same := o.total == c.Total && o.app == (c.Product == pb.Product_PRODUCT_APP) && o.description == c.Description && o.wanted == c.Openid
	switch {
	case !same:
		return code.OrderNoUsed
	case o.paidAt != 0:
		return code.OrderPaid
	case o.state == "CLOSED":
		return code.OrderClosed
	case s.now >= o.until():
		return code.OrderExpired
	}
	return code.OK
}

func (o *secondOrder) until() int64 {
	if o.expires != 0 {
		return o.expires
	}
	return o.made + 7*day
}

// minted notes the prepay_id of an answer.
func (s *second) minted(o *pb.Order) {
	m := s.orders[o.Mchid+"/"+o.OutTradeNo]
	if !m.app {
		m.prepays = nil
	}
	m.prepays = append(m.prepays, secondPrepay{o.PrepayId, s.now})
	if len(m.prepays) > 9 {
		m.prepays = m.prepays[1:]
	}
}

// close ends an order. Of its prepay_ids only the newest is still known.
func (o *secondOrder) close() {
	o.state = "CLOSED"
	o.prepays = o.prepays[len(o.prepays)-1:]
}

func (s *second) pay(o *secondOrder, c *pb.OrderPay) code.Code {
	i := slices.IndexFunc(o.prepays, func(p secondPrepay) bool { return p.id == c.PrepayId })
	if i < 0 {
		return code.PrepayReplaced
	}
	switch {
	case o.paidAt != 0 && o.payer == c.Uid && o.attempt == string(c.Attempt):
		return code.OK
	case o.paidAt != 0:
		return code.OrderPaid
	case o.state == "CLOSED":
		return code.OrderClosed
	case s.now >= o.until():
		return code.OrderExpired
	}
	issued := o.prepays[i].at
	if i < len(o.prepays)-1 {
		issued -= issued % sec // an older one shows its second only
	}
	if s.now >= issued+2*hour {
		return code.PrepayExpired
	}
	if out := s.move(user(c.Uid), pending(o.merchant), o.total); out != code.OK {
		return out
	}
	o.state, o.payer, o.attempt, o.paidAt = "SUCCESS", c.Uid, string(c.Attempt), s.now
	o.notice = s.owe(o.merchant)
	return code.OK
}

func (s *second) owe(merchant string) uint64 {
	s.lastID++
	s.notices[s.lastID] = &secondNotice{merchant: merchant, state: "OWED", made: s.now, next: s.now}
	return s.lastID
}

func (s *second) close(c *pb.OrderClose) code.Code {
	o := s.orders[c.Mchid+"/"+c.OutTradeNo]
	if o != nil && o.paidAt != 0 {
		return code.OrderPaid
	}
	if o != nil {
		o.close()
	}
	return code.OK
}
