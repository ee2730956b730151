package node

import (
	"fmt"
	"net/netip"

	"github.com/holdfast-pay/holdfast/internal/edge/forwarded"
	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// ProxiesConfig are those in front of the merchant API and the wallet API.
type ProxiesConfig struct {
	Trusted config.List `toml:"trusted" yaml:"trusted"`
	Header  string      `toml:"header" yaml:"header"`
}

// proxiesSection is what both public listeners are told of the proxies in front of them.
func proxiesSection(c *Config) config.Section {
	p := &c.Proxies
	return config.Section{
		Name: "proxies",
		Settings: []config.Setting{
			config.Key("trusted", "List of the proxies' networks in front of merchant and wallet API, like `10.0.0.0/8`: limits count the address that they name instead of theirs. Empty: nobody's word is taken.", &p.Trusted),
			config.Key("header", "The header that the proxies write the client's address into, and no other: `x-forwarded-for` or `forwarded` (RFC 7239). It is read from its end, as far as proxies wrote it.", &p.Header),
		},
		Default: func() { *p = ProxiesConfig{Header: "x-forwarded-for"} },
		Check:   p.check,
	}
}

func (p *ProxiesConfig) check(k *config.Checker) {
	k.OneOf("header", p.Header, "x-forwarded-for", "forwarded")
	for _, of := range p.Trusted {
		_, err := netip.ParsePrefix(of)
		k.That(err == nil, "trusted", fmt.Sprintf("%q is no network", of), "like 10.0.0.0/8, or 192.0.2.7/32 for one proxy")
	}
}

// proxies are those whose word for a client's address is taken.
func (p ProxiesConfig) proxies() forwarded.Proxies {
	list := forwarded.Proxies{Header: p.Header}
	for _, of := range p.Trusted {
		if network, err := netip.ParsePrefix(of); err == nil { // the configuration was checked
			list.Trusted = append(list.Trusted, network.Masked())
		}
	}
	return list
}
