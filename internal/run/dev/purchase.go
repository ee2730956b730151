package dev

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/mod/sumdb/note"

	"github.com/holdfast-pay/holdfast/internal/edge/drawing"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/run/shop"
)

// The demo purchase.
const (
	goods        = "乌龙茶 Oolong tea"
	price  int64 = 1_00 // fen
	buyer        = "ming"
	second       = "hong"
	// noticeWithin bounds how long the notice may take to arrive.
	noticeWithin = 15 * time.Second
)

// Purchase is what came of the demo purchase.
type Purchase struct {
	OutTradeNo    string `json:"out_trade_no"`
	TransactionID string `json:"transaction_id"`
	TradeState    string `json:"trade_state"`
	Notice        struct {
		Delivered bool   `json:"delivered"`
		Verified  bool   `json:"verified"`
		ID        string `json:"id"`
		Attempts  int    `json:"attempts"`
	} `json:"notice"`
	// Again is what the second payment of the same order met.
	Again struct {
		Code  string `json:"code"`
		Moved int64  `json:"moved"`
	} `json:"again"`
	Receipt struct {
		Verified bool   `json:"verified"`
		Path     string `json:"path"`
		Entry    uint64 `json:"entry"`
		Size     uint64 `json:"size"`
	} `json:"receipt"`
	ElapsedMs  int64  `json:"elapsed_ms"`
	ReadyMs    int64  `json:"ready_ms"`
	Steps      []Step `json:"steps"`
	Data       string `json:"data"`
	Fresh      bool   `json:"fresh"`
	Sandbox    string `json:"sandbox_file"`
	BaseURL    string `json:"base_url"`
	SandboxURL string `json:"sandbox_url"`
	AdminURL   string `json:"admin_url"`
	ShopURL    string `json:"shop_url"`
	// Nodes and DigestsEqual are told of a cluster: how many nodes it has, and
	// whether all were found to hold the same state after the purchase.
	Nodes        int   `json:"nodes,omitempty"`
	DigestsEqual *bool `json:"digests_equal,omitempty"`
}

// customer buys through the same doors as anybody else: the shop's SDK, the
// sandbox's endpoints, the admin API.
type customer struct {
	setup   *setup
	shop    *shop.Shop
	file    sandboxFile
	folder  *folder
	story   *story
	client  *http.Client
	codeURL string
	local   bool // only this machine reaches the platform
	Purchase
}

// buy makes one purchase and tells it step by step.
func (c *customer) buy(ctx context.Context) error {
	s := c.story
	for _, step := range []struct {
		name, zh, en string
		do           func(context.Context) ([]string, error)
	}{
		{"order", "商户用官方 SDK 下单", "The shop places an order with the official SDK", c.order},
		{"pay", "小明付款", "小明 pays", c.pay},
		{"postings", "账本里记了什么", "What was booked", c.postings},
		{"notice", "商户收到通知并验签解密", "The shop is told, verifies and decrypts", c.notice},
		{"query", "商户查单", "The shop asks for the order", c.query},
		{"again", "小红再付同一笔订单", "小红 pays the same order again", c.again},
		{"receipt", "凭证：只用日志公钥离线验证", "The receipt, verified offline with the journal's public key alone", c.receipt},
	} {
		if err := s.step(step.name, step.zh, step.en, func() ([]string, error) { return step.do(ctx) }); err != nil {
			return err
		}
	}
	c.Steps = s.steps
	return nil
}

func (c *customer) order(ctx context.Context) ([]string, error) {
	o, err := c.shop.Place(ctx, goods, price)
	if err != nil {
		return nil, err
	}
	c.OutTradeNo, c.codeURL = o.OutTradeNo, o.CodeURL
	code, err := drawing.Terminal(o.CodeURL, "", c.story.colour)
	if err != nil {
		return nil, err
	}
	lines := []string{fmt.Sprintf("%s  %s  %s", o.OutTradeNo, yuan(o.Total), o.Description), "", code, o.CodeURL}
	if c.local {
		lines = append(lines, c.story.in("（只有本机能打开；想用手机扫码，请用 --addr 0.0.0.0:9080 启动）",
			"(only this machine can open it; to scan it with a phone start with --addr 0.0.0.0:9080)"))
	}
	return lines, nil
}

func (c *customer) pay(ctx context.Context) ([]string, error) {
	if err := c.fillPurse(ctx); err != nil {
		return nil, err
	}
	status, answer, err := c.call(ctx, "POST", "/pay", map[string]string{"code_url": c.codeURL, "payer": buyer, "attempt": "tap-1"})
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK || answer.TradeState != "SUCCESS" || answer.Moved != price {
		return nil, fmt.Errorf("the payment was answered HTTP %d %s %s", status, answer.Code, answer.Message)
	}
	c.TransactionID = answer.TransactionID
	return []string{fmt.Sprintf(c.story.in("支付单号 %s，扣款 %s，余额 %s", "transaction %s, %s charged, %s left"),
		answer.TransactionID, yuan(answer.Moved), yuan(answer.Balance))}, nil
}

// fillPurse tops the buyer up when many runs have spent the money.
func (c *customer) fillPurse(ctx context.Context) error {
	balance, err := c.balance(ctx, buyer)
	if err != nil || balance >= price {
		return err
	}
	status, answer, err := c.call(ctx, "POST", "/topup", map[string]any{"payer": buyer, "amount": demoPayers[0].balance})
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the top-up was answered HTTP %d %s", status, answer.Message)
	}
	return err
}

