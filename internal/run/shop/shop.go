// Package shop is a demo merchant: an integration written the way a merchant
// writes one, with the official SDK github.com/wechatpay-apiv3/wechatpay-go,
// unmodified, and nothing of Holdfast's own code.
//
// It sells what is in its catalogue (goods.go), places orders to be paid by QR code, from
// a phone's browser (H5) or from within WeChat (JSAPI; prepay.go), receives callbacks
// (notify.go), keeps all in a book that survives a crash (book.go) and serves a shop's
// pages (page.go), which are written in web/shop.
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
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"

	"github.com/holdfast-pay/holdfast/internal/edge/web"
)

// Shop is the demo merchant. Its methods may be called from any goroutine.
type Shop struct {
	cfg     Config
	log     *slog.Logger
	native  native.NativeApiService
	h5      h5.H5ApiService
	jsapi   jsapi.JsapiApiService
	notices *notify.Handler
	book    *book
	pages   http.Handler
	// closing ends the pages' streams.
	closing chan struct{}
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
	pages, err := web.NewShop(platform.Scheme + "://" + platform.Host)
	if err != nil {
		return nil, errors.Join(err, book.close())
	}
	return &Shop{cfg: cfg, log: log, native: native.NativeApiService{Client: client}, h5: h5.H5ApiService{Client: client}, jsapi: jsapi.JsapiApiService{Client: client},
		notices: handler, book: book, pages: pages, closing: make(chan struct{})}, nil
}

// EndStreams ends the pages' streams, which would hold up an orderly end of the server.
func (s *Shop) EndStreams() { close(s.closing) }

// Close closes the book. Stop serving first.
func (s *Shop) Close() error { return s.book.close() }

// Place orders total fen of description from the platform under a fresh
// number and returns the order with its code_url, to be shown as a QR code.
func (s *Shop) Place(ctx context.Context, description string, total int64) (Order, error) {
	return s.place(ctx, Order{Description: description, Total: total}, "")
}

// place puts an order into the book and has the platform prepare its payment. It is in
// the book before the platform hears of it, so that no notice can arrive for an order
// that the shop doesn't know.
func (s *Shop) place(ctx context.Context, o Order, payerIP string) (Order, error) {
	o.OutTradeNo, o.PlacedAt = number(), time.Now()
	keep := func() (record, error) { return record{Order: &o}, nil }
	if err := s.book.update(keep); err != nil {
		return Order{}, err
	}
	return s.prepare(ctx, o, payerIP)
}

// prepare has the platform prepare an order's payment, and notes what leads to it. What
// led to it before is good no longer.
func (s *Shop) prepare(ctx context.Context, o Order, payerIP string) (Order, error) {
	way, err := s.prepay(ctx, &o, payerIP)
	if err != nil {
		return Order{}, fmt.Errorf("prepay %s: %w", o.OutTradeNo, err)
	}
	return o, s.book.update(func() (record, error) {
		now := *s.book.orders[o.OutTradeNo] // a notice may have been faster
		now.CodeURL, now.H5URL, now.Invocation = way.code, way.h5, way.invocation
		o = now
		return record{Order: &now}, nil
	})
}

// Query asks the platform for the order, as a merchant does when a notice is
// late.
func (s *Shop) Query(ctx context.Context, outTradeNo string) (*payments.Transaction, error) {
	answer, _, err := s.native.QueryOrderByOutTradeNo(ctx, native.QueryOrderByOutTradeNoRequest{
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

// Ask asks the platform how an order stands that is not paid by the book, and books what
// it says: a payer who comes back may be faster than the notice.
func (s *Shop) Ask(ctx context.Context, outTradeNo string) error {
	t, err := s.Query(ctx, outTradeNo)
	if err != nil {
		return err
	}
	return s.book.update(func() (record, error) {
		before, known := s.book.orders[outTradeNo]
		if !known || before.Paid() {
			return record{}, nil
		}
		o := *before
		switch text(t.TradeState) {
		case "SUCCESS":
			if err := o.pay(t); err != nil {
				return record{}, err
			}
		case "CLOSED":
			if o.Closed {
				return record{}, nil
			}
			o.Closed = true
		default:
			return record{}, nil
		}
		return record{Order: &o}, nil
	})
}

// number makes a fresh out_trade_no: SHOP, the second, and 40 random bits.
func number() string {
	var random [5]byte
	_, _ = rand.Read(random[:]) // never fails
	return "SHOP" + time.Now().UTC().Format("20060102150405") + strings.ToUpper(hex.EncodeToString(random[:]))
}

// errRefused is a notice that is genuine but doesn't fit the book.
var errRefused = errors.New("the notice does not fit the order")
