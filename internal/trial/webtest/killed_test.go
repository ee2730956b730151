//go:build linux

package webtest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	cdpnet "github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

// Somebody starts a washer by the code on its display. They pay a shop's order by H5 and another by JSAPI, and each time what they talk to
// is killed with the answer on its way: the page ends in the truth, leads back to the shop,
// which has it too, and the back button shows no button that pays. Nothing is paid twice.
func TestNodesAreKilledUnderPayments(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, "--nodes", "3")
	home := &site{T: t, url: s.shop, codes: file(filepath.Join(s.data, "codes.txt"))}
	p := home.newPhone("zh-CN", "13800000051")
	p.hosts = append(p.hosts, s.platform, s.wallet)
	p.step(chromedp.Navigate(s.wallet))
	p.enrolHere("韩梅梅")
	p.see(".balance .amount")
	s.topup("韩梅梅", 104_00)
	p.startsTheWasher(s)

	p.buys("h5")
	p.tap(`nav .go`)
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	s.killedAt(p, fetch.RequestStageRequest, "*.WalletService/Pay", func() []string { return []string{s.lastAsked("/holdfast.v1.WalletService/ShowPayable")} })
	p.isBackAtTheShop()

	p.buys("h5")
	p.tap(`nav .go`)
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	s.killedAt(p, fetch.RequestStageResponse, "*.WalletService/Pay", func() []string { return []string{s.lastAsked("/holdfast.v1.WalletService/Pay")} })
	p.isBackAtTheShop()

	p.step(chromedp.Navigate(s.wallet))
	p.until(`document.querySelector(".balance .amount")?.textContent.includes("75.00")`)

	p.buys("jsapi")
	p.see("form button.first")
	s.killedAt(p, fetch.RequestStageResponse, "*/pay/*", func() []string { return nodes })
	p.until(`location.protocol === "chrome-error:" || document.readyState === "complete" && document.querySelector("form") === null`)
	s.ready()
	p.step(chromedp.NavigateBack())
	p.see("main.paid, main.already")
	p.tap(`nav a[rel~=noopener]`)
	p.see(".verdict.good")
	p.reads("¥12.50")
}

// startsTheWasher pays what the washer's display shows, from a photograph, and hears the
// drum turn.
func (p *phone) startsTheWasher(s *sandbox) {
	p.Helper()
	bin := filepath.Join(p.TempDir(), "washer")
	if out, err := exec.Command("go", "build", "-o", bin, "../../../examples/washer").CombinedOutput(); err != nil {
		p.Fatalf("build the washer: %v\n%s", err, out)
	}
	says := &said{more: make(chan struct{})}
	washer := exec.Command("sh", "-c", `eval "$("$0" dev --print-env --data "$1" 2>/dev/null)"; shift; exec "$@"`, os.Args[0], s.data, bin, "-listen", free(p.T), "-file", filepath.Join(p.TempDir(), "washer.json"))
	washer.Env, washer.Stdout = append(os.Environ(), asProgram+"=1"), says
	if err := washer.Start(); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		_ = washer.Process.Kill() // it runs until its power is cut
		_ = washer.Wait()
	})
	shown := says.wait(p.T, regexp.MustCompile(`SHOW (\S+)\n`))
	p.step(chromedp.Navigate(s.wallet + "/scan"))
	p.see(".camera.off")
	p.step(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{p.site.drawn(shown)}))
	p.until(`document.querySelector("#pay")?.getAttribute("aria-disabled") === "false"`)
	p.tap("#pay")
	p.see(".verdict.good")
	says.wait(p.T, regexp.MustCompile(`(START)`))
}

// free is an address that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// buys orders tea for 12.50 at the shop, which leads to the cashier.
func (p *phone) buys(way string) {
	p.Helper()
	p.open("/")
	p.tap("#add-jasmine")
	p.tap("#checkout")
	p.tap(fmt.Sprintf(`input[value=%s]`, way))
	p.tap("#order")
	p.see("nav .go, form button.first")
}

