// Package shop is a demo merchant: an integration written the way a merchant
// writes one, with the official SDK github.com/wechatpay-apiv3/wechatpay-go,
// unmodified, and nothing of Holdfast's own code.
//
// It places orders (order.go), receives callbacks (notify.go), keeps both in a
// book that survives a crash (book.go) and shows them on a page (page.go).
// `holdfast dev` runs it beside the platform; it is also the shortest complete
// example of what a merchant must do with a notice: verify, decrypt, check
// merchant and amount, take each id once, write it down, then answer.
package shop

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
)

// Shop is the demo merchant. Its methods may be called from any goroutine.
type Shop struct {
	cfg     Config
	log     *slog.Logger
	orders  native.NativeApiService
	notices *notify.Handler
	book    *book
}

// Open loads the keys and the book and prepares the SDK's client.
func Open(cfg Config) (*Shop, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("open the shop: %w", err)
	}
	private, public, err := cfg.keys()
	if err != nil {
		return nil, err
	}
	platform, err := url.Parse(cfg.Platform)
	if err != nil {
		return nil, err
	}
	client, err := core.NewClient(context.Background(),
		option.WithWechatPayPublicKeyAuthCipher(cfg.Mchid, cfg.Serial, private, cfg.PublicKeyID, public),
		option.WithHTTPClient(Client(platform)))
	if err != nil {
		return nil, fmt.Errorf("make the SDK's client: %w", err)
	}
	handler, err := notify.NewRSANotifyHandler(cfg.APIv3Key,
		verifiers.NewSHA256WithRSAPubkeyVerifier(cfg.PublicKeyID, *public))
	if err != nil {
		return nil, fmt.Errorf("make the SDK's notice handler: %w", err)
	}
	book, err := openBook(cfg.BookPath)
	if err != nil {
		return nil, err
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Shop{cfg: cfg, log: log, orders: native.NativeApiService{Client: client}, notices: handler, book: book}, nil
}

// Close closes the book. Stop serving first.
func (s *Shop) Close() error { return s.book.close() }

// Place orders total fen of description from the platform under a fresh
// number and returns the order with its code_url, to be shown as a QR code.
// The order is in the book before the platform hears of it, so that no notice
// can arrive for an order the shop doesn't know.
func (s *Shop) Place(ctx context.Context, description string, total int64) (Order, error) {
	o := Order{OutTradeNo: number(), Description: description, Total: total, PlacedAt: time.Now()}
	keep := func() (record, error) { return record{Order: &o}, nil }
	if err := s.book.update(keep); err != nil {
		return Order{}, err
	}
	answer, _, err := s.orders.Prepay(ctx, native.PrepayRequest{
		Appid: core.String(s.cfg.Appid), Mchid: core.String(s.cfg.Mchid),
		Description: core.String(description), OutTradeNo: core.String(o.OutTradeNo),
		NotifyUrl: core.String(s.cfg.NotifyURL),
		Amount:    &native.Amount{Total: core.Int64(total), Currency: core.String("CNY")},
	})
	if err != nil {
		return Order{}, fmt.Errorf("prepay %s: %w", o.OutTradeNo, err)
	}
	if answer.CodeUrl == nil || *answer.CodeUrl == "" {
		return Order{}, fmt.Errorf("prepay %s: the answer has no code_url", o.OutTradeNo)
	}
	codeURL := *answer.CodeUrl
	err = s.book.update(func() (record, error) {
		now := *s.book.orders[o.OutTradeNo] // a notice may have been faster
		now.CodeURL = codeURL
		return record{Order: &now}, nil
	})
	if err != nil {
		return Order{}, err
	}
	o.CodeURL = codeURL
	return o, nil
}

// Query asks the platform for the order, as a merchant does when a notice is
// late.
func (s *Shop) Query(ctx context.Context, outTradeNo string) (*payments.Transaction, error) {
	answer, _, err := s.orders.QueryOrderByOutTradeNo(ctx, native.QueryOrderByOutTradeNoRequest{
		OutTradeNo: core.String(outTradeNo), Mchid: core.String(s.cfg.Mchid),
	})
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", outTradeNo, err)
	}
	return answer, nil
}

// WaitPaid waits until a verified notice says that the order is paid, and
// returns the order and the notice that said it first.
func (s *Shop) WaitPaid(ctx context.Context, outTradeNo string) (Order, Notice, error) {
	for {
		changed := s.book.waitChange()
		if o, ok := s.book.order(outTradeNo); ok && o.Paid() {
			_, notices := s.book.newest(-1)
			for _, n := range notices {
				if n.OutTradeNo == outTradeNo && strings.HasPrefix(n.EventType, "TRANSACTION.") {
					return o, n, nil
				}
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Order{}, Notice{}, fmt.Errorf("no verified notice about %s: %w", outTradeNo, context.Cause(ctx))
		}
	}
}

// number makes a fresh out_trade_no: SHOP, the second, and 40 random bits.
func number() string {
	var random [5]byte
	_, _ = rand.Read(random[:]) // never fails
	return "SHOP" + time.Now().UTC().Format("20060102150405") + strings.ToUpper(hex.EncodeToString(random[:]))
}

// errRefused is a notice that is genuine but doesn't fit the book.
var errRefused = errors.New("the notice does not fit the order")
