package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/cashier"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// bench is a sandbox over a core with a merchant and a payer, 小明 with ¥1,000.
type bench struct {
	*testing.T
	core   *edgetest.Core
	http   http.Handler
	ming   *pb.Person
	people *personal.Sealer
}

// payer adds one more person, sealed, with money.
func (b *bench) payer(ref, name string, fen int64) {
	b.Helper()
	p, out, err := b.people.Enter(b.Context(), b.core, "test", "", personal.Newcomer{Ref: ref, Details: &pb.Details{Name: name}, Appids: []string{edgetest.Appid}})
	if err != nil || !out.OK() {
		b.Fatalf("enter %s: %v %v", ref, out, err)
	}
	b.core.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: p.Uid, Amount: fen, Currency: money.CNY, Ref: "open/" + ref, Line: "sandbox"})
}

func newBench(t *testing.T, sandbox bool) *bench {
	t.Helper()
	b := &bench{T: t, core: edgetest.New(t, sandbox)}
	b.core.Merchant()
	b.ming = b.core.Payer("ming", "小明", 100_000)
	b.people = edgetest.Sealed(t, b.core, b.ming)
	b.http = New(Config{Core: b.core, People: b.people, Now: func() time.Time { return time.UnixMilli(b.core.Now()) }}).Handler()
	return b
}

type answer struct {
	status int
	body   map[string]any
}

// at digs a value out of an answer: "payer.name", "notices.0.state".
func (a answer) at(path string) any {
	var v any = a.body
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i := int(part[0] - '0')
			if i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (b *bench) call(method, path, body string) answer {
	b.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Accept-Language", "en")
	w := httptest.NewRecorder()
	b.http.ServeHTTP(w, r)
	a := answer{status: w.Code}
	if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
		b.Fatalf("%s %s: %d %s: %v", method, path, w.Code, w.Body, err)
	}
	return a
}

// want checks fields of an answer: "path", value, ...
func (b *bench) want(what string, a answer, status int, fields ...any) {
	b.Helper()
	if a.status != status {
		b.Errorf("%s: status %d, want %d: %v", what, a.status, status, a.body)
		return
	}
	for i := 0; i < len(fields); i += 2 {
		if got := a.at(fields[i].(string)); fmt.Sprint(got) != fmt.Sprint(fields[i+1]) {
			b.Errorf("%s: %s is %v, want %v", what, fields[i], got, fields[i+1])
		}
	}
}

func pay(o *pb.Order, rest string) string {
	return fmt.Sprintf(`{"code_url":%q,%s}`, cashier.CodeURL("http://127.0.0.1:9080", o.PrepayId), rest)
}

func TestPay(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	o := b.core.Order("T-10001", nil)
	first := b.call("POST", "/sandbox/pay", pay(o, `"payer":"小明","attempt":"tap-1"`))
	b.want("payment", first, 200, "trade_state", "SUCCESS", "out_trade_no", "T-10001", "moved", 100, "attempt", "tap-1",
		"amount.total", 100, "amount.currency", "CNY", "payer.name", "小明", "payer.openid", b.ming.Openids[0].Openid,
		"balance", 99_900, "success_time", "2026-03-01T12:00:00+08:00", "transaction_id", "4200020260301000000000000001")
	b.want("the same tap again", b.call("POST", "/sandbox/pay", pay(o, `"payer":"小明","attempt":"tap-1"`)), 200,
		"transaction_id", first.body["transaction_id"], "moved", 100, "balance", 99_900)
	b.want("another tap", b.call("POST", "/sandbox/pay", pay(o, `"payer":"小明"`)), 400,
		"code", "ORDERPAID", "trade_state", "SUCCESS", "transaction_id", first.body["transaction_id"], "moved", 0)
	b.want("what is left", b.call("GET", "/sandbox/payers", ""), 200, "payers.0.balance", 99_900)
}

