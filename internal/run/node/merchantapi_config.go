package node

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// MerchantAPIConfig is the listener that merchants and payers reach.
type MerchantAPIConfig struct {
	Address          string          `toml:"address" yaml:"address"`
	TLSCert          string          `toml:"tls_cert" yaml:"tls_cert"`
	TLSKey           string          `toml:"tls_key" yaml:"tls_key"`
	InsecureLoopback bool            `toml:"insecure_loopback" yaml:"insecure_loopback"`
	PathPrefix       string          `toml:"path_prefix" yaml:"path_prefix"`
	StrictSigning    bool            `toml:"strict_signing" yaml:"strict_signing"`
	PrivateCallbacks bool            `toml:"private_callbacks" yaml:"private_callbacks"`
	MaxInFlight      int             `toml:"max_in_flight" yaml:"max_in_flight"`
	HeaderTimeout    config.Duration `toml:"header_timeout" yaml:"header_timeout"`
	RequestTimeout   config.Duration `toml:"request_timeout" yaml:"request_timeout"`
	IdleTimeout      config.Duration `toml:"idle_timeout" yaml:"idle_timeout"`
}

// merchantAPISection is what can be set about the merchant API; its bounds on requests are the wallet API's too.
func merchantAPISection(c *Config) config.Section {
	m := &c.MerchantAPI
	return config.Section{
		Name: "merchant_api",
		Settings: []config.Setting{
			config.Key("address", "HOST:PORT where merchants' servers and payers' phones reach the platform.", &m.Address),
			config.File("tls_cert", "Certificate chain for it, PEM. SIGHUP reloads it.", &m.TLSCert),
			config.File("tls_key", "The certificate's private key, PEM.", &m.TLSKey),
			config.Key("insecure_loopback", "Serve plain HTTP; only on a loopback address, for tests or behind a proxy on the same machine.", &m.InsecureLoopback),
			config.Key("path_prefix", "A path the API is served under besides /v3, like `/sandbox`; clients that sign it and those that don't both verify.", &m.PathPrefix),
			config.Key("strict_signing", "Accept only the documented form of the signed message, not the variants that some clients send.", &m.StrictSigning),
			config.Key("private_callbacks", "Accept a notify_url on this machine or a private network, for sites whose merchants live inside; the courier needs `--allow` for them too.", &m.PrivateCallbacks),
			config.Key("max_in_flight", "Most requests worked on at once; more are asked to come again.", &m.MaxInFlight),
			config.Key("header_timeout", "A client that has not sent its headers by then is cut off.", &m.HeaderTimeout),
			config.Key("request_timeout", "Bound on one request, reading and answering included.", &m.RequestTimeout),
			config.Key("idle_timeout", "How long a connection may wait for its next request.", &m.IdleTimeout),
		},
		Default: func() {
			*m = MerchantAPIConfig{Address: "127.0.0.1:8443", MaxInFlight: 2048,
				HeaderTimeout: 5 * second, RequestTimeout: 10 * second, IdleTimeout: 60 * second}
		},
		Check: m.check,
	}
}

const second = config.Duration(time.Second)

func (m *MerchantAPIConfig) check(k *config.Checker) {
	k.Listener(m.Address, m.TLSCert, m.TLSKey, m.InsecureLoopback)
	prefix := m.PathPrefix
	k.That(prefix == "" || prefix[0] == '/' && !strings.HasSuffix(prefix, "/") && !strings.ContainsAny(prefix, "?#% "), "path_prefix",
		fmt.Sprintf("%.40q does not begin with a slash, or ends with one", prefix), "/sandbox")
	k.Within("max_in_flight", int64(m.MaxInFlight), 1, 1_000_000, "1", "1000000")
	k.Times("header_timeout", m.HeaderTimeout, 100*time.Millisecond, time.Minute)
	k.Times("request_timeout", m.RequestTimeout, time.Second, 10*time.Minute)
	k.Times("idle_timeout", m.IdleTimeout, time.Second, time.Hour)
}
