package view

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

// tells is the name by which the entries are found that concern a person though
// nothing of theirs was posted to, for one kind of entity: "tells transfer/17". No entity
// has a name like it.
func tells(b []byte, kind string, uid uint64) []byte {
	return strconv.AppendUint(append(append(append(b, "tells "...), kind...), '/'), uid, 10)
}

// tellsMerchant is tells for a merchant: "tells till/1900000001", of which no person has
// the number.
func tellsMerchant(b []byte, kind, mchid string) []byte {
	return append(append(append(append(b, "tells merchant "...), kind...), '/'), mchid...)
}

// Concern says whom journal entries concern. It is used by one goroutine.
type Concern struct {
	kinds map[string]catalogue.Kind // by the names of entities, parts' too
	names []string                  // of kinds that tell people, in their order
	shops []string                  // of kinds that tell merchants, in their order
	entry entry
	// People and Merchants are of the entry last looked at, each once.
	People    []uint64
	Merchants []string
}

// NewConcern makes a Concern of the kinds that rules declare.
func NewConcern(kinds []catalogue.Kind) *Concern {
	c := &Concern{kinds: map[string]catalogue.Kind{}}
	for _, k := range kinds {
		if k.Tells != nil {
			c.kinds[k.Name] = k
			c.names = append(c.names, k.Name)
		}
		if k.TellsMerchant != nil {
			c.kinds[k.Name] = k
			c.shops = append(c.shops, k.Name)
		}
		for _, part := range k.Parts {
			c.kinds[part] = k
		}
	}
	return c
}

// Look finds whom a stored entry concerns: those whose accounts it posts to, the
// person whose own record it is about, and whom the rule names. Of a merchant's accounts
// it is the balance.
func (c *Concern) Look(r table.Reader, stored []byte) error {
	c.People, c.Merchants = c.People[:0], c.Merchants[:0]
	if err := c.entry.read(stored); err != nil {
		return err
	}
	for i := range c.entry.postings {
		c.account(c.entry.postings[i].debit)
		c.account(c.entry.postings[i].credit)
	}
	if kind, uid, ok := numbered(string(c.entry.entity)); ok && (kind == "wallet" || kind == "person") {
		c.person(uid)
	}
	if _, uid := c.other(r, &c.entry); uid != 0 {
		c.person(uid)
	}
	if _, mchid := c.merchant(r, &c.entry); mchid != "" {
		c.Merchants = append(c.Merchants, mchid)
	}
	return nil
}

func (c *Concern) account(name []byte) {
	if uid, ok := holder(name); ok {
		c.person(uid)
		return
	}
	if mchid, ok := shop(name); ok && !slices.Contains(c.Merchants, string(mchid)) {
		c.Merchants = append(c.Merchants, string(mchid))
	}
}

// shop is whose account it is, if it is a merchant's balance.
func shop(account []byte) (mchid []byte, ok bool) {
	rest, ok := bytes.CutPrefix(account, []byte("mch/"))
	if !ok {
		return nil, false
	}
	return bytes.CutSuffix(rest, []byte("/pending"))
}

func (c *Concern) person(uid uint64) {
	if !slices.Contains(c.People, uid) {
		c.People = append(c.People, uid)
	}
}

// holder is whose account it is, if it is a person's.
func holder(account []byte) (uid uint64, ok bool) {
	rest, ok := bytes.CutPrefix(account, []byte("user/"))
	if !ok {
		return 0, false
	}
	number, _, _ := bytes.Cut(rest, []byte("/"))
	for _, d := range number {
		if d < '0' || d > '9' {
			return 0, false
		}
		uid = uid*10 + uint64(d-'0')
	}
	return uid, len(number) > 0
}

// other is whom the rule of an entity's kind names, 0 for nobody. What moves money
// between two people needs nobody named.
func (c *Concern) other(r table.Reader, e *entry) (kind string, uid uint64) {
	k, id, ok := c.kind(e)
	if !ok || k.Tells == nil || e.betweenTwo() {
		return "", 0
	}
	return k.Name, k.Tells(r, catalogue.Number(e.number), id, e.name)
}

