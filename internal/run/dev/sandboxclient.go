package dev

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// sandboxAnswer is what is read of the sandbox's answers.
type sandboxAnswer struct {
	Code          string         `json:"code"`
	Message       string         `json:"message"`
	TradeState    string         `json:"trade_state"`
	TransactionID string         `json:"transaction_id"`
	Moved         int64          `json:"moved"`
	Balance       int64          `json:"balance"`
	Notices       []noticeAnswer `json:"notices"`
	Payers        []struct {
		Ref     string `json:"ref"`
		Balance int64  `json:"balance"`
	} `json:"payers"`
}

type noticeAnswer struct {
	ID           string `json:"id"`
	State        string `json:"state"`
	Why          string `json:"why"`
	AttemptCount int    `json:"attempt_count"`
}

// call uses an endpoint of the sandbox.
func (c *customer) call(ctx context.Context, method, path string, body any) (status int, answer sandboxAnswer, err error) {
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return 0, answer, err
		}
	}
	q, err := http.NewRequestWithContext(ctx, method, c.file.SandboxURL+path, bytes.NewReader(text))
	if err != nil {
		return 0, answer, err
	}
	q.Header.Set("Accept-Language", c.story.in("zh", "en"))
	q.Header.Set("Content-Type", "application/json")
	a, err := c.client.Do(q)
	if err != nil {
		return 0, answer, err
	}
	defer a.Body.Close()
	data, err := io.ReadAll(io.LimitReader(a.Body, 4<<20))
	if err != nil {
		return 0, answer, err
	}
	return a.StatusCode, answer, json.Unmarshal(data, &answer)
}

func (c *customer) notices(ctx context.Context) ([]noticeAnswer, error) {
	_, answer, err := c.call(ctx, "GET", "/notices?out_trade_no="+url.QueryEscape(c.OutTradeNo), nil)
	return answer.Notices, err
}

func (c *customer) balance(ctx context.Context, ref string) (int64, error) {
	_, answer, err := c.call(ctx, "GET", "/payers", nil)
	if err != nil {
		return 0, err
	}
	for _, p := range answer.Payers {
		if p.Ref == ref {
			return p.Balance, nil
		}
	}
	return 0, fmt.Errorf("the sandbox has no payer %q", ref)
}
