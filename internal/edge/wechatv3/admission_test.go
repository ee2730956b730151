package wechatv3

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

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// TestAsked: what each route matters, and who it claims to be from.
func TestAsked(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	for want, calls := range map[gate.Class][]call{
		gate.Pay:    {{target: nativeTarget, body: "{}"}, {target: transactions + "h5", body: "{}"}},
		gate.Query:  {{target: byNumber("T-100001")}, {target: transactions + "id/42?mchid=1"}, {target: refundsTarget + "/R1"}},
		gate.Refund: {{target: refundsTarget, body: "{}"}, closing("T-100001")},
		gate.Rest:   {{target: "/v3/certificates"}, {target: "/v3/none"}, {method: "DELETE", target: nativeTarget}},
	} {
		for _, c := range calls {
			asked := p.api.Asked(p.request(c))
			if asked.Class != want || asked.Merchant != mch || asked.Credential != p.serial || asked.Payer {
				t.Errorf("%s: %+v, want %s", c.target, asked, want)
			}
		}
	}
	c := call{target: nativeTarget, body: "{}", authorization: func(string) string { return "Basic x" }}
	if asked := p.api.Asked(p.request(c)); asked.Merchant != "" || asked.Class != gate.Pay {
		t.Errorf("without a claim: %+v", asked)
	}
}

// TestRefusedBySDK: the official SDK reports who is not let in as its APIError,
// and the answer has everything a client acts on.
func TestRefusedBySDK(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	for _, c := range []struct {
		why    gate.Reason
		call   call
		status int
		code   string
	}{
		{gate.Full, call{target: nativeTarget, body: "{}"}, 503, "SERVICE_UNAVAILABLE"},
		{gate.Late, call{target: refundsTarget, body: "{}"}, 503, "SERVICE_UNAVAILABLE"},
		{gate.Share, call{target: nativeTarget, body: "{}"}, 429, "FREQUENCY_LIMITED"},
		{gate.Share, call{target: refundsTarget, body: "{}"}, 503, "SERVICE_UNAVAILABLE"}, // 429 says nothing about a refund
		{gate.Full, call{target: "/v3/none"}, 503, "SERVICE_UNAVAILABLE"},
	} {
		w := httptest.NewRecorder()
		p.api.Refuse(w, p.request(c.call), gate.Refusal{Reason: c.why, After: 3})
		res := w.Result()
		var said *core.APIError
		if err := core.CheckResponse(res); !errors.As(err, &said) {
			t.Fatalf("%s: %v", c.why, err)
		}
		id := (reply{header: res.Header}).requestID()
		if said.StatusCode != c.status || said.Code != c.code || said.Message == "" || said.Header.Get("Retry-After") != "3" || len(id) < 42 ||
			res.Header.Get("Content-Length") != strconv.Itoa(w.Body.Len()) && w.Body.Len() > 0 || res.Header.Get("Wechatpay-Signature") != "" {
			t.Errorf("%s: %+v %v", c.why, said, res.Header)
		}
	}
	english := httptest.NewRecorder()
	p.api.Refuse(english, p.request(call{target: nativeTarget, body: "{}", language: "en"}), gate.Refusal{Reason: gate.Full, After: 1})
	if got := (reply{body: english.Body.String()}).field("message"); got != "The platform is busy and did not take the request; repeat it unchanged in a moment." {
		t.Errorf("in English: %s", got)
	}
}

// counting counts the reads of a core, and holds a command back when asked to.
type counting struct {
	Core
	reads int
	hold  func()
}

func (c *counting) Do(ctx context.Context, cmd *pb.Command) (machine.Result, error) {
	if hold := c.hold; hold != nil {
		c.hold = nil
		hold()
	}
	return c.Core.Do(ctx, cmd)
}

func (c *counting) Read(f func(table.Reader) error) error {
	c.reads++
	return c.Core.Read(f)
}

// pressedSite is a platform whose gate has one place. press makes it refuse
// somebody, which a bubble's clock makes last a second.
type pressedSite struct {
	*site
	counting *counting
	guarded  http.Handler
}

