package cashier

import (
	"bytes"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// view is a page before it has words.
type view struct {
	Kind kind
	// Order and what was read with it; nil where no order is concerned.
	scene *scene
	// till is the till whose printed code it is; nil where none is concerned.
	till *printed
	// Payers are offered by kindPay.
	Payers []payer
	// Attempt and Carry go into the form: the attempt, and how the payer came.
	Attempt string
	Carry   []field
	// payerUID, payerName and payerBalance are who tried to pay.
	payerUID     uint64
	payerName    string
	payerBalance int64
	// Reason is filled into {reason}; Facts are shown below it.
	Reason text
	Facts  []field
	// back is the merchant's own page to return to.
	back *returnTo
	// receipt is the receipt's address, "" for none.
	receipt string
	// wallet is the order's page in a wallet, "" for none.
	wallet string
	// refresh is the address that asks again; the waiting pages move to it by
	// themselves.
	refresh string
}

// field is a name and a value, shown or carried in a form.
type field struct{ Name, Value string }

// groupSize is how many characters of a number a reader takes in at once.
const groupSize = 4

// longNumber is from how many characters on a value is read out in groups.
const longNumber = 16

// Groups cuts a long number where its line may break; what is short stays whole.
func (f field) Groups() []string {
	if len(f.Value) < longNumber || strings.Contains(f.Value, " ") {
		return []string{f.Value}
	}
	var groups []string
	for rest := []rune(f.Value); len(rest) > 0; {
		n := min(groupSize, len(rest))
		groups, rest = append(groups, string(rest[:n])), rest[n:]
	}
	return groups
}

// text is one sentence in both languages.
type text struct{ ZH, EN string }

func (t text) in(w *words) string {
	if w == chinese {
		return t.ZH
	}
	return t.EN
}

// page is a view in one language, ready for the template.
type page struct {
	*view
	W                     *words
	Title, Text, Icon     string
	To                    string // what the merchant is to this page
	Merchant, Amount, For string
	PayLabel              string
	Rows                  []field
	Links                 []link
	Action                string
	Refresh               string
	RefreshAfter          int
	Switch                string
	Resend                []field // what switching the language sends again
	Wallet, WalletWord    string
	Sandbox               bool
	LeftMs                int64
}

// PayAs is the button of a payer who isn't the first.
func (p *page) PayAs(name string) string { return strings.ReplaceAll(p.W.payAs, "{payer}", name) }

type link struct{ Href, Text, Rel string }

var templates = template.Must(template.New("").ParseFS(assets, "assets/page.html"))

// refreshAfter is how many seconds a waiting page stays.
const refreshAfter = 2

// show renders a view in the request's language.
func (c *Cashier) show(w http.ResponseWriter, r *http.Request, status int, v *view) {
	words := languages[language(r)]
	rememberLanguage(w, r)
	if v.Kind == kindUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(refreshAfter))
	}
	var out bytes.Buffer
	p := v.page(words, r)
	p.Sandbox = c.sandbox || p.Sandbox
	if err := templates.ExecuteTemplate(&out, "page.html", p); err != nil {
		c.log.Error("cashier: the page does not render", "kind", v.Kind, "err", err)
		out.Reset()
		out.WriteString(words.sentences[kindUnavailable].text)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", words.Tag)
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the phone may be gone
}