// The order may be named in each of the ways a merchant gets.
func TestPayByEachAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	h5 := func(no string) *pb.Order {
		return b.core.Order(no, func(c *pb.OrderCreate) { c.Product = pb.Product_PRODUCT_H5 })
	}
	for i, body := range []string{
		fmt.Sprintf(`{"prepay_id":%q,"payer":"ming"}`, b.core.Order("T-10001", nil).PrepayId),
		fmt.Sprintf(`{"code_url":"weixin://wxpay/bizpayurl?pr=%s","payer":"1"}`, b.core.Order("T-10002", nil).PrepayId),
		fmt.Sprintf(`{"h5_url":%q,"payer":%q}`, cashier.H5URL("http://h", h5("T-10003")), b.ming.Openids[0].Openid),
		fmt.Sprintf(`{"h5_url":%q,"payer":"小明"}`, cashier.H5URL("http://h", h5("T-10004"))+"&redirect_url=https%3A%2F%2Fshop.example"),
	} {
		b.want(body, b.call("POST", "/sandbox/pay", body), 200, "trade_state", "SUCCESS", "balance", 99_900-100*i)
	}
	late := h5("T-10005")
	b.core.Sleep(cashier.H5Life)
	b.want("an h5_url after five minutes", b.call("POST", "/sandbox/pay", fmt.Sprintf(`{"h5_url":%q,"payer":"ming"}`, cashier.H5URL("", late))), 400,
		"code", "INVALID_REQUEST", "detail.field", "/h5_url")
}

// forged is a prepay_id that names the order and was never given out.
func forged(o *pb.Order) string { return ident.PrepayID(o.Id, 0, 0, []byte{1, 2, 3, 4}) }

func TestPayRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	b.payer("hong", "小红", 50)
	b.payer("hong2", "小红", 50)
	o := b.core.Order("T-10001", nil)
	h5 := b.core.Order("T-10002", func(c *pb.OrderCreate) { c.Product = pb.Product_PRODUCT_H5 })
	closed := b.core.Order("T-10003", nil)
	b.core.Must(catalogue.OrderClose, &pb.OrderClose{Mchid: closed.Mchid, OutTradeNo: closed.OutTradeNo})
	for _, c := range []struct {
		body   string
		status int
		code   string
		field  any
		says   string
	}{
		{`{`, 400, "PARAM_ERROR", "/", "not valid JSON"},
		{`{"payer":"ming"}`, 400, "PARAM_ERROR", "/code_url", "exactly one"},
		{`{"code_url":"http://h/pay/a","prepay_id":"b","payer":"ming"}`, 400, "PARAM_ERROR", "/code_url", "exactly one"},
		{pay(o, `"payer":"ming","paid":true`), 400, "PARAM_ERROR", "/paid", "not documented"},
		{pay(o, `"payer":"ming","payer":"hong"`), 400, "PARAM_ERROR", "/payer", "twice"},
		{pay(o, `"payer":null`), 400, "PARAM_ERROR", "/payer", "null"},
		{pay(o, `"payer":1`), 400, "PARAM_ERROR", "/payer", "must be a string"},
		{pay(o, `"attempt":"a"`), 400, "PARAM_ERROR", "/payer", "required"},
		{pay(o, `"payer":"ming","attempt":"with space"`), 400, "PARAM_ERROR", "/attempt", "visible ASCII"},
		{pay(o, `"payer":"nobody"`), 400, "PARAM_ERROR", "/payer", "no such payer"},
		{pay(o, `"payer":"小红"`), 400, "PARAM_ERROR", "/payer", "use a uid: 2, 3"},
		{pay(o, `"payer":"hong"`), 403, "NOT_ENOUGH", nil, "balance is too low"},
		{`{"code_url":"https://elsewhere.example/x","payer":"ming"}`, 400, "PARAM_ERROR", "/code_url", "not an address"},
		{`{"code_url":"http://h/pay/wx1","payer":"ming"}`, 400, "PARAM_ERROR", "/code_url", "not an address"},
		{`{"prepay_id":"wx20260301120000ffffffffffffffffffff","payer":"ming"}`, 404, "ORDER_NOT_EXIST", nil, "no such order"},
		{fmt.Sprintf(`{"h5_url":%q,"payer":"ming"}`, strings.Replace(cashier.H5URL("", h5), "package=", "package=1", 1)), 400, "PARAM_ERROR", "/h5_url", "does not fit"},
		{pay(closed, `"payer":"ming"`), 400, "ORDER_CLOSED", nil, "closed"},
		{fmt.Sprintf(`{"prepay_id":%q,"payer":"ming"}`, forged(closed)), 400, "INVALID_REQUEST", nil, "replaced"},
		{fmt.Sprintf(`{"h5_url":%q,"payer":"ming"}`, cashier.H5URL("", &pb.Order{Id: closed.Id, Product: pb.Product_PRODUCT_H5, PrepayId: forged(closed)})), 400, "INVALID_REQUEST", "/h5_url", "replaced"},
		{`{"code_url":"` + strings.Repeat("x", maxBody) + `"}`, 400, "PARAM_ERROR", nil, "larger than"},
	} {
		a := b.call("POST", "/sandbox/pay", c.body)
		b.want(c.body[:min(len(c.body), 120)], a, c.status, "code", c.code, "detail.field", c.field)
		if message, _ := a.body["message"].(string); !strings.Contains(message, c.says) {
			t.Errorf("%.120s: %q, want %q in it", c.body, message, c.says)
		}
	}
	b.want("nothing moved", b.call("GET", "/sandbox/payers", ""), 200, "payers.0.balance", 100_000, "payers.1.balance", 50)
}

