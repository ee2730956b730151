package wechatv3_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// TestAsked: what each route matters, and who it claims to be from.
func TestAsked(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	for want, calls := range map[gate.Class][]apitest.Call{
		gate.Pay:    {{Target: apitest.Native, Body: "{}"}, {Target: apitest.Transactions + "h5", Body: "{}"}},
		gate.Query:  {{Target: apitest.ByNumber("T-100001")}, {Target: apitest.Transactions + "id/42?mchid=1"}, {Target: apitest.Refunds + "/R1"}},
		gate.Refund: {{Target: apitest.Refunds, Body: "{}"}, apitest.Closing("T-100001")},
		gate.Rest:   {{Target: "/v3/certificates"}, {Target: "/v3/none"}, {Method: "DELETE", Target: apitest.Native}},
	} {
		for _, c := range calls {
			asked := p.API.Asked(p.Request(c))
			if asked.Class != want || asked.Merchant != apitest.Mchid || asked.Credential != p.Serial || asked.Payer {
				t.Errorf("%s: %+v, want %s", c.Target, asked, want)
			}
		}
	}
	c := apitest.Call{Target: apitest.Native, Body: "{}", Authorization: func(string) string { return "Basic x" }}
	if asked := p.API.Asked(p.Request(c)); asked.Merchant != "" || asked.Class != gate.Pay {
		t.Errorf("without a claim: %+v", asked)
	}
}

// TestRefusedBySDK: the official SDK reports who is not let in as its APIError,
// and the answer has everything a client acts on.
func TestRefusedBySDK(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	for _, c := range []struct {
		why    gate.Reason
		call   apitest.Call
		status int
		code   string
	}{
		{gate.Full, apitest.Call{Target: apitest.Native, Body: "{}"}, 503, "SERVICE_UNAVAILABLE"},
		{gate.Late, apitest.Call{Target: apitest.Refunds, Body: "{}"}, 503, "SERVICE_UNAVAILABLE"},
		{gate.Share, apitest.Call{Target: apitest.Native, Body: "{}"}, 429, "FREQUENCY_LIMITED"},
		{gate.Share, apitest.Call{Target: apitest.Refunds, Body: "{}"}, 503, "SERVICE_UNAVAILABLE"}, // 429 says nothing about a refund
		{gate.Full, apitest.Call{Target: "/v3/none"}, 503, "SERVICE_UNAVAILABLE"},
	} {
		w := httptest.NewRecorder()
		p.API.Refuse(w, p.Request(c.call), gate.Refusal{Reason: c.why, After: 3})
		res := w.Result()
		var said *core.APIError
		if err := core.CheckResponse(res); !errors.As(err, &said) {
			t.Fatalf("%s: %v", c.why, err)
		}
		id := (apitest.Reply{Header: res.Header}).RequestID()
		if said.StatusCode != c.status || said.Code != c.code || said.Message == "" || said.Header.Get("Retry-After") != "3" || len(id) < 42 ||
			res.Header.Get("Content-Length") != strconv.Itoa(w.Body.Len()) && w.Body.Len() > 0 || res.Header.Get("Wechatpay-Signature") != "" {
			t.Errorf("%s: %+v %v", c.why, said, res.Header)
		}
	}
	english := httptest.NewRecorder()
	p.API.Refuse(english, p.Request(apitest.Call{Target: apitest.Native, Body: "{}", Language: "en"}), gate.Refusal{Reason: gate.Full, After: 1})
	if got := (apitest.Reply{Body: english.Body.String()}).Field("message"); got != "The platform is busy and did not take the request; repeat it unchanged in a moment." {
		t.Errorf("in English: %s", got)
	}
}

// counting counts the reads of a core, and holds a command back when asked to.
type counting struct {
	wechatv3.Core
	reads int
	hold  func()
}

// wrap puts c around a configuration's core.
func (c *counting) wrap(cfg *wechatv3.Config) {
	c.Core = cfg.Core
	cfg.Core = c
}

func (c *counting) Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	if hold := c.hold; hold != nil {
		c.hold = nil
		hold()
	}
	return c.Core.Do(ctx, cmd)
}

func (c *counting) ReadLatest(ctx context.Context, f func(table.Reader) error) error {
	c.reads++
	return c.Core.ReadLatest(ctx, f)
}

