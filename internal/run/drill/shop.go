package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// sale is an order of the demo shop, as the shop tells of it.
type sale struct {
	No            string `json:"out_trade_no"`
	CodeURL       string `json:"code_url"`
	Total         int64  `json:"total"`
	TransactionID string `json:"transaction_id"` // once the shop was told
}

// sell has the demo shop place an order by the official SDK.
func (g *Ground) sell(ctx context.Context, what string, fen int64) (s sale, err error) {
	form := url.Values{"description": {what}, "total": {strconv.FormatInt(fen, 10)}}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, g.ShopURL+"/orders", strings.NewReader(form.Encode()))
	if err != nil {
		return s, err
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	err = g.ask(q, http.StatusCreated, &s)
	return s, err
}

// told waits until the shop has the notice of a sale that was paid, and returns how
// long that took.
func (g *Ground) toldOf(ctx context.Context, no string, within time.Duration) (s sale, took time.Duration, err error) {
	began := time.Now()
	err = g.until(ctx, within, "the shop to be told of "+no, func() bool {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, g.ShopURL+"/orders/"+no, nil)
		return err == nil && g.ask(q, http.StatusOK, &s) == nil && s.TransactionID != ""
	})
	return s, time.Since(began), err
}

func (g *Ground) ask(q *http.Request, want int, answer any) error {
	q.Header.Set("Accept", "application/json")
	a, err := g.web.Do(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != want {
		return fmt.Errorf("the shop answered %s", a.Status)
	}
	return json.NewDecoder(a.Body).Decode(answer)
}
