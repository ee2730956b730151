//go:build linux

package killtest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

const (
	callers = 8
	// fortune is what the payer begins with, in fen.
	fortune = int64(10_000_000_000)
)

// sandbox is what dev writes for merchants' developers.
type sandbox struct {
	BaseURL         string `json:"base_url"`
	Mchid           string `json:"mchid"`
	Appid           string `json:"appid"`
	MerchantSerial  string `json:"merchant_serial"`
	MerchantKeyPath string `json:"merchant_key_path"`
	APIv3Key        string `json:"apiv3_key"`
	PublicKeyID     string `json:"public_key_id"`
	PublicKeyPath   string `json:"public_key_path"`
	SandboxURL      string `json:"sandbox_url"`
	AdminURL        string `json:"admin_url"`
}

func TestKillingNodeAndCourierLosesAndDoublesNothing(t *testing.T) {
	kills := 20
	if s := os.Getenv("HOLDFAST_KILLS"); s != "" {
		kills, _ = strconv.Atoi(s)
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("HOLDFAST_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("%d kills, HOLDFAST_SEED=%d", kills, seed)
	p := startPlatform(t)
	shop := openShop(t, p)
	payer := p.newPayer(t, "小杀", fortune)

	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				shop.buy(ctx, fmt.Sprintf("K%02d-%08d", c, i), int64(1+i%100), payer)
			}
		})
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range kills {
		pause := time.Duration(50+rng.IntN(700)) * time.Millisecond
		time.Sleep(pause) // the moment of the kill is what is random here
		victim := "node"
		if i%3 == 2 {
			victim = "courier"
		}
		p.kill(t, victim)
	}
	// Whoever was interrupted repeats until it has an answer.
	p.awaitReady(t)
	settled := shop.paid.Load()
	waitFor(t, time.Minute, "payments after the last kill", func() bool { return shop.paid.Load() > settled+callers })
	cancel()
	wg.Wait()
	if n := shop.wrong.Load(); n != 0 {
		t.Errorf("%d answers were wrong; the first: %v", n, shop.firstWrong.Load())
	}
	t.Logf("%d payments acknowledged", shop.paid.Load())
	shop.checkOrders(t)
	waitFor(t, 2*time.Minute, "all notices", func() bool { return len(shop.untold()) == 0 })
	shop.checkMoney(t, payer)
	p.stop(t)
	p.verify(t)
}

// platform is a running `holdfast dev`.
type platform struct {
	bin, dir string
	cmd      *exec.Cmd
	info     sandbox
}

func startPlatform(t *testing.T) *platform {
	t.Helper()
	tmp := t.TempDir()
	p := &platform{bin: filepath.Join(tmp, "holdfast"), dir: filepath.Join(tmp, "data")}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", p.bin, "github.com/holdfast-pay/holdfast/cmd/holdfast")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	p.cmd = exec.Command(p.bin, "dev", "--data", p.dir, "--addr", "127.0.0.1:0", "--json")
	p.cmd.Stderr = io.Discard
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		p.tell(t)
	})
	bought := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			select {
			case bought <- lines.Text():
			default:
			}
		}
		close(bought)
	}()
	select {
	case line := <-bought:
		if !strings.Contains(line, `"trade_state":"SUCCESS"`) {
			t.Fatalf("dev did not buy: %q", line)
		}
	case <-time.After(time.Minute):
		t.Fatal("dev did not buy within a minute")
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "sandbox.json"))
	if err == nil {
		err = json.Unmarshal(text, &p.info)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tell shows what the children said last, if the test failed.
func (p *platform) tell(t *testing.T) {
	if !t.Failed() {
		return
	}
	logs, _ := filepath.Glob(filepath.Join(p.dir, "logs", "*.log"))
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		t.Logf("%s ends with:\n%s", filepath.Base(log), text[max(0, len(text)-4000):])
	}
}

// kill ends a child of dev without warning, once it has one.
func (p *platform) kill(t *testing.T, command string) {
	t.Helper()
	waitFor(t, 30*time.Second, command+" to run", func() bool {
		pid := p.child(command)
		return pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil
	})
}

