package shop

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// place puts an order of 100 fen through a platform that answers as it should.
func place(t *testing.T) (*Shop, Order) {
	t.Helper()
	p, server := newPlatform(t)
	p.body = `{"code_url":"http://127.0.0.1/pay/wx1"}`
	s := openShop(t, t.TempDir(), server.URL)
	o, err := s.Place(t.Context(), "乌龙茶", 100)
	if err != nil {
		t.Fatal(err)
	}
	return s, o
}

func TestPlaceSendsWhatAMerchantSends(t *testing.T) {
	t.Parallel()
	p, server := newPlatform(t)
	p.body = `{"code_url":"http://127.0.0.1/pay/wx1"}`
	s := openShop(t, t.TempDir(), server.URL)
	o, err := s.Place(t.Context(), "乌龙茶 <tea>", 12345)
	if err != nil {
		t.Fatal(err)
	}
	if p.method != "POST" || p.path != "/v3/pay/transactions/native" {
		t.Errorf("request was %s %s", p.method, p.path)
	}
	amount, _ := p.sent["amount"].(map[string]any)
	got := fmt.Sprint(p.sent["mchid"], " ", p.sent["appid"], " ", p.sent["description"], " ", p.sent["notify_url"], " ", amount["total"], " ", amount["currency"])
	want := testMchid + " " + testAppid + " 乌龙茶 <tea> http://127.0.0.1:1/notify 12345 CNY"
	if got != want || p.sent["out_trade_no"] != o.OutTradeNo {
		t.Errorf("sent %s\nwant %s", got, want)
	}
	if n := len(o.OutTradeNo); n < 6 || n > 32 {
		t.Errorf("out_trade_no %q has %d characters", o.OutTradeNo, n)
	}
	if kept, ok := s.book.order(o.OutTradeNo); !ok || kept.CodeURL != "http://127.0.0.1/pay/wx1" || kept.Paid() {
		t.Errorf("the book has %+v", kept)
	}
}

func TestPlaceRefusesAnswersThatDoNotVerify(t *testing.T) {
	t.Parallel()
	p, server := newPlatform(t)
	p.signer, p.body = merchantKey(), `{"code_url":"http://evil/pay/wx1"}`
	s := openShop(t, t.TempDir(), server.URL)
	if _, err := s.Place(t.Context(), "tea", 1); err == nil {
		t.Fatal("an answer signed by somebody else was believed")
	}
	p.signer, p.body = platformKey(), `{}`
	if _, err := s.Place(t.Context(), "tea", 1); err == nil || !strings.Contains(err.Error(), "leads to no payment") {
		t.Fatalf("an answer without code_url: %v", err)
	}
}

func TestQueryReadsTheState(t *testing.T) {
	t.Parallel()
	p, server := newPlatform(t)
	p.body = `{"trade_state":"SUCCESS","transaction_id":"4200000000000000000000000001"}`
	s := openShop(t, t.TempDir(), server.URL)
	got, err := s.Query(t.Context(), "SHOP-1234")
	if err != nil || *got.TradeState != "SUCCESS" {
		t.Fatalf("%v %v", got, err)
	}
	if p.path != "/v3/pay/transactions/out-trade-no/SHOP-1234?mchid="+testMchid {
		t.Errorf("asked %s", p.path)
	}
}

func paidPlaintext(o Order, total int64) string {
	return fmt.Sprintf(`{"mchid":%q,"appid":%q,"out_trade_no":%q,"transaction_id":"4200000000000000000000000001","trade_state":"SUCCESS","amount":{"total":%d,"payer_total":%d,"currency":"CNY"}}`,
		testMchid, testAppid, o.OutTradeNo, total, total)
}

func genuine(o Order) callback {
	return callback{id: "n-1", event: "TRANSACTION.SUCCESS", plaintext: paidPlaintext(o, o.Total), key: testAPIv3Key, signer: platformKey()}
}

