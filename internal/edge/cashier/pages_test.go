package cashier

import (
	"bytes"
	"errors"
	"flag"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

var rewrite = flag.Bool("rewrite", false, "write the golden pages anew; look at the difference")

// pageCase leads to one page. fen is what 小明 has paid at the end.
type pageCase struct {
	kind   kind
	real   bool // not a sandbox
	wallet string
	status int
	fen    int64
	open   func(d *site) *httptest.ResponseRecorder
}

var pageCases = []pageCase{
	{kind: kindPay, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		d.core.Payer("hong", "小红", 50)
		return d.get("/pay/" + d.core.Order("T-10001", nil).PrepayId)
	}},
	{kind: kindPaid, status: 200, fen: 100, open: func(d *site) *httptest.ResponseRecorder {
		return d.tap(d.core.Order("T-10001", nil), d.ming.Uid, myAttempt)
	}},
	{kind: kindAlready, status: 200, fen: 100, open: func(d *site) *httptest.ResponseRecorder {
		o := d.core.Order("T-10001", nil)
		d.tap(o, d.ming.Uid, myAttempt)
		return d.tap(o, d.ming.Uid, otherAttempt)
	}},
	{kind: kindExpired, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		o := d.core.Order("T-10001", func(c *pb.OrderCreate) { c.TimeExpire = d.core.Now() + 10*stamp.Minute })
		d.core.Sleep(10 * stamp.Minute)
		return d.tap(o, d.ming.Uid, myAttempt)
	}},
	{kind: kindClosed, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		o := d.core.Order("T-10001", nil)
		d.core.Must(catalogue.OrderClose, &pb.OrderClose{Mchid: o.Mchid, OutTradeNo: o.OutTradeNo})
		return d.tap(o, d.ming.Uid, myAttempt)
	}},
	{kind: kindReplaced, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		o := d.core.Order("T-10001", nil)
		d.core.Order("T-10001", nil)
		return d.tap(o, d.ming.Uid, myAttempt)
	}},
	{kind: kindStale, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		o := d.core.Order("T-10001", nil)
		d.core.Sleep(2 * stamp.Hour)
		return d.tap(o, d.ming.Uid, myAttempt)
	}},
	{kind: kindLowBalance, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		hong := d.core.Payer("hong", "小红", 50)
		return d.tap(d.core.Order("T-10001", nil), hong.Uid, myAttempt)
	}},
	{kind: kindBlocked, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		d.core.Must(catalogue.AccountLimit, &pb.AccountLimit{Account: "user/1/balance", Currency: 156, Frozen: true, NoOverdraft: true})
		return d.tap(d.core.Order("T-10001", nil), d.ming.Uid, myAttempt)
	}},
	{kind: kindMismatch, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		hong := d.core.Payer("hong", "小红", 5000)
		o := d.core.Order("T-10001", func(c *pb.OrderCreate) {
			c.Openid = hong.Openids[0].Openid // a NATIVE order may name its payer too
		})
		return d.tap(o, d.ming.Uid, myAttempt)
	}},
	{kind: kindRefused, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		return d.tap(d.core.Order("T-10001", nil), 999, myAttempt)
	}},
	{kind: kindBusy, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		o := d.core.Order("T-10001", nil)
		d.core.Break(func(*pb.Command) (bool, error) { return false, code.Overloaded.Err() })
		return d.tap(o, d.ming.Uid, myAttempt)
	}},
	{kind: kindWaiting, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		o := d.core.Order("T-10001", nil)
		d.core.Break(func(*pb.Command) (bool, error) { return false, code.Unknown.Err() })
		return d.tap(o, d.ming.Uid, myAttempt)
	}},
	{kind: kindInDoubt, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		o := d.core.Order("T-10001", nil)
		d.core.Break(func(*pb.Command) (bool, error) { return false, errors.New("no result") })
		w := d.post("/pay/"+o.PrepayId, url.Values{"attempt": {myAttempt}, "payer": {"1"}})
		d.core.Sleep(waitMs)
		return d.get(w.Header().Get("Location"))
	}},
	{kind: kindHome, status: 200, open: func(d *site) *httptest.ResponseRecorder { return d.get("/") }},
	{kind: kindWallet, real: true, wallet: "https://w.example.com", status: 200, open: func(d *site) *httptest.ResponseRecorder {
		return d.get("/pay/" + d.core.Order("T-10001", nil).PrepayId)
	}},
	{kind: kindTill, real: true, wallet: "https://w.example.com", status: 200, open: func(d *site) *httptest.ResponseRecorder { return d.get(d.printed()) }},
	{kind: kindTillOnly, real: true, status: 200, open: func(d *site) *httptest.ResponseRecorder { return d.get(d.printed()) }},
	{kind: kindTillClosed, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		link := d.printed()
		d.core.Must(catalogue.TillSet, &pb.TillSet{Id: 1, Close: true})
		return d.get(link)
	}},
	{kind: kindNoTill, status: 404, open: func(d *site) *httptest.ResponseRecorder { return d.get(paylink.Till("", make([]byte, till.TokenSize))) }},
	{kind: kindAstray, status: 404, open: func(d *site) *httptest.ResponseRecorder { return d.get("/shop") }},
	{kind: kindUnknown, status: 404, open: func(d *site) *httptest.ResponseRecorder {
		return d.get("/pay/wx20260301120000ffffffffffffffffffff")
	}},
	{kind: kindNoWallet, real: true, status: 200, open: func(d *site) *httptest.ResponseRecorder {
		return d.get("/pay/" + d.core.Order("T-10001", nil).PrepayId)
	}},
	{kind: kindScene, status: 403, open: func(d *site) *httptest.ResponseRecorder {
		o := d.core.Order("T-10001", func(c *pb.OrderCreate) { c.Product = pb.Product_PRODUCT_APP })
		return d.post("/pay/"+o.PrepayId, url.Values{"attempt": {myAttempt}, "payer": {"1"}})
	}},
	{kind: kindBadCall, status: 400, open: func(d *site) *httptest.ResponseRecorder {
		return d.post("/cashier/jsapi", url.Values{"package": {"wx123"}})
	}},
	{kind: kindBadForm, status: 400, open: func(d *site) *httptest.ResponseRecorder {
		return d.post("/pay/"+d.core.Order("T-10001", nil).PrepayId, url.Values{"payer": {"1"}})
	}},
	{kind: kindForeign, status: 403, open: func(d *site) *httptest.ResponseRecorder {
		o := d.core.Order("T-10001", nil)
		r := httptest.NewRequest("POST", "/pay/"+o.PrepayId, strings.NewReader("attempt="+myAttempt+"&payer=1"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Accept-Language", d.lang)
		return d.do(r)
	}},
	{kind: kindUnavailable, status: 503, open: func(d *site) *httptest.ResponseRecorder {
		o := d.core.Order("T-10001", nil)
		d.unreadable = true
		return d.get("/pay/" + o.PrepayId)
	}},
}

// printed is where a new till's printed code leads.
func (d *site) printed() string {
	d.Helper()
	token := bytes.Repeat([]byte{7}, till.TokenSize)
	d.core.Must(catalogue.TillAdd, &pb.TillAdd{Mchid: edgetest.Mchid, Name: "柜台", Token: token})
	return paylink.Till("", token)
}

// Every kind of page in both languages is compared with a golden file. Which
// page it is and what moved are checked apart from the file, so that a rewrite
// cannot hide them.
func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range pageCases {
		for lang, w := range languages {
			t.Run(string(c.kind)+"/"+lang, func(t *testing.T) {
				t.Parallel()
				d := newSiteWith(t, !c.real, c.wallet)
				d.lang = lang
				answer := c.open(d)
				body := answer.Body.String()
				if answer.Code != c.status {
					t.Errorf("status %d, want %d", answer.Code, c.status)
				}
				if !strings.Contains(body, `<main class="`+string(c.kind)+`">`) || !strings.Contains(body, `<html lang="`+w.Tag+`">`) {
					t.Errorf("the page is not %s in %s:\n%s", c.kind, w.Tag, body)
				}
				if got := d.charged(); got != c.fen {
					t.Errorf("%d fen moved, want %d", got, c.fen)
				}
				compareGolden(t, string(c.kind)+"."+lang+".html", body)
			})
		}
	}
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page is not as in %s (go test -rewrite writes it anew):\n%s", path, got)
	}
}