// Ten payers, each with their own taps, at once: one wins, its repeats get its
// success, everybody else learns that the order is paid, and money moves once.
func TestPayRace(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	o := b.core.Order("T-10001", nil)
	var mu sync.Mutex
	winners := map[string]int{}
	var wg sync.WaitGroup
	for i := range 10 {
		ref := fmt.Sprintf("p%d", i)
		b.payer(ref, ref, 1000)
		for range 10 {
			wg.Go(func() {
				a := b.call("POST", "/sandbox/pay", pay(o, fmt.Sprintf(`"payer":%q,"attempt":"tap"`, ref)))
				switch {
				case a.status == 200:
					mu.Lock()
					winners[ref]++
					mu.Unlock()
				case a.status != 400 || a.body["code"] != "ORDERPAID":
					t.Errorf("%s: %v", ref, a)
				}
			})
		}
	}
	wg.Wait()
	if len(winners) != 1 {
		t.Errorf("winners: %v", winners)
	}
	for ref, n := range winners {
		if n != 10 {
			t.Errorf("%s got %d successes of 10 repeats", ref, n)
		}
	}
	var left int64
	for _, p := range b.call("GET", "/sandbox/payers", "").body["payers"].([]any) {
		left += int64(p.(map[string]any)["balance"].(float64))
	}
	if left != 100_000+10*1000-100 {
		t.Errorf("payers have %d fen left, want one payment less", left)
	}
}