// pressedSite is a platform whose gate has one place. press makes it refuse
// somebody, which a bubble's clock makes last a second.
type pressedSite struct {
	*apitest.Site
	counting *counting
	guarded  http.Handler
}

func newPressedSite(t *testing.T) *pressedSite {
	p := &pressedSite{counting: new(counting)}
	p.Site = apitest.New(t, p.counting.wrap)
	g, err := gate.New(gate.Config{Most: 1})
	if err != nil {
		t.Fatal(err)
	}
	p.guarded = g.Guard(p.API, p.API)
	return p
}

func (p *pressedSite) ask(c apitest.Call) apitest.Reply {
	w := httptest.NewRecorder()
	p.guarded.ServeHTTP(w, p.Request(c))
	return apitest.Reply{Status: w.Code, Header: w.Header(), Body: w.Body.String()}
}

// press keeps the one place for as long as it takes that another is refused.
func (p *pressedSite) press() {
	p.T.Helper()
	release, inside := make(chan struct{}), make(chan struct{})
	p.counting.hold = func() {
		close(inside)
		<-release
	}
	go p.guarded.ServeHTTP(httptest.NewRecorder(), p.Request(apitest.Closing("T-NEVER-1")))
	<-inside
	refused := make(chan apitest.Reply, 1)
	go func() { refused <- p.ask(apitest.Call{Target: apitest.ByNumber("T-NEVER-1")}) }()
	if r := <-refused; r.Status != 503 || r.Header.Get("Retry-After") == "" {
		p.T.Fatalf("the one behind: %d %s", r.Status, r.Body)
	}
	close(release)
	synctest.Wait()
}

// pressed runs a story under simulated time.
func pressed(t *testing.T, story func(*pressedSite)) {
	t.Helper()
	t.Parallel()
	if _, err := apitest.Share(); err != nil { // made outside: it outlives the bubble
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { story(newPressedSite(t)) })
}

const signatureHeader = "Wechatpay-Signature"

// TestRepeatedAnswer: while the node is pressed the same answer has the same
// signature, which verifies; else each has its own.
func TestRepeatedAnswer(t *testing.T) {
	pressed(t, func(p *pressedSite) {
		p.Core.Order("T-100001", nil)
		c := apitest.Call{Target: apitest.ByNumber("T-100001")}
		calm, again := p.ask(c), p.ask(c)
		if calm.Body != again.Body || calm.Header[signatureHeader][0] == again.Header[signatureHeader][0] {
			p.T.Error("in calm, each answer has a signature of its own")
		}
		p.press()
		first, second := p.ask(c), p.ask(c)
		for _, r := range []apitest.Reply{first, second} {
			h := r.Header
			if r.Status != 200 || r.Body != again.Body || h[signatureHeader][0] != again.Header[signatureHeader][0] {
				p.T.Errorf("pressed: %d %v", r.Status, h)
			}
			by, _ := p.Keys.Signer(h["Wechatpay-Serial"][0])
			if err := seal.Verify(by.PublicKey(), seal.AnswerMessage(h["Wechatpay-Timestamp"][0], h["Wechatpay-Nonce"][0], []byte(r.Body)), h[signatureHeader][0]); err != nil {
				p.T.Error(err)
			}
		}
		// Another key is asked for: its signature can't be the remembered one.
		c.Header = map[string]string{"Wechatpay-Serial": p.Keys.PublicKey().ID()}
		if r := p.ask(c); r.Status != 200 || r.Header["Wechatpay-Serial"][0] != p.Keys.PublicKey().ID() {
			p.T.Errorf("by the public Key: %d %v", r.Status, r.Header)
		}
		c.Header = nil
		p.Core.Sleep(int64(wechatv3.Reuse/time.Millisecond) + 1)
		if r := p.ask(c); r.Header[signatureHeader][0] == again.Header[signatureHeader][0] {
			p.T.Error("an old signature is sent again")
		}
	})
}