// child finds dev's child that runs a subcommand; 0 when there is none.
func (p *platform) child(command string) int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		// pid (name) state ppid ...; the name may hold spaces.
		rest := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(rest) < 2 || rest[0] == "Z" || rest[1] != strconv.Itoa(p.cmd.Process.Pid) {
			continue
		}
		line, err := os.ReadFile(filepath.Join(filepath.Dir(stat), "cmdline"))
		if err == nil && bytes.Contains(line, []byte("\x00"+command+"\x00")) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			return pid
		}
	}
	return 0
}

func (p *platform) awaitReady(t *testing.T) {
	t.Helper()
	waitFor(t, time.Minute, "the node to be ready", func() bool {
		resp, err := http.Get(p.info.AdminURL + "/readyz")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

func (p *platform) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	for _, command := range []string{"node", "courier"} {
		if pid := p.child(command); pid != 0 {
			t.Errorf("dev left its %s running as %d", command, pid)
		}
	}
}

func (p *platform) verify(t *testing.T) {
	t.Helper()
	out, err := exec.Command(p.bin, "verify", "--json", p.dir).Output()
	if err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// post calls a sandbox endpoint; ok is false when no answer was had.
func (p *platform) post(ctx context.Context, path string, body, answer any) (status int, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.info.SandboxURL+path, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, json.NewDecoder(resp.Body).Decode(answer)
}

func (p *platform) newPayer(t *testing.T, name string, balance int64) string {
	t.Helper()
	var made map[string]any
	status, err := p.post(t.Context(), "/payers", map[string]any{"name": name, "balance": balance}, &made)
	if err != nil || status != http.StatusOK {
		t.Fatalf("add a payer: %d, %v, %v", status, made, err)
	}
	return name
}

// shop is a merchant on the official SDK that keeps its own books.
type shop struct {
	p      *platform
	client *core.Client
	notify string

	paid, wrong atomic.Int64
	firstWrong  atomic.Value

	mu     sync.Mutex
	orders map[string]sale // acknowledged
	told   map[string]string
}

type sale struct {
	total         int64
	transactionID string
}

func openShop(t *testing.T, p *platform) *shop {
	t.Helper()
	key, err := utils.LoadPrivateKeyWithPath(p.info.MerchantKeyPath)
	if err != nil {
		t.Fatal(err)
	}
	public, err := utils.LoadPublicKeyWithPath(p.info.PublicKeyPath)
	if err != nil {
		t.Fatal(err)
	}
	client, err := core.NewClient(t.Context(),
		option.WithWechatPayPublicKeyAuthCipher(p.info.Mchid, p.info.MerchantSerial, key, p.info.PublicKeyID, public),
		option.WithHTTPClient(&http.Client{Transport: redirect{strings.TrimPrefix(p.info.BaseURL, "http://")}, Timeout: 10 * time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{p: p, client: client, orders: map[string]sale{}, told: map[string]string{}}
	s.listen(t, public)
	return s
}

// redirect sends the SDK's requests to the platform.
type redirect struct{ host string }

func (r redirect) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host, req.Host = "http", r.host, r.host
	return http.DefaultTransport.RoundTrip(req)
}

// listen receives notices, verified and decrypted by the SDK.
func (s *shop) listen(t *testing.T, public *rsa.PublicKey) {
	t.Helper()
	handler, err := notify.NewRSANotifyHandler(s.p.info.APIv3Key, verifiers.NewSHA256WithRSAPubkeyVerifier(s.p.info.PublicKeyID, *public))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var paid payments.Transaction
		if _, err := handler.ParseNotifyRequest(r.Context(), r, &paid); err != nil {
			s.fault(fmt.Errorf("notice: %w", err))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.mu.Lock()
		s.told[*paid.OutTradeNo] = *paid.TransactionId
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	s.notify = "http://" + l.Addr().String() + "/notify"
}

func (s *shop) fault(err error) {
	s.wrong.Add(1)
	s.firstWrong.CompareAndSwap(nil, err.Error())
}

// buy places an order and pays it, repeating each request unchanged until it is
// answered, whatever dies meanwhile.
func (s *shop) buy(ctx context.Context, no string, total int64, payer string) {
	url, ok := s.order(ctx, no, total)
	if !ok {
		return
	}
	var answer struct {
		Code          string `json:"code"`
		Message       string `json:"message"`
		TradeState    string `json:"trade_state"`
		TransactionID string `json:"transaction_id"`
	}
	for ctx.Err() == nil {
		status, err := s.p.post(ctx, "/pay", map[string]any{"code_url": url, "payer": payer, "attempt": "a-" + no}, &answer)
		switch {
		case err != nil || status >= 500 || status == http.StatusTooManyRequests:
			time.Sleep(20 * time.Millisecond) // what a patient client does
			continue
		case status != http.StatusOK || answer.TradeState != "SUCCESS":
			s.fault(fmt.Errorf("pay %s: %d %s %s", no, status, answer.Code, answer.Message))
			return
		}
		s.paid.Add(1)
		s.mu.Lock()
		s.orders[no] = sale{total, answer.TransactionID}
		s.mu.Unlock()
		return
	}
}

func (s *shop) order(ctx context.Context, no string, total int64) (codeURL string, ok bool) {
	api := native.NativeApiService{Client: s.client}
	for ctx.Err() == nil {
		resp, _, err := api.Prepay(ctx, native.PrepayRequest{
			Appid: &s.p.info.Appid, Mchid: &s.p.info.Mchid, Description: core.String("乌龙茶"), OutTradeNo: &no,
			NotifyUrl: &s.notify, Amount: &native.Amount{Total: &total, Currency: core.String("CNY")},
		})
		var refused *core.APIError
		switch {
		case err == nil:
			return *resp.CodeUrl, true
		case errors.As(err, &refused) && refused.StatusCode < 500 && refused.StatusCode != http.StatusTooManyRequests:
			s.fault(fmt.Errorf("prepay %s: %w", no, err))
			return "", false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return "", false
}

// checkOrders asks for every acknowledged payment.
func (s *shop) checkOrders(t *testing.T) {
	t.Helper()
	api := native.NativeApiService{Client: s.client}
	seen := map[string]string{}
	for no, sold := range s.orders { // order does not matter: each is checked by itself
		o, _, err := api.QueryOrderByOutTradeNo(t.Context(), native.QueryOrderByOutTradeNoRequest{OutTradeNo: &no, Mchid: &s.p.info.Mchid})
		if err != nil {
			t.Errorf("query %s: %v", no, err)
			continue
		}
		if *o.TradeState != "SUCCESS" || *o.TransactionId != sold.transactionID || *o.Amount.Total != sold.total {
			t.Errorf("%s was acknowledged as %s over %d and is now %s %s", no, sold.transactionID, sold.total, *o.TradeState, *o.TransactionId)
		}
		if other, twice := seen[sold.transactionID]; twice {
			t.Errorf("%s and %s have one transaction_id", no, other)
		}
		seen[sold.transactionID] = no
	}
}

// untold lists acknowledged payments the shop has had no notice of.
func (s *shop) untold() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for no, sold := range s.orders { // order does not matter: only whether it is empty
		if s.told[no] != sold.transactionID {
			list = append(list, no)
		}
	}
	return list
}

// checkMoney compares the payer's balance with the shop's own books. A payment
// that was made and never answered can only be one of the last few: its notice
// told the shop of it.
func (s *shop) checkMoney(t *testing.T, payer string) {
	t.Helper()
	var spent int64
	s.mu.Lock()
	for no := range s.told { // order does not matter: a sum
		if sold, ok := s.orders[no]; ok {
			spent += sold.total
		} else {
			t.Logf("%s was paid and its answer lost when the load ended", no)
			spent += s.totalOf(t, no)
		}
	}
	s.mu.Unlock()
	resp, err := http.Get(s.p.info.SandboxURL + "/payers")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Payers []struct {
			Name    string `json:"name"`
			Balance int64  `json:"balance"`
		} `json:"payers"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	for _, p := range answer.Payers {
		if p.Name == payer {
			if p.Balance != fortune-spent {
				t.Errorf("the payer has %d, the shop sold for %d, which leaves %d", p.Balance, spent, fortune-spent)
			}
			return
		}
	}
	t.Errorf("payer %s is not listed", payer)
}

func (s *shop) totalOf(t *testing.T, no string) int64 {
	t.Helper()
	api := native.NativeApiService{Client: s.client}
	o, _, err := api.QueryOrderByOutTradeNo(t.Context(), native.QueryOrderByOutTradeNoRequest{OutTradeNo: &no, Mchid: &s.p.info.Mchid})
	if err != nil {
		t.Fatal(err)
	}
	return *o.Amount.Total
}

func waitFor(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", limit, what)
		}
	}
}
