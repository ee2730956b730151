package cashier

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// maxPayers bounds the demo payers a page offers.
const maxPayers = 20

// payerCookie remembers who paid last, so that they come first.
const payerCookie = "hf_payer"

// payer is a demo payer as the page offers them.
type payer struct {
	UID     uint64
	Name    string
	Balance string
	Low     bool
	Blocked bool
	// First is who the page's one large button pays as.
	First bool
}

func (p payer) able() bool { return !p.Low && !p.Blocked }

// payers lists who may pay the order in a sandbox: the one it was placed for,
// or the first twenty, the last one who paid from this browser first among those who
// can.
func (c *Cashier) payers(r table.Reader, s *scene, last uint64) []payer {
	var list []payer
	offer := func(p *pb.Person) {
		list = append(list, payer{UID: p.Uid, Name: c.people.Name(p), Blocked: p.Blocked,
			Balance: yuan(balance(r, p.Uid, s.order.Currency)), Low: balance(r, p.Uid, s.order.Currency) < s.order.Total})
	}
	if s.order.Openid != "" {
		if p, ok := person.ByOpenid(r, s.order.Appid, s.order.Openid); ok {
			offer(p)
		}
		return offered(list)
	}
	person.List(r, func(p *pb.Person) bool {
		offer(p)
		return len(list) < maxPayers
	})
	if i := slices.IndexFunc(list, func(p payer) bool { return p.UID == last }); i > 0 {
		list = slices.Concat(list[i:i+1], list[:i], list[i+1:])
	}
	return offered(list)
}

// offered puts those who can pay before those who can't. The first of them gets the
// large button; where nobody can, nobody does.
func offered(list []payer) []payer {
	slices.SortStableFunc(list, func(a, b payer) int {
		switch {
		case a.able() == b.able():
			return 0
		case a.able():
			return -1
		}
		return 1
	})
	if len(list) > 0 && list[0].able() {
		list[0].First = true
	}
	return list
}

// balance is what a person can spend, in fen.
func balance(r table.Reader, uid uint64, currency uint32) int64 {
	a, ok := ledger.Get(r, ledger.UserBalance(uid), currency)
	if !ok {
		return 0
	}
	return ledger.Available(a)
}

// name is a person's name, "" when there is no such person.
func (c *Cashier) name(r table.Reader, uid uint64) string {
	p, ok := person.Get(r, uid)
	if !ok {
		return ""
	}
	return c.people.Name(p)
}

func lastPayer(r *http.Request) uint64 {
	c, err := r.Cookie(payerCookie)
	if err != nil {
		return 0
	}
	uid, _ := strconv.ParseUint(c.Value, 10, 64) // 0 is nobody
	return uid
}

func rememberPayer(w http.ResponseWriter, r *http.Request, uid uint64) {
	http.SetCookie(w, &http.Cookie{
		Name: payerCookie, Value: strconv.FormatUint(uid, 10), Path: "/", MaxAge: 30 * 24 * 3600,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
}
