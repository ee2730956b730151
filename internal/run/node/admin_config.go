package node

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// AdminConfig is the listener of the administration, health and metrics.
type AdminConfig struct {
	Address          string `toml:"address" yaml:"address"`
	TLSCert          string `toml:"tls_cert" yaml:"tls_cert"`
	TLSKey           string `toml:"tls_key" yaml:"tls_key"`
	InsecureLoopback bool   `toml:"insecure_loopback" yaml:"insecure_loopback"`
	OpenMetrics      bool   `toml:"open_metrics" yaml:"open_metrics"`
}

// adminSection is what can be set about the administration's address.
func adminSection(c *Config) config.Section {
	a := &c.Admin
	return config.Section{
		Name: "admin",
		Settings: []config.Setting{
			config.Key("address", "HOST:PORT of the administration, health, metrics and profiles. Keep it off the public network.", &a.Address),
			config.File("tls_cert", "Certificate chain for it, PEM. SIGHUP reloads it.", &a.TLSCert),
			config.File("tls_key", "The certificate's private key, PEM.", &a.TLSKey),
			config.Key("insecure_loopback", "Serve it in plain HTTP; only on a loopback address.", &a.InsecureLoopback),
			config.Key("open_metrics", "Let /metrics be read without a token.", &a.OpenMetrics),
		},
		Default: func() { *a = AdminConfig{Address: "127.0.0.1:7443"} },
		Check:   func(k *config.Checker) { k.Listener(a.Address, a.TLSCert, a.TLSKey, a.InsecureLoopback) },
	}
}

// MerchantsConfig are the settings of merchants that operators add without their own.
type MerchantsConfig struct {
	KeyMode        string          `toml:"key_mode" yaml:"key_mode"`
	RefundInterval config.Duration `toml:"refund_interval" yaml:"refund_interval"`
	AllowHTTP      bool            `toml:"allow_http" yaml:"allow_http"`
	Strict         bool            `toml:"strict" yaml:"strict"`
	WeixinCodeURL  bool            `toml:"weixin_code_url" yaml:"weixin_code_url"`
}

// merchantsSection is what the admin service gives merchants.
func merchantsSection(c *Config) config.Section {
	m := &c.Merchants
	return config.Section{
		Name: "merchants",
		Settings: []config.Setting{
			config.Key("key_mode", "For merchants added without their own settings: `certificate`, `public_key` or `both`.", &m.KeyMode),
			config.Key("refund_interval", "Likewise: least time between partial refunds of one order.", &m.RefundInterval),
			config.Key("allow_http", "Likewise: notices may go to http:// addresses.", &m.AllowHTTP),
			config.Key("strict", "Likewise: unknown parameters in request bodies are refused, as the original does.", &m.Strict),
			config.Key("weixin_code_url", "Likewise: code_url is a weixin:// link instead of the cashier's address.", &m.WeixinCodeURL),
		},
		Default: func() { *m = MerchantsConfig{KeyMode: "both", RefundInterval: 60 * second} },
		Check:   m.check,
	}
}

func (m *MerchantsConfig) check(k *config.Checker) {
	k.OneOf("key_mode", m.KeyMode, "certificate", "public_key", "both")
	k.Times("refund_interval", m.RefundInterval, 0, 24*time.Hour)
	k.That(m.RefundInterval.Std()%time.Second == 0, "refund_interval", "it is not a whole number of seconds", "60s")
}