// page puts the view into words.
func (v *view) page(w *words, r *http.Request) *page {
	p := &page{view: v, W: w, Icon: v.Kind.icon(), To: w.receiver(v.Kind), Wallet: v.wallet, WalletWord: w.withWallet}
	p.Switch, p.Resend = switched(r, w.Other)
	fill := v.replacer(w)
	said := w.sentences[v.Kind]
	p.Title, p.Text = fill.Replace(said.title), fill.Replace(said.text)
	if s := v.scene; s != nil && order.Knows(s.order, s.prepayID) {
		p.Merchant, p.Amount, p.For, p.Sandbox = s.merchant.Name, yuan(s.order.Total), s.order.Description, s.sandbox
		p.Action, p.PayLabel = payPath(s.prepayID), fill.Replace(w.pay)
	}
	if v.till != nil {
		p.Merchant, p.Rows = v.till.merchant, []field{{w.Till, v.till.name}}
	}
	switch v.Kind {
	case kindPay, kindWallet:
		p.LeftMs = v.scene.payableUntil() - v.scene.now
		p.Rows = []field{{w.valid, v.scene.clock(v.scene.payableUntil())}}
	case kindPaid:
		p.Rows = v.payment(w)
	case kindAlready:
		// The large figure is what this payer has been charged now.
		p.Amount = yuan(0)
		p.Rows = append([]field{{w.total, yuan(v.scene.order.Total)}}, v.payment(w)...)
	}
	p.Links = v.links(w)
	if v.refresh != "" && v.Kind != kindInDoubt {
		p.Refresh, p.RefreshAfter = v.refresh, refreshAfter
	}
	return p
}

func (v *view) replacer(w *words) *strings.Replacer {
	pairs := []string{"{payer}", v.payerName, "{balance}", yuan(v.payerBalance), "{reason}", v.Reason.in(w)}
	if s := v.scene; s != nil {
		pairs = append(pairs, "{merchant}", s.merchant.Name, "{amount}", yuan(s.order.Total), "{deadline}", s.clock(s.payableUntil()))
	}
	return strings.NewReplacer(pairs...)
}

// payment are the facts of a paid order.
func (v *view) payment(w *words) []field {
	o := v.scene.order
	rows := []field{
		{w.paidAt, v.scene.moment(o.PaidAt)},
		{w.transaction, order.TransactionID(o, v.scene.offset)},
		{w.outTradeNo, o.OutTradeNo},
	}
	if o.Refunded > 0 {
		rows = append(rows, field{w.refunded, yuan(o.Refunded)})
	}
	return rows
}

// links are the ways on from a page.
func (v *view) links(w *words) []link {
	var links []link
	if v.refresh != "" {
		links = append(links, link{Href: v.refresh, Text: w.query})
	}
	if v.receipt != "" {
		links = append(links, link{Href: v.receipt, Text: w.receipt})
	}
	if v.scene != nil {
		here := carried(payPath(v.scene.prepayID), v.Carry)
		switch v.Kind {
		case kindLowBalance, kindBlocked, kindMismatch, kindRefused:
			links = append(links, link{Href: here, Text: w.again})
		case kindBadForm:
			links = append(links, link{Href: here, Text: w.back})
		}
	}
	if v.back != nil {
		links = append(links, link{Href: v.back.url, Text: strings.ReplaceAll(w.toMerchant, "{host}", v.back.host), Rel: "noopener noreferrer"})
	}
	return links
}

// switched is this page's address in the other language, and what is sent there again:
// an invocation, which moves nothing. A payment is not sent again; its page is shown.
func switched(r *http.Request, lang string) (address string, resend []field) {
	if r.URL == nil {
		return "", nil
	}
	q := r.URL.Query()
	q.Set("lang", lang)
	if r.Method != http.MethodGet && strings.HasPrefix(r.URL.Path, "/cashier/") {
		for _, name := range slices.Sorted(maps.Keys(r.PostForm)) {
			resend = append(resend, field{name, r.PostForm.Get(name)})
		}
		resend = append(resend, field{"lang", lang})
	}
	return r.URL.EscapedPath() + "?" + q.Encode(), resend
}

// yuan writes fen for people: ¥1,234.50.
func yuan(fen int64) string {
	whole, cents, _ := strings.Cut(money.Format(fen), ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + "¥" + whole + "." + cents
}

// moment writes a business time with its date.
func (s *scene) moment(at int64) string {
	return time.UnixMilli(at).In(time.FixedZone("", int(s.offset))).Format("2006-01-02 15:04:05")
}

// clock writes a business time near now: without the date on the same day.
func (s *scene) clock(at int64) string {
	layout := "2006-01-02 15:04"
	if stamp.Day(at, s.offset) == stamp.Day(s.now, s.offset) {
		layout = "15:04"
	}
	return time.UnixMilli(at).In(time.FixedZone("", int(s.offset))).Format(layout)
}
