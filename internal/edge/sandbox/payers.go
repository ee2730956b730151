package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// line is the bank line that a sandbox's money comes from.
const line = "sandbox"

// Bounds on lists and searches.
const (
	maxPayers   = 1000
	maxAppids   = 64
	maxTopup    = 100_000_000_00 // fen: a hundred million yuan
	maxSearched = 100_000
)

// payerView is a payer as the sandbox shows them.
type payerView struct {
	UID     string       `json:"uid"`
	Ref     string       `json:"ref"`
	Name    string       `json:"name"`
	Balance int64        `json:"balance"` // fen
	Blocked bool         `json:"blocked,omitempty"`
	Openids []openidView `json:"openids"`
}

type openidView struct {
	Appid  string `json:"appid"`
	Openid string `json:"openid"`
}

func (s *Sandbox) viewPayer(r table.Reader, p *pb.Person) payerView {
	v := payerView{UID: strconv.FormatUint(p.Uid, 10), Ref: p.Ref, Name: s.people.Name(p), Blocked: p.Blocked,
		Balance: balance(r, p.Uid), Openids: []openidView{}}
	for _, o := range p.Openids {
		v.Openids = append(v.Openids, openidView{o.Appid, o.Openid})
	}
	return v
}

func balance(r table.Reader, uid uint64) int64 {
	a, ok := ledger.Get(r, ledger.UserBalance(uid), money.CNY)
	if !ok {
		return 0
	}
	return ledger.Available(a)
}

func (s *Sandbox) servePayers(r *http.Request) (any, *refusal) {
	list := []payerView{}
	refused := s.read(r, func(r table.Reader) error {
		person.List(r, func(p *pb.Person) bool {
			list = append(list, s.viewPayer(r, p))
			return len(list) < maxPayers
		})
		return nil
	})
	return map[string]any{"payers": list}, refused
}

// addPayer is the body of POST /sandbox/payers.
type addPayer struct {
	Name    string
	Ref     string
	Balance int64
}

var addPayerSchema = strictjson.Of(
	strictjson.String("name", func(a *addPayer) *string { return &a.Name }, strictjson.Text{Min: 1, Max: 60}).Required(),
	strictjson.String("ref", func(a *addPayer) *string { return &a.Ref }, strictjson.Text{Max: 52}),
	strictjson.Int("balance", func(a *addPayer) *int64 { return &a.Balance }, strictjson.Number{Min: 0, Max: maxTopup}),
)

// serveAddPayer adds a payer known to every merchant's appids. ref is the
// identity, the name when none is given: the same request again changes nothing
// and returns the payer as they are now.
func (s *Sandbox) serveAddPayer(r *http.Request) (any, *refusal) {
	var add addPayer
	if refused := decode(r, addPayerSchema, &add); refused != nil {
		return nil, refused
	}
	if add.Ref == "" {
		add.Ref = add.Name
	}
	if len([]rune(add.Ref)) > 52 {
		return nil, wrong("/ref", "", "名称较长时请另给一个不超过 52 个字符的 ref。", "Give a ref of at most 52 characters with so long a name.")
	}
	appids, refused := s.appids(r)
	if refused != nil {
		return nil, refused
	}
	p, out, err := s.people.Enter(r.Context(), s.core, "sandbox", "", personal.Newcomer{Ref: add.Ref, Details: &pb.Details{Name: add.Name}})
	switch {
	case err != nil:
		return nil, noResult(err)
	case !out.OK():
		return nil, refusalOf(out).about("/ref")
	}
	if p == nil {
		return nil, refusalOf(code.Internal)
	}
	for _, appid := range appids { // apart, since merchants may have been added since the payer was
		if person.Openid(p, appid) != "" {
			continue
		}
		if _, refused := do(s, r, person.BindOpenid, &pb.PersonOpenid{Uid: p.Uid, Appid: appid}); refused != nil {
			return nil, refused
		}
	}
	if add.Balance > 0 {
		top := &pb.PersonTopup{Uid: p.Uid, Amount: add.Balance, Currency: money.CNY, Ref: "sandbox/open/" + strconv.FormatUint(p.Uid, 10), Line: line}
		if _, refused := do(s, r, person.Topup, top); refused != nil {
			return nil, refused.about("/balance").saying("该付款人已存在，开户余额不同；加钱请用 POST /sandbox/topup。",
				"The payer exists with another opening balance; POST /sandbox/topup gives more money.")
		}
	}
	return s.showPayer(r, p.Uid)
}