func (c *customer) postings(ctx context.Context) ([]string, error) {
	order, err := c.setup.admin.InspectOrder(ctx, connect.NewRequest(&pb.InspectRequest{Id: c.TransactionID}))
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, step := range order.Msg.Steps {
		for _, p := range step.Postings {
			if p.Amount != price {
				return nil, fmt.Errorf("entry %d moved %d fen, not %d", step.Seq, p.Amount, price)
			}
			lines = append(lines, fmt.Sprintf(c.story.in("%s → %s  %s  （日志第 %d 条）", "%s → %s  %s  (journal entry %d)"), p.Debit, p.Credit, yuan(p.Amount), step.Seq))
		}
	}
	if len(lines) != 1 {
		return nil, fmt.Errorf("the payment made %d postings, not one", len(lines))
	}
	return lines, nil
}

func (c *customer) notice(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, noticeWithin, fmt.Errorf("none came within %s", noticeWithin))
	defer cancel()
	_, heard, err := c.shop.WaitPaid(ctx, c.OutTradeNo)
	if err != nil {
		return nil, errors.Join(err, c.whyNotTold())
	}
	c.Notice.Verified, c.Notice.ID = true, heard.ID
	for {
		list, err := c.notices(ctx)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(list, func(n noticeAnswer) bool { return n.ID == heard.ID && n.State == "DELIVERED" }); i >= 0 {
			c.Notice.Delivered, c.Notice.Attempts = true, list[i].AttemptCount
			return []string{heard.ID + "  " + heard.EventType, list[i].Why}, nil
		}
		select { // the courier reports what it sent within 20 ms
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// whyNotTold asks the platform why a notice didn't arrive.
func (c *customer) whyNotTold() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	list, err := c.notices(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	return errors.New(list[0].Why)
}

func (c *customer) query(ctx context.Context) ([]string, error) {
	t, err := c.shop.Query(ctx, c.OutTradeNo)
	if err != nil {
		return nil, err
	}
	if t.TradeState == nil || t.TransactionId == nil || *t.TransactionId != c.TransactionID {
		return nil, errors.New("the query's answer is about another payment")
	}
	c.TradeState = *t.TradeState
	return []string{"trade_state " + c.TradeState}, nil
}

func (c *customer) again(ctx context.Context) ([]string, error) {
	before, err := c.balance(ctx, second)
	if err != nil {
		return nil, err
	}
	status, answer, err := c.call(ctx, "POST", "/pay", map[string]string{"code_url": c.codeURL, "payer": second, "attempt": "tap-2"})
	if err != nil {
		return nil, err
	}
	after, err := c.balance(ctx, second)
	if err != nil {
		return nil, err
	}
	c.Again.Code, c.Again.Moved = answer.Code, before-after
	if status == http.StatusOK || answer.Code != "ORDERPAID" || before != after {
		return nil, fmt.Errorf("it was answered HTTP %d %s and moved %d fen", status, answer.Code, before-after)
	}
	return []string{fmt.Sprintf(c.story.in("%s：%s 扣款 %s", "%s: %s %s moved"), answer.Code, answer.Message, yuan(c.Again.Moved))}, nil
}

func (c *customer) receipt(ctx context.Context) ([]string, error) {
	got, err := c.setup.admin.ShowReceipt(ctx, connect.NewRequest(&pb.InspectRequest{Id: c.TransactionID}))
	if err != nil {
		return nil, err
	}
	data, err := journal.EncodeReceipt(got.Msg)
	if err != nil {
		return nil, err
	}
	c.Receipt.Path = c.folder.path("receipts", c.TransactionID+".json")
	if err := writeFile(c.Receipt.Path, data, 0o600); err != nil {
		return nil, err
	}
	// From here on only the file and the published key count.
	public, err := keystore.ReadPublic(c.folder.first())
	if err != nil {
		return nil, err
	}
	entry, checkpoint, err := verifyReceipt(data, public.CheckpointVerifier)
	if err != nil {
		return nil, err
	}
	if len(entry.Postings) != 1 || entry.Postings[0].Amount != price || entry.Name != mchid+"/"+c.OutTradeNo {
		return nil, fmt.Errorf("the receipt proves something else: %s", entry.Name)
	}
	c.Receipt.Verified, c.Receipt.Entry, c.Receipt.Size = true, entry.Seq, checkpoint.Size
	return []string{fmt.Sprintf(c.story.in("第 %d 条在 %s 的前 %d 条之中，根哈希 %s", "entry %d is among the first %d of %s, root %s"), c.receiptArgs(entry, checkpoint)...),
		c.Receipt.Path}, nil
}

func (c *customer) receiptArgs(e *pb.Entry, cp journal.Checkpoint) []any {
	if c.story.chinese {
		return []any{e.Seq, cp.Origin, cp.Size, cp.Root}
	}
	return []any{e.Seq, cp.Size, cp.Origin, cp.Root}
}

// verifyReceipt checks a receipt file with the journal's public key alone.
func verifyReceipt(file []byte, key string) (*pb.Entry, journal.Checkpoint, error) {
	receipt, err := journal.DecodeReceipt(file)
	if err != nil {
		return nil, journal.Checkpoint{}, err
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return nil, journal.Checkpoint{}, err
	}
	return journal.VerifyReceipt(receipt, verifier)
}