// merchant is whom the rule of an entity's kind names, "" for nobody. What moves a
// merchant's money needs nobody named.
func (c *Concern) merchant(r table.Reader, e *entry) (kind, mchid string) {
	k, id, ok := c.kind(e)
	if !ok || k.TellsMerchant == nil || e.ofShop() {
		return "", ""
	}
	return k.Name, k.TellsMerchant(r, catalogue.Number(e.number), id, e.name)
}

// kind is the kind of an entry's entity, and its number: "cash/7/a1" is of the till 7.
func (c *Concern) kind(e *entry) (k catalogue.Kind, id uint64, ok bool) {
	name, rest, _ := bytes.Cut(e.entity, []byte("/"))
	if k, ok = c.kinds[string(name)]; !ok {
		return k, 0, false
	}
	digits, _, _ := bytes.Cut(rest, []byte("/"))
	id, err := strconv.ParseUint(string(digits), 10, 64)
	return k, id, err == nil
}

// ofShop says whether a merchant's balance is posted to.
func (e *entry) ofShop() bool {
	return slices.ContainsFunc(e.postings, func(p posting) bool {
		_, debit := shop(p.debit)
		_, credit := shop(p.credit)
		return debit || credit
	})
}

// betweenTwo says whether accounts of two people are posted to.
func (e *entry) betweenTwo() bool {
	var one uint64
	for i := range e.postings {
		for _, account := range [2][]byte{e.postings[i].debit, e.postings[i].credit} {
			switch uid, ok := holder(account); {
			case ok && one != 0 && uid != one:
				return true
			case ok:
				one = uid
			}
		}
	}
	return false
}

// ConcerningPerson returns the entries with from <= seq < to that concern a person, in
// order: at most about most, the newest of them.
func (v *Views) ConcerningPerson(uid, from, to uint64, most int) ([]uint64, error) {
	number := strconv.FormatUint(uid, 10)
	sources := []pages{v.postedTo(ledger.UserBalance(uid)), v.about("wallet/" + number), v.about("person/" + number)}
	for _, kind := range v.tellers {
		sources = append(sources, v.about(string(tells(nil, kind, uid))))
	}
	return newest(from, to, most, sources...)
}

// Told returns entries about a kind of entity that concern a person though they post to no
// account of theirs: those below before (0 for no bound), at most limit, the newest
// first.
func (v *Views) Told(kind string, uid, before uint64, limit int) ([]uint64, error) {
	steps, err := v.Steps(string(tells(nil, kind, uid)), before, limit)
	slices.Reverse(steps)
	return steps, err
}

// ConcerningMerchant is ConcerningPerson for a merchant.
func (v *Views) ConcerningMerchant(mchid string, from, to uint64, most int) ([]uint64, error) {
	sources := []pages{v.postedTo(ledger.MerchantPending(mchid))}
	for _, kind := range v.shops {
		sources = append(sources, v.about(string(tellsMerchant(nil, kind, mchid))))
	}
	return newest(from, to, most, sources...)
}

// pages returns entries below before, the newest first; none when there are no more.
type pages func(before uint64) ([]uint64, error)

const concernPage = 500

func (v *Views) postedTo(account string) pages {
	return func(before uint64) (seqs []uint64, err error) {
		lines, err := v.History(account, money.CNY, before, concernPage)
		for _, l := range lines {
			seqs = append(seqs, l.Seq)
		}
		return seqs, err
	}
}

func (v *Views) about(entity string) pages {
	return func(before uint64) ([]uint64, error) {
		steps, err := v.Steps(entity, before, concernPage)
		slices.Reverse(steps)
		return steps, err
	}
}

// newest merges what the sources have.
func newest(from, to uint64, most int, sources ...pages) ([]uint64, error) {
	var all []uint64
	for _, next := range sources {
		before := to
		for n := 0; n < most && before > from; {
			page, err := next(before)
			if err != nil {
				return nil, err
			}
			if len(page) == 0 {
				break
			}
			all, n, before = append(all, page...), n+len(page), page[len(page)-1]
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	at, _ := slices.BinarySearch(all, from)
	return all[max(at, len(all)-most):], nil
}
