package node

import (
	"context"
	"net/http"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/web"
)

// walletPages are the pages of wallets and tills, beside the calls they make, so that
// a browser needs nobody's leave to call.
type walletPages struct {
	part
	pages http.Handler
}

// Start reads the pages.
func (n *walletPages) Start(context.Context) (err error) {
	n.pages, err = web.New(n.sandbox, n.keys.CheckpointVerifier())
	return err
}

// Routes implements Part.
func (n *walletPages) Routes() []route {
	return []route{{door: "wallet_api", pattern: "/", handler: n.pages}}
}

// walletAPI opens the platform to people's devices.
type walletAPI struct {
	part
	cfg     WalletAPIConfig
	proxies ProxiesConfig
	bounds  MerchantAPIConfig // of requests
}

// Start opens the platform to people's devices, where an address is set for them.
func (n *walletAPI) Start(context.Context) error {
	w := n.cfg
	l, url, err := n.open("wallet_api", w.Address, w.TLSCert, w.TLSKey, "h2", "http/1.1")
	if err != nil {
		return err
	}
	n.addresses.WalletAPI = url
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(w.TLSCert == "") // gRPC on loopback
	m := n.bounds
	n.server("wallet API", l, &http.Server{
		Handler: n.proxies.proxies().Handler(spread(n.routes("wallet_api"))), Protocols: &p, ReadHeaderTimeout: m.HeaderTimeout.Std(), ReadTimeout: m.RequestTimeout.Std(),
		WriteTimeout: m.RequestTimeout.Std() + time.Second, IdleTimeout: m.IdleTimeout.Std(),
	})
	n.onClose("streams", n.events.Close) // before the listener waits for them
	return nil
}
