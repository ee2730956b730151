package webtest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/edge/edgetest/browser"
)

// sandbox is a running `holdfast dev`.
type sandbox struct {
	*testing.T
	cmd *exec.Cmd
	err said
	// data is its folder.
	data string
	// shop, platform and wallet are addresses.
	shop, platform, wallet string
}

// said is what a process said so far.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { close(s.more); s.more = make(chan struct{}) }()
	return s.text.Write(p)
}

func (s *said) so(far *regexp.Regexp) ([]string, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return far.FindStringSubmatch(s.text.String()), s.more
}

// wait returns what an expression's group matches, once it does.
func (s *said) wait(t *testing.T, far *regexp.Regexp) string {
	t.Helper()
	give := time.After(2 * time.Minute)
	for {
		found, more := s.so(far)
		if found != nil {
			return found[1]
		}
		select {
		case <-more:
		case <-give:
			t.Fatalf("for two minutes nothing was said like %s:\n%s", far, s.text.String())
		}
	}
}

var guided = regexp.MustCompile(`demo shop\s+(http://\S+?)/\n(?s:.*)Ctrl-C stops it`)

// newSandbox starts one, and ends it with the test.
func newSandbox(t *testing.T, more ...string) *sandbox {
	t.Helper()
	data := filepath.Join(t.TempDir(), "sandbox")
	s := &sandbox{T: t, data: data, err: said{more: make(chan struct{})}}
	s.cmd = exec.Command(os.Args[0], append([]string{"dev", "--json", "--data", data, "--addr", "127.0.0.1:0"}, more...)...)
	s.cmd.Env = append(os.Environ(), "LC_ALL=C", asProgram+"=1")
	s.cmd.Stderr = &s.err
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	s.shop = s.err.wait(t, guided)
	text, err := os.ReadFile(filepath.Join(data, "sandbox.json"))
	if err != nil {
		t.Fatal(err)
	}
	var at struct {
		BaseURL   string `json:"base_url"`
		WalletURL string `json:"wallet_url"`
	}
	if err := json.Unmarshal(text, &at); err != nil {
		t.Fatal(err)
	}
	s.platform, s.wallet = at.BaseURL, at.WalletURL
	return s
}

func (s *sandbox) stop() {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.Error(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.Errorf("dev ended with %v:\n%s", err, s.err.text.String())
	}
}

// Somebody fills a cart on their phone, pays by H5 and comes back to an order that says
// so, also by the back button; pays another by JSAPI; and a third from a wide screen by a
// code, whose page changes by itself.
func TestDemoShop(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	home := &site{T: t, url: s.shop}
	p := home.newPhone("zh-CN", "the customer")
	p.hosts = append(p.hosts, s.platform, s.wallet)
	p.open("/")
	p.see("#add-oolong")
	p.fits("shop-goods")
	p.tap("#add-oolong")
	p.tap("#add-oolong")
	p.tap("#add-cup")
	p.tap("#checkout")
	p.see("#order")
	p.reads("¥72.00")
	p.fits("shop-checkout")
	p.tap("#order")
	p.paysAtTheCashier()
	p.see(".verdict.good")
	p.reads("¥72.00")
	p.fits("shop-paid")
	order := p.eval(`location.pathname`)
	p.eval(`(history.back(), "")`) // to the cashier, which says so too
	p.until(`document.querySelector("main.paid") !== null`)
	p.open(order)
	p.see(".verdict.good")

	p.open("/")
	p.tap("#add-jasmine")
	p.tap("#checkout")
	p.tap(`input[value=jsapi]`)
	p.see(`input[name=payer]`)
	p.fits("shop-jsapi")
	p.tap("#order")
	p.paysAtTheCashier()
	p.see(".verdict.good")
	p.reads("¥12.50")

	p.on(browser.Large)
	p.open("/")
	p.tap(".speak")
	p.tap("#add-jasmine")
	p.fits("shop-cart")
	p.tap("#checkout")
	p.see("#order")
	p.tap(`input[value=native]`)
	p.fits("shop-native")
	p.tap(`input[value=native]`)
	p.tap("#order")
	p.see(".qr")
	p.fits("shop-code")
	other := home.newPhone("zh-CN", "the customer's phone")
	other.hosts = append(other.hosts, s.platform, s.wallet)
	other.step(chromedp.Navigate(p.eval(`document.querySelector(".pay a.button").href`)))
	other.tap("form button.first")
	other.see("main.paid")
	p.see(".verdict.good") // by itself
	p.open("/behind")
	p.until(`document.querySelectorAll(".list").length === 2 && document.body.innerText.includes("TRANSACTION.SUCCESS")`)
	p.fits("shop-behind")
	if text := p.says(); !strings.Contains(text, "GMT") && !strings.Contains(text, "UTC") {
		t.Errorf("no time has a zone:\n%s", text)
	}
}

// paysAtTheCashier pays as a demo payer, and goes back to the merchant.
func (p *phone) paysAtTheCashier() {
	p.Helper()
	p.tap("form button.first")
	p.see("main.paid")
	p.tap(`nav a[rel~=noopener]`)
}