func TestPayers(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	b.want("add", b.call("POST", "/sandbox/payers", `{"name":"小红","balance":5000}`), 200,
		"name", "小红", "ref", "小红", "balance", 5000, "openids.0.appid", edgetest.Appid, "uid", "2")
	b.want("again", b.call("POST", "/sandbox/payers", `{"name":"小红","balance":5000}`), 200, "uid", "2", "balance", 5000)
	b.want("again with another balance", b.call("POST", "/sandbox/payers", `{"name":"小红","balance":1}`), 400, "detail.field", "/balance")
	b.want("same ref, other name", b.call("POST", "/sandbox/payers", `{"name":"other","ref":"小红"}`), 400, "code", "INVALID_REQUEST", "detail.field", "/ref")
	b.want("no money", b.call("POST", "/sandbox/payers", `{"name":"poor"}`), 200, "balance", 0)
	b.want("negative", b.call("POST", "/sandbox/payers", `{"name":"x","balance":-1}`), 400, "detail.field", "/balance")
	b.want("no name", b.call("POST", "/sandbox/payers", `{"balance":1}`), 400, "detail.field", "/name")
	b.want("long name", b.call("POST", "/sandbox/payers", `{"name":"`+strings.Repeat("名", 55)+`"}`), 400, "detail.field", "/ref")
	b.core.Must(catalogue.MerchantAppid, &pb.MerchantAppid{Mchid: edgetest.Mchid, Appid: "wxaaaaaaaaaaaaaaaa"})
	b.want("a merchant got another appid", b.call("POST", "/sandbox/payers", `{"name":"小红","balance":5000}`), 200, "openids.1.appid", "wxaaaaaaaaaaaaaaaa")
	b.want("list", b.call("GET", "/sandbox/payers", ""), 200, "payers.0.name", "小明", "payers.1.name", "小红", "payers.2.name", "poor")
}

func TestTopup(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	b.want("by name", b.call("POST", "/sandbox/topup", `{"payer":"小明","amount":1}`), 200, "balance", 100_001)
	b.want("another", b.call("POST", "/sandbox/topup", `{"payer":"1","amount":1}`), 200, "balance", 100_002)
	b.want("with a ref", b.call("POST", "/sandbox/topup", `{"payer":"ming","amount":5,"ref":"r1"}`), 200, "balance", 100_007)
	b.want("the same ref", b.call("POST", "/sandbox/topup", `{"payer":"ming","amount":5,"ref":"r1"}`), 200, "balance", 100_007)
	b.want("the same ref, other amount", b.call("POST", "/sandbox/topup", `{"payer":"ming","amount":6,"ref":"r1"}`), 400, "code", "INVALID_REQUEST")
	b.want("zero", b.call("POST", "/sandbox/topup", `{"payer":"ming","amount":0}`), 400, "detail.field", "/amount")
	b.want("yuan", b.call("POST", "/sandbox/topup", `{"payer":"ming","amount":1.5}`), 400, "detail.field", "/amount")
	b.want("nobody", b.call("POST", "/sandbox/topup", `{"payer":"x","amount":1}`), 400, "detail.field", "/payer")
}

func TestClock(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	b.want("now", b.call("GET", "/sandbox/clock", ""), 200, "now", "2026-03-01T12:00:00+08:00", "ahead_ms", 0)
	b.want("two hours", b.call("POST", "/sandbox/clock", `{"advance":"2h"}`), 200, "now", "2026-03-01T14:00:00+08:00", "ahead", "2h0m0s")
	b.want("a week", b.call("POST", "/sandbox/clock", `{"advance":"7d","attempt":"w"}`), 200, "now", "2026-03-08T14:00:00+08:00")
	b.want("the same week", b.call("POST", "/sandbox/clock", `{"advance":"7d","attempt":"w"}`), 200, "now", "2026-03-08T14:00:00+08:00")
	b.want("the same attempt, another time", b.call("POST", "/sandbox/clock", `{"advance":"8d","attempt":"w"}`), 400, "code", "PARAM_ERROR")
	for _, bad := range []string{"-2h", "0s", "401d", "2", "xd", "1e3h", ""} {
		b.want(bad, b.call("POST", "/sandbox/clock", fmt.Sprintf(`{"advance":%q}`, bad)), 400, "detail.field", "/advance")
	}
}