// TestNothingStale: what changed is told anew, or, when the merchant's budget is
// used up, not at all; never what was true before.
func TestNothingStale(t *testing.T) {
	pressed(t, func(p *pressedSite) {
		alice := p.Core.Payer("alice", "Alice", 1000)
		p.Core.Order("T-100001", nil)
		c := apitest.Call{Target: apitest.ByNumber("T-100001")}
		p.ask(c)
		p.Pay("T-100001", alice)
		p.press()
		if r := p.ask(c); r.Field("trade_state") != "SUCCESS" {
			p.T.Errorf("paid meanwhile: %d %s", r.Status, r.Body)
		}
		p.Do(apitest.Call{Target: apitest.Refunds, Body: apitest.RefundBody("T-100001", "R-1", 40, 100)})
		limited := 0
		for i := range 30 { // each of another order, to use the budget up
			number := "T-2000" + strconv.Itoa(10+i)
			p.Core.Order(number, nil)
			if r := p.ask(apitest.Call{Target: apitest.ByNumber(number)}); r.Status == 429 && r.Code() == "FREQUENCY_LIMITED" && r.Header.Get("Retry-After") != "" {
				limited++
			}
		}
		if limited < 5 {
			p.T.Errorf("%d of 30 queries were beyond the budget", limited)
		}
		if r := p.ask(c); r.Status != 429 {
			p.T.Errorf("refunded meanwhile, no budget left: %d %s", r.Status, r.Body)
		}
		time.Sleep(2 * time.Second)
		if r := p.ask(c); r.Field("trade_state") != "REFUND" {
			p.T.Errorf("the pressure is over: %d %s", r.Status, r.Body)
		}
	})
}

// TestBudgetDoesNotHoldPayments: polling beyond the budget costs queries only.
func TestBudgetDoesNotHoldPayments(t *testing.T) {
	pressed(t, func(p *pressedSite) {
		p.press()
		for i := range 30 {
			p.ask(apitest.Call{Target: apitest.ByNumber("T-3000" + strconv.Itoa(10+i))})
		}
		if r := p.ask(apitest.Call{Target: apitest.Native, Body: apitest.PrepayBody("T-100001")}); r.Status != 200 {
			p.T.Errorf("%d %s", r.Status, r.Body)
		}
	})
}

// TestFinalIsNotReadAgain: an answer in a final state is what a fresh one would
// be, whatever happens to the order later, and costs one read less.
func TestFinalIsNotReadAgain(t *testing.T) {
	t.Parallel()
	reads := new(counting)
	p := apitest.New(t, reads.wrap)
	alice := p.Core.Payer("alice", "Alice", 1000)
	for _, n := range []string{"T-100001", "T-100002", "T-100003", "T-100004"} {
		p.Core.Order(n, nil)
	}
	p.Core.Must(catalogue.OrderClose, &pb.OrderClose{Mchid: apitest.Mchid, OutTradeNo: "T-100001"})
	p.Pay("T-100002", alice)
	p.Pay("T-100003", alice)
	refund := func(order, number string, fen int) {
		if r := p.Do(apitest.Call{Target: apitest.Refunds, Body: apitest.RefundBody(order, number, fen, 100)}); r.Status != 200 {
			t.Fatal(r.Body)
		}
		p.Core.Sleep(120_000)
		p.Core.Must(catalogue.Tick, &pb.Tick{})
	}
	refund("T-100003", "R-1", 40)
	final := map[string]bool{apitest.ByNumber("T-100001"): true, apitest.ByNumber("T-100002"): false, apitest.ByNumber("T-100003"): true, apitest.ByNumber("T-100004"): false, apitest.Refunds + "/R-1": true}
	first := make(map[string]string)
	for target := range final {
		first[target] = p.Do(apitest.Call{Target: target}).Body
	}
	refund("T-100003", "R-2", 60) // the rest: nothing of it shows in the order
	for target, is := range final {
		before := reads.reads
		if r := p.Do(apitest.Call{Target: target}); r.Body != first[target] || r.Status != 200 {
			t.Errorf("%s: remembered %s, first %s", target, r.Body, first[target])
		}
		cost := reads.reads - before
		if want := map[bool]int{true: 1, false: 2}[is]; cost != want { // who asks is read each time
			t.Errorf("%s: %d reads, want %d", target, cost, want)
		}
	}
	p.API.ForgetPolls()
	for target := range final {
		if r := p.Do(apitest.Call{Target: target}); r.Body != first[target] {
			t.Errorf("%s: fresh %s, remembered %s", target, r.Body, first[target])
		}
	}
	// A final answer is for the merchant that asked: the check of mchid comes first.
	if r := p.Do(apitest.Call{Target: apitest.Transactions + "out-trade-no/T-100001?mchid=1900000002"}); r.Status != 400 {
		t.Errorf("another Mchid: %d", r.Status)
	}
}
