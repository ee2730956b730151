//go:build linux

package proctest

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
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

// fortune is what the shop's payer begins with, in fen.
const fortune = int64(10_000_000_000)

// patience is how long a client waits before it repeats a request.
const patience = 20 * time.Millisecond

// Shop is a merchant on the official SDK that keeps its own books.
type Shop struct {
	sandbox Sandbox
	client  *core.Client
	notify  string
	payer   string
	gaps    gaps
	// Rest is how long a customer waits after a purchase; 0 is not at all.
	Rest time.Duration

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

// OpenShop opens a shop with a customer who is rich.
func OpenShop(t *testing.T, sandbox Sandbox) *Shop {
	t.Helper()
	s := &Shop{sandbox: sandbox, payer: "小杀", orders: map[string]sale{}, told: map[string]string{}}
	s.client = s.at(t, strings.TrimPrefix(sandbox.BaseURL, "http://"))
	public, err := utils.LoadPublicKeyWithPath(sandbox.PublicKeyPath)
	if err != nil {
		t.Fatal(err)
	}
	s.listen(t, public)
	sandbox.NewPayer(t, s.payer, fortune)
	return s
}

// at is an SDK client whose requests go to one address, HOST:PORT.
func (s *Shop) at(t *testing.T, address string) *core.Client {
	t.Helper()
	key, err := utils.LoadPrivateKeyWithPath(s.sandbox.MerchantKeyPath)
	if err != nil {
		t.Fatal(err)
	}
	public, err := utils.LoadPublicKeyWithPath(s.sandbox.PublicKeyPath)
	if err != nil {
		t.Fatal(err)
	}
	client, err := core.NewClient(t.Context(),
		option.WithWechatPayPublicKeyAuthCipher(s.sandbox.Mchid, s.sandbox.MerchantSerial, key, s.sandbox.PublicKeyID, public),
		option.WithHTTPClient(&http.Client{Transport: redirect{address}, Timeout: 10 * time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// redirect sends the SDK's requests to the platform.
type redirect struct{ host string }

func (r redirect) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host, req.Host = "http", r.host, r.host
	resp, err := web.Transport.RoundTrip(req)
	if err == nil {
		refused(resp.StatusCode)
	}
	return resp, err
}

// listen receives notices, verified and decrypted by the SDK.
func (s *Shop) listen(t *testing.T, public *rsa.PublicKey) {
	t.Helper()
	handler, err := notify.NewRSANotifyHandler(s.sandbox.APIv3Key, verifiers.NewSHA256WithRSAPubkeyVerifier(s.sandbox.PublicKeyID, *public))
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
			s.Fault(fmt.Errorf("notice: %w", err))
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

// Fault notes an answer that should not have been given.
func (s *Shop) Fault(err error) {
	s.wrong.Add(1)
	s.firstWrong.CompareAndSwap(nil, err.Error())
}

// Paid is how many payments were acknowledged.
func (s *Shop) Paid() int64 { return s.paid.Load() }

// LongestGap is the longest time without an acknowledged payment since the last
// call.
func (s *Shop) LongestGap() time.Duration { return s.gaps.take() }

// Buy places an order and pays it, repeating each request unchanged until it is
// answered, whatever dies meanwhile. It says whether it was paid before ctx ended.
func (s *Shop) Buy(ctx context.Context, no string, total int64) bool {
	url, ok := s.order(ctx, no, total)
	if !ok {
		return false
	}
	var answer struct {
		Code          string `json:"code"`
		Message       string `json:"message"`
		TradeState    string `json:"trade_state"`
		TransactionID string `json:"transaction_id"`
	}
	for ctx.Err() == nil {
		status, err := s.sandbox.Post(ctx, "/pay", map[string]any{"code_url": url, "payer": s.payer, "attempt": "a-" + no}, &answer)
		switch {
		case err != nil || status >= 500 || status == http.StatusTooManyRequests:
			time.Sleep(patience)
			continue
		case status != http.StatusOK || answer.TradeState != "SUCCESS":
			s.Fault(fmt.Errorf("pay %s: %d %s %s", no, status, answer.Code, answer.Message))
			return false
		}
		s.paid.Add(1)
		s.gaps.mark()
		s.mu.Lock()
		s.orders[no] = sale{total, answer.TransactionID}
		s.mu.Unlock()
		return true
	}
	return false
}

// Place places an order of so many fen and returns its code.
func (s *Shop) Place(t *testing.T, no string, fen int64) (codeURL string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	codeURL, ok := s.order(ctx, no, fen)
	if !ok {
		t.Fatalf("the order %s was not placed: %v", no, s.firstWrong.Load())
	}
	return codeURL
}

func (s *Shop) order(ctx context.Context, no string, total int64) (codeURL string, ok bool) {
	api := native.NativeApiService{Client: s.client}
	for ctx.Err() == nil {
		resp, _, err := api.Prepay(ctx, native.PrepayRequest{
			Appid: &s.sandbox.Appid, Mchid: &s.sandbox.Mchid, Description: core.String("乌龙茶"), OutTradeNo: &no,
			NotifyUrl: &s.notify, Amount: &native.Amount{Total: &total, Currency: core.String("CNY")},
		})
		var refused *core.APIError
		switch {
		case err == nil:
			return *resp.CodeUrl, true
		case errors.As(err, &refused) && refused.StatusCode < 500 && refused.StatusCode != http.StatusTooManyRequests:
			s.Fault(fmt.Errorf("prepay %s: %w", no, err))
			return "", false
		}
		time.Sleep(patience)
	}
	return "", false
}

// query asks for an order, again after a while when the platform says that it is
// asked too much: merchants' programs do so.
func (s *Shop) query(ctx context.Context, client *core.Client, no string) (*payments.Transaction, error) {
	api := native.NativeApiService{Client: client}
	for {
		o, _, err := api.QueryOrderByOutTradeNo(ctx, native.QueryOrderByOutTradeNoRequest{OutTradeNo: &no, Mchid: &s.sandbox.Mchid})
		var refusal *core.APIError
		if !errors.As(err, &refusal) || refusal.StatusCode != http.StatusTooManyRequests {
			return o, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(500 * time.Millisecond):
		}
	}
}
