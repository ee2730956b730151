package node

import (
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// WalletAPIConfig is the listener that people's devices reach.
type WalletAPIConfig struct {
	// Address is empty where no people's devices are served.
	Address          string `toml:"address" yaml:"address"`
	TLSCert          string `toml:"tls_cert" yaml:"tls_cert"`
	TLSKey           string `toml:"tls_key" yaml:"tls_key"`
	InsecureLoopback bool   `toml:"insecure_loopback" yaml:"insecure_loopback"`
	// BaseURL is where browsers find wallets; empty: at Address, on loopback only.
	BaseURL        string `toml:"base_url" yaml:"base_url"`
	CodeURL        string `toml:"code_url" yaml:"code_url"`
	CodeSecretFile string `toml:"code_secret_file" yaml:"code_secret_file"`
	// Hosts are empty for the names in TLSCert, or those of this machine without one.
	Hosts config.List `toml:"hosts" yaml:"hosts"`
	// PasskeySite is empty where passkeys are not set up.
	PasskeySite    string      `toml:"passkey_site" yaml:"passkey_site"`
	PasskeyOrigins config.List `toml:"passkey_origins" yaml:"passkey_origins"`
}

// walletAPISection is what can be set about the wallet API and what it sends people.
func walletAPISection(c *Config) config.Section {
	w := &c.WalletAPI
	return config.Section{
		Name: "wallet_api",
		Settings: []config.Setting{
			config.Key("address", "HOST:PORT where people's devices reach their wallets. Empty: no wallets are served here.", &w.Address),
			config.File("tls_cert", "Certificate chain for it, PEM. SIGHUP reloads it.", &w.TLSCert),
			config.File("tls_key", "The certificate's private key, PEM.", &w.TLSKey),
			config.Key("insecure_loopback", "Serve it in plain HTTP; only on a loopback address.", &w.InsecureLoopback),
			config.Key("hosts", "List of the names under which devices call, without a port, like `pay.example.com`: a signature over any other name is refused, since it was made for somebody else. Empty: the names in `tls_cert`, or without one those of this machine alone. Behind a proxy that ends TLS, say them.", &w.Hosts),
			config.Key("base_url", "Address that people's browsers open for their wallets, like `https://wallet.example.com`; it must lead to wallet_api.address. The cashier sends payers there. Empty: on a loopback address that address, else the cashier offers no wallet.", &w.BaseURL),
			config.Key("code_url", "Address of the adapter that sends one-time codes by SMS: it gets a POST of `{\"phone\", \"text\", \"code\", \"lang\"}` and answers 2xx. Empty: a sandbox shows codes on its console, any other platform sends none.", &w.CodeURL),
			config.File("code_secret_file", "File with the secret that signs these calls: `Holdfast-Signature: t=UNIX,v1=HEX`, HMAC-SHA256 over `UNIX.BODY`.", &w.CodeSecretFile),
			config.Key("passkey_site", "Domain that people's and staff's passkeys are made for, like `pay.example.com`; never change it, since passkeys work for no other. Empty: there are none.", &w.PasskeySite),
			config.Key("passkey_origins", "List of the pages' origins that may ask for passkeys, like `https://pay.example.com`: the domain or parts of it.", &w.PasskeyOrigins),
		},
		Default: func() { *w = WalletAPIConfig{} },
		Check:   w.check,
	}
}

func (w *WalletAPIConfig) check(k *config.Checker) {
	if w.Address == "" {
		return
	}
	k.Listener(w.Address, w.TLSCert, w.TLSKey, w.InsecureLoopback)
	if w.BaseURL != "" {
		k.Opened("base_url", w.BaseURL, "https://wallet.example.com")
	}
	k.That(w.CodeURL == "" || strings.HasPrefix(w.CodeURL, "https://") || strings.HasPrefix(w.CodeURL, "http://127.0.0.1"), "code_url",
		"one-time codes would cross the network in clear", "https://..., or http://127.0.0.1:PORT for an adapter on this machine")
	k.That(w.CodeURL == "" || w.CodeSecretFile != "", "code_secret_file", "it is empty", "name a file with at least 16 bytes that the adapter has too")
	k.That((w.PasskeySite == "") == (len(w.PasskeyOrigins) == 0), "passkey_origins", "passkeys need a site and origins", "set both, or none")
	for _, o := range w.PasskeyOrigins {
		k.That(strings.HasPrefix(o, "https://") || strings.HasPrefix(o, "http://localhost"), "passkey_origins", fmt.Sprintf("browsers know no passkeys at %q", o),
			"https://..., or http://localhost:PORT for trying out")
	}
}