// appids lists the appids of all merchants.
func (s *Sandbox) appids(r *http.Request) (list []string, refused *refusal) {
	seen := map[string]bool{}
	refused = s.read(r, func(r table.Reader) error {
		merchant.List(r, "", func(m *pb.Merchant) bool {
			for _, appid := range m.Appids {
				if !seen[appid] && len(list) < maxAppids {
					seen[appid] = true
					list = append(list, appid)
				}
			}
			return len(list) < maxAppids
		})
		return nil
	})
	return list, refused
}

func (s *Sandbox) showPayer(r *http.Request, uid uint64) (any, *refusal) {
	var v payerView
	refused := s.read(r, func(r table.Reader) error {
		p, ok := person.Get(r, uid)
		if !ok {
			return fmt.Errorf("person %d is gone", uid)
		}
		v = s.viewPayer(r, p)
		return nil
	})
	return v, refused
}

// topup is the body of POST /sandbox/topup.
type topup struct {
	Payer  string
	Ref    string
	Amount int64
}

var topupSchema = strictjson.Of(
	strictjson.String("payer", func(t *topup) *string { return &t.Payer }, strictjson.Text{Min: 1, Max: 128}).Required(),
	strictjson.Int("amount", func(t *topup) *int64 { return &t.Amount }, strictjson.Number{Min: 1, Max: maxTopup}).Required(),
	strictjson.String("ref", func(t *topup) *string { return &t.Ref }, strictjson.Text{Max: 50}),
)

// serveTopup gives a payer money. ref is the identity of the top-up; without
// one every request is another top-up.
func (s *Sandbox) serveTopup(r *http.Request) (any, *refusal) {
	var t topup
	if refused := decode(r, topupSchema, &t); refused != nil {
		return nil, refused
	}
	if t.Ref == "" {
		t.Ref = fresh()
	}
	var p *pb.Person
	var refused *refusal
	if unread := s.read(r, func(rd table.Reader) error { p, refused = s.findPayer(rd, t.Payer, ""); return nil }); unread != nil {
		return nil, unread
	}
	if refused != nil {
		return nil, refused
	}
	top := &pb.PersonTopup{Uid: p.Uid, Amount: t.Amount, Currency: money.CNY, Ref: "sandbox/" + t.Ref, Line: line}
	if _, refused := do(s, r, person.Topup, top); refused != nil {
		return nil, refused.about("/amount")
	}
	return s.showPayer(r, p.Uid)
}

// findPayer finds a person by openid (under appid first, when it is known), by
// ref, by uid, or by a name that only one person has.
func (s *Sandbox) findPayer(r table.Reader, who, appid string) (*pb.Person, *refusal) {
	if p, ok := person.ByOpenid(r, appid, who); ok && appid != "" {
		return p, nil
	}
	if p, ok := person.ByRef(r, who); ok {
		return p, nil
	}
	if uid, err := strconv.ParseUint(who, 10, 64); err == nil {
		if p, ok := person.Get(r, uid); ok {
			return p, nil
		}
	}
	found := s.searchPayers(r, who)
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, wrong("/payer", who, "没有这个付款人；GET /sandbox/payers 列出全部，POST /sandbox/payers 可添加。",
			"There is no such payer; GET /sandbox/payers lists them and POST /sandbox/payers adds one.")
	}
	var uids []string
	for _, p := range found {
		uids = append(uids, strconv.FormatUint(p.Uid, 10))
	}
	list := strings.Join(uids, ", ")
	return nil, wrong("/payer", who, "有多个付款人叫这个名字，请用 uid："+list+"。", "Several payers have this name; use a uid: "+list+".")
}

// searchPayers looks through people for a name or an openid under any appid.
func (s *Sandbox) searchPayers(r table.Reader, who string) (found []*pb.Person) {
	openid, looked := ident.ValidOpenid(who), 0
	person.List(r, func(p *pb.Person) bool {
		looked++
		match := s.people.Name(p) == who
		for _, o := range p.Openids {
			match = match || openid && o.Openid == who
		}
		if match {
			found = append(found, p)
		}
		return looked < maxSearched && len(found) < 10
	})
	return found
}
