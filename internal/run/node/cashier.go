package node

import (
	"context"
	"net/http"

	"github.com/holdfast-pay/holdfast/internal/edge/cashier"
	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// CashierConfig is where payers are sent.
type CashierConfig struct {
	BaseURL string `toml:"base_url" yaml:"base_url"`
}

// cashierSection is where the cashier's pages are found.
func cashierSection(c *Config) config.Section {
	return config.Section{
		Name: "cashier",
		Settings: []config.Setting{
			config.Key("base_url", "Address that payers open, like `https://pay.example.com`: code_url, h5_url and the cashier's pages begin with it. It must lead to merchant_api.address.", &c.Cashier.BaseURL),
		},
		Default: func() { c.Cashier = CashierConfig{} },
		Check: func(k *config.Checker) {
			if base := c.Cashier.BaseURL; base != "" {
				k.Opened("base_url", base, "https://pay.example.com")
				return
			}
			k.That(c.MerchantAPI.InsecureLoopback, "base_url", "it is empty: payers would get no address to open", "https://pay.example.com")
		},
	}
}

// cashierPages are what payers see.
type cashierPages struct {
	part
	wallets WalletAPIConfig
	pages   *cashier.Cashier
}

func (n *cashierPages) Start(context.Context) error {
	n.addresses.wallets = n.wallets.BaseURL
	if n.wallets.BaseURL == "" && n.wallets.InsecureLoopback {
		n.addresses.wallets = n.addresses.WalletAPI // whoever can pay is on this machine
	}
	n.pages = cashier.New(cashier.Config{Core: n.replica, People: n.people, Receipt: n.journal.receipts.Payment, Logger: n.log,
		Sandbox: n.sandbox, Wallet: n.addresses.wallets})
	return nil
}

// Routes implements Part. The gate lets them in; the style sheet is cheaper than a
// refusal.
func (n *cashierPages) Routes() []route {
	shown := n.pages.Handler()
	return payerRoutes(n.gate.Guard(n.pages, shown), shown)
}

func payerRoutes(pages, static http.Handler) []route {
	return []route{
		{door: "merchant_api", mine: isStatic, handler: static},
		{door: "merchant_api", mine: isForPayers, handler: pages},
	}
}

// cashierURL is where payers open their pages, "" while listeners are being opened.
func (n *shared) cashierURL() string {
	if a := n.shown.Load(); a != nil {
		return a.Cashier
	}
	return ""
}

// walletsURL is where browsers find wallets, "" for nowhere that they could be sent
// to, and while listeners are being opened.
func (n *shared) walletsURL() string {
	if a := n.shown.Load(); a != nil {
		return a.wallets
	}
	return ""
}