// isBackAtTheShop follows a payment of 12.50 from its page in the wallet to the shop, and
// goes back.
func (p *phone) isBackAtTheShop() {
	p.Helper()
	p.see(".verdict.good")
	p.tap("a.button.primary")
	p.until(`location.pathname.startsWith("/order") && document.querySelector(".verdict.good") !== null`)
	p.reads("¥12.50")
	p.eval(`(history.back(), "")`)
	p.until(fmt.Sprintf(`location.origin !== %q && document.querySelector(".verdict.good") !== null && document.querySelector("#pay") === null`, p.site.url))
}

// nodes are the sandbox's.
var nodes = []string{"n1", "n2", "n3"}

// killedAt presses the button that pays, and kills nodes while the browser holds the call
// that this makes: before it is sent, or before its answer is read, which then is lost.
func (s *sandbox) killedAt(p *phone, stage fetch.RequestStage, pattern string, which func() []string) {
	s.Helper()
	done := make(chan error, 1)
	var once sync.Once
	if err := chromedp.Listen(p.ctx, func(event any) {
		if e, ok := event.(*fetch.EventRequestPaused); ok && e.Request.Method == "POST" {
			once.Do(func() { go func() { done <- s.kill(p, stage, e.RequestID, which()) }() })
		}
	}); err != nil {
		s.Fatal(err)
	}
	p.step(within(fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: pattern, RequestStage: stage}}}))
	p.eval(`(document.querySelector("#pay, form button.first").click(), "")`)
	select {
	case err := <-done:
		if err != nil {
			s.Fatal(err)
		}
	case <-time.After(patience):
		s.Fatalf("nothing was paid; the page says:\n%s", p.says())
	}
}

// kill kills nodes and lets go of the call that the browser holds.
func (s *sandbox) kill(p *phone, stage fetch.RequestStage, held fetch.RequestID, which []string) error {
	for _, name := range which {
		text, err := os.ReadFile(filepath.Join(s.data, name+".pid"))
		if err != nil {
			return err
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return err
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return err
		}
	}
	let := within(fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: held})
	if stage == fetch.RequestStageResponse {
		let = within(fetch.FailRequest, fetch.FailRequestParams{RequestID: held, ErrorReason: cdpnet.ErrorReasonConnectionReset})
	}
	return chromedp.Do(p.ctx, let, within(fetch.Disable, cdp.Empty{}))
}

var timed = regexp.MustCompile(`"?time"?[=:]"?([^ ",]+)`)

// lastAsked is the node that took a call of the wallet's last.
func (s *sandbox) lastAsked(procedure string) (node string) {
	newest := ""
	for _, name := range nodes {
		text, err := os.ReadFile(filepath.Join(s.data, "logs", name+".log"))
		if err != nil {
			s.Error(err)
		}
		for line := range strings.Lines(string(text)) {
			if found := timed.FindStringSubmatch(line); found != nil && strings.Contains(line, procedure) && found[1] > newest {
				newest, node = found[1], name
			}
		}
	}
	return node
}

// ready waits until all nodes take payments.
func (s *sandbox) ready() {
	s.Helper()
	for _, at := range proctest.Places(s.T, s.data) {
		proctest.WaitFor(s.T, time.Minute, at.Name+" to be ready", func() bool { return proctest.Ready("http://" + at.Admin) })
	}
}

// topup gives somebody money, once the node that is asked has the key to their name.
func (s *sandbox) topup(who string, fen int64) {
	s.Helper()
	at := proctest.ReadSandbox(s.T, s.data)
	proctest.WaitFor(s.T, time.Minute, who+" to be known", func() bool {
		var answer json.RawMessage
		status, err := at.Post(s.Context(), "/topup", map[string]any{"payer": who, "amount": fen, "ref": "once"}, &answer)
		return err == nil && status == http.StatusOK
	})
}

// file is a file that is read when it is asked for.
type file string

// String is what is in it by now.
func (f file) String() string {
	text, _ := os.ReadFile(string(f)) // there is none before the first line
	return string(text)
}
