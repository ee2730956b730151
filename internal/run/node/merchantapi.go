package node

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/cashier"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/pay"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/products"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// merchantService is the merchants' API.
type merchantService struct {
	part
	cfg MerchantAPIConfig
	api *wechatv3.API
}

func (n *merchantService) Start(context.Context) (err error) {
	links := pay.Links{
		Code: func(prepayID string) string { return cashier.CodeURL(n.cashierURL(), prepayID) },
		H5:   func(o *pb.Order) string { return cashier.H5URL(n.cashierURL(), o) },
	}
	n.api, err = wechatv3.New(wechatv3.Config{
		Core: n.replica, Keys: n.keys, Products: products.All(links, n.keys),
		PathPrefix: n.cfg.PathPrefix, StrictSigning: n.cfg.StrictSigning, PrivateCallbacks: n.cfg.PrivateCallbacks,
		Log: n.log, Registerer: n.registry,
	})
	return err
}

// Routes implements Part.
func (n *merchantService) Routes() []route {
	return apiRoutes(n.cfg.PathPrefix, n.gate.Guard(n.api, n.api))
}

func apiRoutes(prefix string, api http.Handler) []route {
	return []route{
		{door: "merchant_api", mine: func(r *http.Request) bool { return isAPI(prefix, r.URL.Path) }, handler: api},
		{door: "merchant_api", handler: api}, // what nobody serves is refused in JSON
	}
}

// merchantAPI opens the platform to merchants and payers.
type merchantAPI struct {
	part
	cfg     MerchantAPIConfig
	cashier CashierConfig
	proxies ProxiesConfig
}

// Start opens the platform to merchants and payers.
func (n *merchantAPI) Start(context.Context) error {
	m := n.cfg
	// HTTP/1.1 only: some of the original's clients break when h2 is offered.
	l, url, err := n.open("merchant_api", m.Address, m.TLSCert, m.TLSKey, "http/1.1")
	if err != nil {
		return err
	}
	n.addresses.MerchantAPI = url
	n.addresses.Cashier = strings.TrimRight(n.cashier.BaseURL, "/")
	if n.addresses.Cashier == "" {
		n.addresses.Cashier = url // plain on loopback: whoever can pay is on this machine
	}
	n.shown.Store(&n.addresses)
	s := wechatv3.NewServer(n.proxies.proxies().Handler(front(n.routes("merchant_api"))), nil, n.log)
	s.ReadHeaderTimeout, s.ReadTimeout = m.HeaderTimeout.Std(), m.RequestTimeout.Std()
	s.WriteTimeout, s.IdleTimeout = m.RequestTimeout.Std()+time.Second, m.IdleTimeout.Std()
	n.server("merchant API", l, s)
	n.ready.Store(true)
	return nil
}