func send(s *Shop, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func TestNoticePaysTheOrderOnce(t *testing.T) {
	t.Parallel()
	s, o := place(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if w := send(s, genuine(o).request()); w.Code != http.StatusNoContent {
				t.Errorf("answer %d %s", w.Code, w.Body)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	paid, notice, err := s.WaitPaid(ctx, o.OutTradeNo)
	if err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if paid.TransactionID != "4200000000000000000000000001" || notice.ID != "n-1" {
		t.Errorf("paid %+v by %+v", paid, notice)
	}
	if _, notices := s.book.newest(-1); len(notices) != 1 || notices[0].Repeats != 7 {
		t.Errorf("eight copies of one notice are %+v", notices)
	}
}

func TestNoticesThatAreRefusedChangeNothing(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*callback, *Order)
		status int
	}{
		{"signed by another key", func(c *callback, _ *Order) { c.signer = merchantKey() }, 401},
		{"sealed with another key", func(c *callback, _ *Order) { c.key = strings.Repeat("k", 32) }, 401},
		{"too large", func(c *callback, _ *Order) { c.plaintext = `"` + strings.Repeat("x", maxNotice) + `"` }, 401},
		{"another amount", func(c *callback, o *Order) { c.plaintext = paidPlaintext(*o, 99) }, 400},
		{"another merchant", func(c *callback, o *Order) {
			c.plaintext = strings.Replace(c.plaintext, testMchid, "1900000002", 1)
		}, 400},
		{"unknown order", func(c *callback, o *Order) { c.plaintext = paidPlaintext(Order{OutTradeNo: "OTHER-1"}, 100) }, 400},
		{"not a success", func(c *callback, _ *Order) { c.plaintext = strings.Replace(c.plaintext, "SUCCESS", "PAYERROR", 1) }, 400},
		{"unknown event", func(c *callback, _ *Order) { c.event = "COUPON.USE" }, 400},
		{"no object", func(c *callback, _ *Order) { c.plaintext = `[]` }, 400},
	}
	s, o := place(t)
	for _, c := range cases {
		bad := genuine(o)
		c.change(&bad, &o)
		if w := send(s, bad.request()); w.Code != c.status || !strings.Contains(w.Body.String(), `"FAIL"`) {
			t.Errorf("%s: answer %d %s, want %d", c.name, w.Code, w.Body, c.status)
		}
	}
	if kept, _ := s.book.order(o.OutTradeNo); kept.Paid() {
		t.Errorf("the order became %+v", kept)
	}
	if _, notices := s.book.newest(-1); len(notices) != 0 {
		t.Errorf("notices %+v", notices)
	}
}

func TestRefundNotice(t *testing.T) {
	t.Parallel()
	s, o := place(t)
	back := genuine(o)
	refund := func(id string, fen int64) int {
		back.id, back.event = id, "REFUND.SUCCESS"
		back.plaintext = fmt.Sprintf(`{"mchid":%q,"out_trade_no":%q,"out_refund_no":"R-1","refund_status":"SUCCESS","amount":{"total":100,"refund":%d}}`, testMchid, o.OutTradeNo, fen)
		return send(s, back.request()).Code
	}
	if got := []int{refund("r-1", 60), refund("r-1", 60), refund("r-2", 41), refund("r-3", 40)}; fmt.Sprint(got) != "[204 204 400 204]" {
		t.Errorf("answers %v", got)
	}
	if kept, _ := s.book.order(o.OutTradeNo); kept.Refunded != 100 {
		t.Errorf("refunded %d fen of 100", kept.Refunded)
	}
}

func TestBookSurvivesACrash(t *testing.T) {
	t.Parallel()
	p, server := newPlatform(t)
	p.body = `{"code_url":"http://127.0.0.1/pay/wx1"}`
	dir := t.TempDir()
	s := openShop(t, dir, server.URL)
	o, err := s.Place(t.Context(), "tea", 100)
	if err != nil {
		t.Fatal(err)
	}
	send(s, genuine(o).request())
	path := filepath.Join(dir, "shop.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(whole, `{"order":{"out_trade_no":"torn`...), 0o600); err != nil {
		t.Fatal(err)
	}
	again := openShop(t, dir, server.URL)
	if kept, ok := again.book.order(o.OutTradeNo); !ok || !kept.Paid() {
		t.Errorf("after a crash the book has %+v", kept)
	}
	if w := send(again, genuine(o).request()); w.Code != http.StatusNoContent {
		t.Errorf("the repeat after a crash: %d", w.Code)
	}
	if _, notices := again.book.newest(-1); len(notices) != 1 || notices[0].Repeats != 1 {
		t.Errorf("notices %+v", notices)
	}
	if err := os.WriteFile(path, append([]byte("garbage\n"), whole...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openBook(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a damaged book opens: %v", err)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s, o := place(t)
	send(s, genuine(o).request())
	home := send(s, httptest.NewRequest("GET", "/orders", nil)).Body.String()
	for _, want := range []string{o.OutTradeNo, "4200000000000000000000000001", "n-1", `"total":100`} {
		if !strings.Contains(home, want) {
			t.Errorf("the shop's people don't see %q", want)
		}
	}
	for _, page := range []string{"/", "/checkout", "/order/" + o.OutTradeNo} {
		if w := send(s, httptest.NewRequest("GET", page, nil)); w.Code != 200 || !strings.Contains(w.Body.String(), `id="app"`) {
			t.Errorf("%s: %d", page, w.Code)
		}
	}
	if w := send(s, httptest.NewRequest("GET", "/orders/"+o.OutTradeNo+"?ask=1", nil)); w.Code != 200 || !strings.Contains(w.Body.String(), `"total":100`) {
		t.Errorf("order: %d %s", w.Code, w.Body)
	}
	if w := send(s, httptest.NewRequest("GET", "/orders/none", nil)); w.Code != 404 {
		t.Errorf("no order: %d", w.Code)
	}
	order := func(body, accept string) int {
		r := httptest.NewRequest("POST", "/orders", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", accept)
		return send(s, r).Code
	}
	if got := []int{order("total=0", ""), order("total=x", ""), order("total=5&description=tea", ""), order("total=5&description=tea", "application/json")}; fmt.Sprint(got) != "[400 400 303 201]" {
		t.Errorf("orders by form: %v", got)
	}
}

// buy orders a cart the way a page does.
func buy(s *Shop, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/orders", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	return send(s, r)
}

// A cart is ordered at the shop's own prices, and paid by whichever way was chosen.
func TestCarts(t *testing.T) {
	t.Parallel()
	p, server := newPlatform(t)
	s := openShop(t, t.TempDir(), server.URL)
	s.cfg.Payers = []Payer{{"小明", "o-ming"}}
	for body, want := range map[string][2]string{
		`{"cart":{"oolong":2,"cup":1},"pay":"native"}`:                  {`{"code_url":"weixin://1"}`, `"code_url":"weixin://1"`},
		`{"cart":{"oolong":2,"cup":1},"pay":"h5"}`:                      {`{"h5_url":"http://p/h5?prepay_id=wx1"}`, `"h5_url":"http://p/h5?prepay_id=wx1"`},
		`{"cart":{"cup":1,"oolong":2},"pay":"jsapi","openid":"o-ming"}`: {`{"prepay_id":"wx1"}`, `"package":"prepay_id=wx1"`},
	} {
		p.body = want[0]
		if w := buy(s, body); w.Code != 201 || !strings.Contains(w.Body.String(), want[1]) || !strings.Contains(w.Body.String(), `"total":7200`) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	for _, bad := range []string{`{}`, `{"cart":{"oolong":1},"pay":"cash"}`, `{"cart":{"oolong":-1},"pay":"native"}`, `{"cart":{"oolong":100},"pay":"native"}`,
		`{"cart":{"gold":1},"pay":"native"}`, `{"cart":{},"pay":"native"}`, `{"cart":{"oolong":1},"pay":"jsapi","openid":"o-other"}`, `no JSON`} {
		if w := buy(s, bad); w.Code != 400 {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
	p.body = `{}`
	if w := buy(s, `{"cart":{"oolong":1},"pay":"native"}`); w.Code != 502 {
		t.Errorf("an answer that leads to no payment: %d", w.Code)
	}
}

// A payer who comes back before the notice learns the truth, and the notice that comes
// after changes nothing; until then the payment can be prepared anew.
func TestWhoComesBackIsToldTheTruth(t *testing.T) {
	t.Parallel()
	p, server := newPlatform(t)
	p.body = `{"code_url":"weixin://1"}`
	s := openShop(t, t.TempDir(), server.URL)
	o, err := s.Place(t.Context(), "茶", 100)
	if err != nil {
		t.Fatal(err)
	}
	at := "/orders/" + o.OutTradeNo
	p.body = `{"code_url":"weixin://2"}`
	if w := send(s, httptest.NewRequest("POST", at+"/again", nil)); w.Code != 200 || !strings.Contains(w.Body.String(), "weixin://2") {
		t.Errorf("prepared anew: %d %s", w.Code, w.Body)
	}
	stream, far := streamed(t, s, at)
	said := bufio.NewScanner(stream.Body)
	said.Scan()
	p.body = `{"out_trade_no":"` + o.OutTradeNo + `","trade_state":"NOTPAY"}`
	if w := send(s, httptest.NewRequest("GET", at+"?ask=1", nil)); strings.Contains(w.Body.String(), "transaction_id") {
		t.Errorf("not paid: %s", w.Body)
	}
	p.body = `{"out_trade_no":"` + o.OutTradeNo + `","trade_state":"SUCCESS","transaction_id":"4200000000000000000000000001","amount":{"total":99}}`
	if w := send(s, httptest.NewRequest("GET", at+"?ask=1", nil)); strings.Contains(w.Body.String(), "4200000000000000000000000001") {
		t.Errorf("paid with another amount: %s", w.Body)
	}
	p.body = strings.Replace(p.body, `"total":99`, `"total":100`, 1)
	if w := send(s, httptest.NewRequest("GET", at+"?ask=1", nil)); !strings.Contains(w.Body.String(), "4200000000000000000000000001") {
		t.Errorf("paid: %s", w.Body)
	}
	for said.Scan() && !strings.Contains(said.Text(), "4200000000000000000000000001") {
	}
	if err := said.Err(); err != nil {
		t.Errorf("the stream: %v", err)
	}
	if w := send(s, genuine(o).request()); w.Code != 204 {
		t.Errorf("the notice that comes after: %d %s", w.Code, w.Body)
	}
	if w := send(s, httptest.NewRequest("POST", at+"/again", nil)); w.Code != 200 || !strings.Contains(w.Body.String(), "4200000000000000000000000001") {
		t.Errorf("prepared anew when it is paid: %d %s", w.Code, w.Body)
	}
	s.EndStreams()
	if _, err := io.Copy(io.Discard, stream.Body); err != nil {
		t.Errorf("the stream's end: %v", err)
	}
	far.Close()
}

// streamed follows an order.
func streamed(t *testing.T, s *Shop, at string) (*http.Response, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(s.Handler())
	a, err := server.Client().Get(server.URL + at + "/events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Body.Close() })
	if a.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("the stream: %v", a.Header)
	}
	return a, server
}

func TestOpenRefusesWhatIsMissing(t *testing.T) {
	t.Parallel()
	good := Config{Platform: "http://h", Mchid: "1", Appid: "a", Serial: "s", APIv3Key: testAPIv3Key, NotifyURL: "u", BookPath: "b"}
	for name, change := range map[string]func(*Config){
		"platform":  func(c *Config) { c.Platform = "h" },
		"APIv3 key": func(c *Config) { c.APIv3Key = "short" },
		"mchid":     func(c *Config) { c.Mchid = "" },
		"key file":  func(c *Config) { c.KeyPath = "/none" },
	} {
		bad := good
		change(&bad)
		if s, err := Open(bad); err == nil {
			t.Errorf("%s: opened %v", name, s)
		}
	}
}