// deliver reports an attempt as the courier does.
func (b *bench) deliver(id uint64, number uint32, outcome pb.AttemptOutcome, status int32, said string) {
	b.Helper()
	b.core.Must(catalogue.NoticeReport, &pb.NoticeReport{Attempts: []*pb.Attempt{{NoticeId: id, Number: number, At: b.core.Now(),
		TookUs: 12_500, Outcome: outcome, HttpStatus: status, Answer: said, KeySerial: "PUB_KEY_ID_1"}}})
}

func TestNotices(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	b.core.Must(catalogue.MerchantKey, &pb.MerchantKey{Mchid: edgetest.Mchid, KeyId: "k1"})
	for i := range 3 {
		o := b.core.Order(fmt.Sprintf("T-1000%d", i+1), nil)
		b.call("POST", "/sandbox/pay", pay(o, `"payer":"ming"`))
	}
	b.want("newest first", b.call("GET", "/sandbox/notices", ""), 200,
		"notices.0.out_trade_no", "T-10003", "notices.2.out_trade_no", "T-10001", "notices.0.state", "OWED",
		"notices.0.event_type", "TRANSACTION.SUCCESS", "notices.0.plaintext.trade_state", "SUCCESS", "notices.0.attempts.0", nil)
	b.want("limited", b.call("GET", "/sandbox/notices?limit=1", ""), 200, "notices.0.out_trade_no", "T-10003", "notices.1", nil)
	b.want("of another merchant", b.call("GET", "/sandbox/notices?mchid=1900000002", ""), 200, "notices.0", nil)
	for _, limit := range []string{"0", "x", "501"} {
		b.want("limit "+limit, b.call("GET", "/sandbox/notices?limit="+limit, ""), 400, "detail.field", "limit", "detail.location", "query")
	}
	says := func(no, want string) {
		t.Helper()
		a := b.call("GET", "/sandbox/notices?out_trade_no="+no, "")
		why, _ := a.at("notices.0.why").(string)
		if whole, _ := a.body["why"].(string); !strings.Contains(why+whole, want) {
			t.Errorf("%s: %q %q, want %q", no, why, whole, want)
		}
	}
	says("T-10001", "being sent")
	b.deliver(1, 1, pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED, 204, "")
	says("T-10001", "Delivered at attempt 1: the merchant answered HTTP 204 in 12.5ms.")
	b.deliver(2, 1, pb.AttemptOutcome_ATTEMPT_OUTCOME_STATUS, 500, `{"code":"FAIL"}`)
	says("T-10002", `Attempt 1 failed: the merchant answered HTTP 500; only 200 and 204 count as received, saying: "{\"code\":\"FAIL\"}". The next one is due at 2026-03-01T12:00:15+08:00, in 15s.`)
	for n := range uint32(16) {
		b.deliver(3, n+1, pb.AttemptOutcome_ATTEMPT_OUTCOME_TIMEOUT, 0, "")
	}
	says("T-10003", "Not delivered after 16 attempts")
	says("T-99999", "no order")
	b.core.Order("T-10004", nil)
	says("T-10004", "not paid")
	b.core.Must(catalogue.OrderClose, &pb.OrderClose{Mchid: edgetest.Mchid, OutTradeNo: "T-10004"})
	says("T-10004", "closing sends no notice")
}

func TestNoticesOfRefunds(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	o := b.core.Order("T-10001", nil)
	b.call("POST", "/sandbox/pay", pay(o, `"payer":"ming"`))
	refund := func(no, url string) {
		b.core.Must(catalogue.RefundCreate, &pb.RefundCreate{Mchid: edgetest.Mchid, OutRefundNo: no, OutTradeNo: "T-10001", Refund: 10, Total: 100, Currency: 156, NotifyUrl: url})
	}
	why := func() any { return b.call("GET", "/sandbox/notices?out_trade_no=T-10001", "").body["why"] }
	refund("R-1", "")
	if got := fmt.Sprint(why()); !strings.Contains(got, "R-1 is being processed") {
		t.Error(got)
	}
	b.core.Sleep(stamp.Minute)
	b.core.Must(catalogue.Tick, &pb.Tick{})
	if got := fmt.Sprint(why()); !strings.Contains(got, "without a notify_url") {
		t.Error(got)
	}
	refund("R-2", "https://shop.example/refund")
	b.core.Sleep(stamp.Minute)
	b.core.Must(catalogue.Tick, &pb.Tick{})
	b.want("a refund with a notify_url", b.call("GET", "/sandbox/notices?out_trade_no=T-10001", ""), 200,
		"notices.0.out_refund_no", "R-2", "notices.0.event_type", "REFUND.SUCCESS", "notices.0.plaintext.refund_status", "SUCCESS",
		"notices.1.event_type", "TRANSACTION.SUCCESS")
}

func TestWhyWithoutKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, true) // the merchant has no APIv3 key
	b.call("POST", "/sandbox/pay", pay(b.core.Order("T-10001", nil), `"payer":"ming"`))
	if got := fmt.Sprint(b.call("GET", "/sandbox/notices", "").at("notices.0.why")); !strings.Contains(got, "no APIv3 key") {
		t.Error(got)
	}
}

func TestRedeliver(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	b.core.Must(catalogue.MerchantKey, &pb.MerchantKey{Mchid: edgetest.Mchid, KeyId: "k1"})
	b.call("POST", "/sandbox/pay", pay(b.core.Order("T-10001", nil), `"payer":"ming"`))
	id := fmt.Sprint(b.call("GET", "/sandbox/notices", "").at("notices.0.id"))
	b.want("still due", b.call("POST", "/sandbox/notices/1/redeliver", ""), 400, "code", "INVALID_REQUEST")
	b.deliver(1, 1, pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED, 200, "")
	b.want("by id", b.call("POST", "/sandbox/notices/"+id+"/redeliver", ""), 200, "state", "OWED", "id", id, "attempt_count", 1)
	b.deliver(1, 2, pb.AttemptOutcome_ATTEMPT_OUTCOME_CONNECT, 0, "")
	b.want("while waiting", b.call("POST", "/sandbox/notices/1/redeliver", ""), 200, "state", "OWED")
	for _, none := range []string{"2", "x", "00000000-0000-5000-8000-000000000000"} {
		b.want(none, b.call("POST", "/sandbox/notices/"+none+"/redeliver", ""), 404, "code", "RESOURCE_NOT_EXISTS")
	}
}

// Outside a sandbox every endpoint refuses, and nothing moves.
func TestOnlyInASandbox(t *testing.T) {
	t.Parallel()
	b := newBench(t, false)
	o := b.core.Order("T-10001", nil)
	for path, body := range map[string]string{
		"POST /sandbox/pay": pay(o, `"payer":"ming"`), "POST /sandbox/payers": `{"name":"x"}`, "POST /sandbox/topup": `{"payer":"ming","amount":1}`,
		"POST /sandbox/clock": `{"advance":"1h"}`, "GET /sandbox/payers": "", "GET /sandbox/notices": "", "GET /sandbox/": "",
		"GET /sandbox/clock": "", "POST /sandbox/notices/1/redeliver": "",
	} {
		method, address, _ := strings.Cut(path, " ")
		b.want(path, b.call(method, address, body), 403, "code", "NO_AUTH")
	}
}

func TestNoResult(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	o := b.core.Order("T-10001", nil)
	for failure, want := range map[error]struct {
		status int
		code   string
	}{
		code.Overloaded.Err():        {503, "SERVICE_UNAVAILABLE"},
		code.Unknown.Err():           {500, "SYSTEM_ERROR"},
		errors.New("something else"): {500, "SYSTEM_ERROR"},
	} {
		b.core.Break(func(*pb.Command) (bool, error) { return false, failure })
		b.want(failure.Error(), b.call("POST", "/sandbox/pay", pay(o, `"payer":"ming"`)), want.status, "code", want.code)
	}
	b.http = New(Config{Core: unreadable{b.core}}).Handler()
	b.want("unreadable", b.call("GET", "/sandbox/payers", ""), 500, "code", "SYSTEM_ERROR")
}

