package node

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/cashier"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/pay"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/products"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// merchantAPI opens the platform to merchants and payers.
type merchantAPI struct{ part }

// Start opens the platform to merchants and payers.
func (n *merchantAPI) Start(context.Context) error {
	m := n.cfg.MerchantAPI
	// HTTP/1.1 only: some of the original's clients break when h2 is offered.
	l, url, err := n.open("merchant_api", m.Address, m.TLSCert, m.TLSKey, "http/1.1")
	if err != nil {
		return err
	}
	n.addresses.MerchantAPI = url
	base := strings.TrimRight(n.cfg.Cashier.BaseURL, "/")
	if base == "" {
		base = url // plain on loopback: whoever can pay is on this machine
	}
	n.addresses.Cashier = base
	links := pay.Links{
		Code: func(prepayID string) string { return cashier.CodeURL(base, prepayID) },
		H5:   func(o *pb.Order) string { return cashier.H5URL(base, o) },
	}
	api, err := wechatv3.New(wechatv3.Config{
		Core: n.replica, Keys: n.keys, Products: products.All(links, n.keys),
		PathPrefix: m.PathPrefix, StrictSigning: m.StrictSigning, PrivateCallbacks: m.PrivateCallbacks,
		Log: n.log, Registerer: n.registry,
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	pages := cashier.New(cashier.Config{Core: n.replica, People: n.people, Receipt: n.journal.receipts.Payment, Logger: n.log,
		Sandbox: n.cfg.Sandbox, Wallet: n.walletURL()})
	s := wechatv3.NewServer(n.proxies().Handler(n.public(api, pages)), nil, n.log)
	s.ReadHeaderTimeout, s.ReadTimeout = m.HeaderTimeout.Std(), m.RequestTimeout.Std()
	s.WriteTimeout, s.IdleTimeout = m.RequestTimeout.Std()+time.Second, m.IdleTimeout.Std()
	n.server("merchant API", l, s)
	n.shown.Store(&n.addresses)
	n.ready.Store(true)
	return nil
}

// walletURL is where payers' browsers find their wallets, "" for nowhere that they could
// be sent to.
func (n *shared) walletURL() string {
	w := n.cfg.WalletAPI
	if w.BaseURL == "" && w.InsecureLoopback {
		return n.addresses.WalletAPI // whoever can pay is on this machine
	}
	return w.BaseURL
}

// public makes what answers at the merchant API's address. The node's gate lets all of
// it in; the cashier's style sheet is cheaper than a refusal.
func (n *merchantAPI) public(api *wechatv3.API, pages *cashier.Cashier) http.Handler {
	g := n.gate
	shown := pages.Handler()
	f := &front{prefix: n.cfg.MerchantAPI.PathPrefix, api: g.Guard(api, api), pages: g.Guard(pages, shown), static: shown}
	if n.sandbox != nil && n.replica.Position().Sandbox {
		f.sandbox = g.Guard(api, n.sandbox())
	}
	return f
}