func newPressedSite(t *testing.T) *pressedSite {
	p := &pressedSite{site: newSite(t)}
	p.counting = &counting{Core: p.core}
	p.api.core = p.counting
	g, err := gate.New(gate.Config{Most: 1})
	if err != nil {
		t.Fatal(err)
	}
	p.guarded = g.Guard(p.api, p.api)
	return p
}

func (p *pressedSite) ask(c call) reply {
	w := httptest.NewRecorder()
	p.guarded.ServeHTTP(w, p.request(c))
	return reply{w.Code, w.Header(), w.Body.String()}
}

// press keeps the one place for as long as it takes that another is refused.
func (p *pressedSite) press() {
	p.t.Helper()
	release, inside := make(chan struct{}), make(chan struct{})
	p.counting.hold = func() {
		close(inside)
		<-release
	}
	go p.guarded.ServeHTTP(httptest.NewRecorder(), p.request(closing("T-NEVER-1")))
	<-inside
	refused := make(chan reply, 1)
	go func() { refused <- p.ask(call{target: byNumber("T-NEVER-1")}) }()
	if r := <-refused; r.status != 503 || r.header.Get("Retry-After") == "" {
		p.t.Fatalf("the one behind: %d %s", r.status, r.body)
	}
	close(release)
	synctest.Wait()
}

// pressed runs a story under simulated time.
func pressed(t *testing.T, story func(*pressedSite)) {
	t.Helper()
	t.Parallel()
	if _, err := share(); err != nil { // made outside: it outlives the bubble
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { story(newPressedSite(t)) })
}

const signatureHeader = "Wechatpay-Signature"

// TestRepeatedAnswer: while the node is pressed the same answer has the same
// signature, which verifies; else each has its own.
func TestRepeatedAnswer(t *testing.T) {
	pressed(t, func(p *pressedSite) {
		p.core.Order("T-100001", nil)
		c := call{target: byNumber("T-100001")}
		calm, again := p.ask(c), p.ask(c)
		if calm.body != again.body || calm.header[signatureHeader][0] == again.header[signatureHeader][0] {
			p.t.Error("in calm, each answer has a signature of its own")
		}
		p.press()
		first, second := p.ask(c), p.ask(c)
		for _, r := range []reply{first, second} {
			h := r.header
			if r.status != 200 || r.body != again.body || h[signatureHeader][0] != again.header[signatureHeader][0] {
				p.t.Errorf("pressed: %d %v", r.status, h)
			}
			by, _ := p.keys.Signer(h["Wechatpay-Serial"][0])
			if err := seal.Verify(by.PublicKey(), seal.AnswerMessage(h["Wechatpay-Timestamp"][0], h["Wechatpay-Nonce"][0], []byte(r.body)), h[signatureHeader][0]); err != nil {
				p.t.Error(err)
			}
		}
		// Another key is asked for: its signature can't be the remembered one.
		c.header = map[string]string{"Wechatpay-Serial": p.keys.PublicKey().ID()}
		if r := p.ask(c); r.status != 200 || r.header["Wechatpay-Serial"][0] != p.keys.PublicKey().ID() {
			p.t.Errorf("by the public key: %d %v", r.status, r.header)
		}
		c.header = nil
		p.core.Sleep(int64(reuse/time.Millisecond) + 1)
		if r := p.ask(c); r.header[signatureHeader][0] == again.header[signatureHeader][0] {
			p.t.Error("an old signature is sent again")
		}
	})
}

// TestNothingStale: what changed is told anew, or, when the merchant's budget is
// used up, not at all; never what was true before.
func TestNothingStale(t *testing.T) {
	pressed(t, func(p *pressedSite) {
		alice := p.core.Payer("alice", "Alice", 1000)
		p.core.Order("T-100001", nil)
		c := call{target: byNumber("T-100001")}
		p.ask(c)
		p.pay("T-100001", alice)
		p.press()
		if r := p.ask(c); r.field("trade_state") != "SUCCESS" {
			p.t.Errorf("paid meanwhile: %d %s", r.status, r.body)
		}
		p.do(call{target: refundsTarget, body: refundBodyOf("T-100001", "R-1", 40, 100)})
		limited := 0
		for i := range 30 { // each of another order, to use the budget up
			number := "T-2000" + strconv.Itoa(10+i)
			p.core.Order(number, nil)
			if r := p.ask(call{target: byNumber(number)}); r.status == 429 && r.code() == "FREQUENCY_LIMITED" && r.header.Get("Retry-After") != "" {
				limited++
			}
		}
		if limited < 5 {
			p.t.Errorf("%d of 30 queries were beyond the budget", limited)
		}
		if r := p.ask(c); r.status != 429 {
			p.t.Errorf("refunded meanwhile, no budget left: %d %s", r.status, r.body)
		}
		time.Sleep(2 * time.Second)
		if r := p.ask(c); r.field("trade_state") != "REFUND" {
			p.t.Errorf("the pressure is over: %d %s", r.status, r.body)
		}
	})
}