type unreadable struct{ *edgetest.Core }

func (unreadable) ReadLatest(context.Context, func(table.Reader) error) error {
	return errors.New("disk gone")
}

func (u unreadable) Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	return u.Core.Do(ctx, cmd)
}

func TestIndexAndUnknownPaths(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	list := b.call("GET", "/sandbox/", "")
	if n := len(list.body["endpoints"].([]any)); list.status != 200 || n != len(routes) {
		t.Errorf("index: %v", list)
	}
	b.want("unknown", b.call("GET", "/sandbox/none", ""), 404, "code", "RESOURCE_NOT_EXISTS")
	b.want("wrong method", b.call("DELETE", "/sandbox/pay", ""), 404, "code", "RESOURCE_NOT_EXISTS")
}

// A page on another site cannot make a developer's browser pay.
func TestOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, true)
	r := httptest.NewRequest("POST", "/sandbox/pay", strings.NewReader(pay(b.core.Order("T-10001", nil), `"payer":"ming"`)))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	b.http.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d", w.Code)
	}
}

// Every state and outcome has its word, and sentences in both languages.
func TestWords(t *testing.T) {
	t.Parallel()
	for n, name := range pb.AttemptOutcome_name {
		if o := outcomes[pb.AttemptOutcome(n)]; n != 0 && (o.word == "" || o.zh == "" || o.en == "") {
			t.Errorf("%s has no words", name)
		}
	}
	for n, name := range pb.NoticeState_name {
		if n != 0 && stateWords[pb.NoticeState(n)] == "" {
			t.Errorf("%s has no word", name)
		}
	}
	zh, en := httptest.NewRequest("GET", "/", nil), httptest.NewRequest("GET", "/", nil)
	en.Header.Set("Accept-Language", "fr, en-GB;q=0.9")
	if say(zh, "中", "e") != "中" || say(en, "中", "e") != "e" {
		t.Error("languages are mixed up")
	}
}

func FuzzPayBody(f *testing.F) {
	f.Add(`{"code_url":"http://h/pay/wx20260301120000ffffffffffffffffffff","payer":"ming"}`)
	f.Add(`{"h5_url":"http://h/h5?prepay_id=wx20260301120000ffffffffffffffffffff&package=1","payer":"ming","attempt":"a"}`)
	f.Add(`{"code_url":"weixin://wxpay/bizpayurl?pr=x","payer":"ming"}`)
	core := edgetest.New(f, true)
	core.Merchant()
	core.Payer("ming", "小明", 100)
	handler := New(Config{Core: core}).Handler()
	f.Fuzz(func(t *testing.T, body string) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("POST", "/sandbox/pay", strings.NewReader(body)))
		if w.Code != 400 && w.Code != 404 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	})
}

// The guide tells of every endpoint and of every parameter and field.
func TestGuideIsComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/guides/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(text)
	for _, rt := range routes {
		if pattern := strings.TrimSuffix(rt.pattern, "{$}"); !strings.Contains(guide, pattern) {
			t.Errorf("the guide does not tell of %s", pattern)
		}
		for _, part := range strings.Split(rt.what, `"`)[1:] {
			if strings.Trim(part, "abcdefghijklmnopqrstuvwxyz_0123456789") == "" && !strings.Contains(guide, part) {
				t.Errorf("%s: the guide does not tell of %q", rt.pattern, part)
			}
		}
	}
	for _, shown := range []any{paid{}, attemptView{}} {
		for field := range reflect.TypeOf(shown).Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name != "at" && name != "wechatpay_serial" && !strings.Contains(guide, `"`+name+`"`) {
				t.Errorf("the guide does not show %q", name)
			}
		}
	}
}