// Each kind has a case above and sentences in both languages.
func TestEveryKindIsTestedAndSaid(t *testing.T) {
	t.Parallel()
	tested := map[kind]bool{}
	for _, c := range pageCases {
		tested[c.kind] = true
	}
	for _, k := range kinds {
		if !tested[k] {
			t.Errorf("no case leads to %s", k)
		}
		for lang, w := range languages {
			said, ok := w.sentences[k]
			if !ok || said.title == "" || said.text == "" && k != kindPay {
				t.Errorf("%s has no sentence in %s", k, lang)
			}
			if strings.Contains(said.text, "¥0.00") != (k == kindAlready) {
				t.Errorf("%s in %s: ¥0.00 belongs to the page of an order paid before", k, lang)
			}
		}
	}
	if len(kinds) != len(chinese.sentences) || len(kinds) != len(english.sentences) {
		t.Error("a language has sentences for kinds that do not exist")
	}
}

// An answer that charged nothing says so.
func TestRefusalsSayThatNothingWasCharged(t *testing.T) {
	t.Parallel()
	for k := range english.sentences {
		switch k {
		case kindPay, kindPaid, kindAlready, kindWaiting, kindInDoubt:
			continue
		}
		en, zh := english.sentences[k].text, chinese.sentences[k].text
		if !strings.Contains(en, "othing was charged") && !strings.Contains(en, "charges nothing") {
			t.Errorf("%s: %s", k, en)
		}
		if !strings.Contains(zh, "没有扣款") && !strings.Contains(zh, "不会扣款") {
			t.Errorf("%s: %s", k, zh)
		}
	}
}