// TestBudgetDoesNotHoldPayments: polling beyond the budget costs queries only.
func TestBudgetDoesNotHoldPayments(t *testing.T) {
	pressed(t, func(p *pressedSite) {
		p.press()
		for i := range 30 {
			p.ask(call{target: byNumber("T-3000" + strconv.Itoa(10+i))})
		}
		if r := p.ask(call{target: nativeTarget, body: prepayBody("T-100001")}); r.status != 200 {
			p.t.Errorf("%d %s", r.status, r.body)
		}
	})
}

// TestFinalIsNotReadAgain: an answer in a final state is what a fresh one would
// be, whatever happens to the order later, and costs one read less.
func TestFinalIsNotReadAgain(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	reads := &counting{Core: p.core}
	p.api.core = reads
	alice := p.core.Payer("alice", "Alice", 1000)
	for _, n := range []string{"T-100001", "T-100002", "T-100003", "T-100004"} {
		p.core.Order(n, nil)
	}
	p.core.Must(machine.OrderClose, &pb.OrderClose{Mchid: mch, OutTradeNo: "T-100001"})
	p.pay("T-100002", alice)
	p.pay("T-100003", alice)
	refund := func(order, number string, fen int) {
		if r := p.do(call{target: refundsTarget, body: refundBodyOf(order, number, fen, 100)}); r.status != 200 {
			t.Fatal(r.body)
		}
		p.core.Sleep(120_000)
		p.core.Must(machine.Tick, &pb.Tick{})
	}
	refund("T-100003", "R-1", 40)
	final := map[string]bool{byNumber("T-100001"): true, byNumber("T-100002"): false, byNumber("T-100003"): true, byNumber("T-100004"): false, refundsTarget + "/R-1": true}
	first := make(map[string]string)
	for target := range final {
		first[target] = p.do(call{target: target}).body
	}
	refund("T-100003", "R-2", 60) // the rest: nothing of it shows in the order
	for target, is := range final {
		before := reads.reads
		if r := p.do(call{target: target}); r.body != first[target] || r.status != 200 {
			t.Errorf("%s: remembered %s, first %s", target, r.body, first[target])
		}
		cost := reads.reads - before
		if want := map[bool]int{true: 1, false: 2}[is]; cost != want { // who asks is read each time
			t.Errorf("%s: %d reads, want %d", target, cost, want)
		}
	}
	p.api.polls = polls{}
	for target := range final {
		if r := p.do(call{target: target}); r.body != first[target] {
			t.Errorf("%s: fresh %s, remembered %s", target, r.body, first[target])
		}
	}
	// A final answer is for the merchant that asked: the check of mchid comes first.
	if r := p.do(call{target: transactions + "out-trade-no/T-100001?mchid=1900000002"}); r.status != 400 {
		t.Errorf("another mchid: %d", r.status)
	}
}

// TestPollsAreBounded: the memory of answers has an end.
func TestPollsAreBounded(t *testing.T) {
	t.Parallel()
	var p polls
	for i := range 5 * maxPolled {
		p.put(pollKey{number: strconv.Itoa(i)}, polled{})
	}
	if n := len(p.young) + len(p.old); n > 2*maxPolled {
		t.Errorf("%d answers are kept", n)
	}
	if _, ok := p.get(pollKey{number: strconv.Itoa(5*maxPolled - 1)}); !ok {
		t.Error("the newest is forgotten")
	}
}
