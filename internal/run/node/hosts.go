package node

import (
	"net"
	"slices"
	"strings"
)

// named says whether devices may call this platform by a host's name: those of
// wallet_api.hosts; without any, those in the listener's certificate, or this machine's
// own where there is none.
func (n *walletService) named(host string) bool {
	if hosts := n.cfg.Hosts; len(hosts) > 0 {
		return slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, host) })
	}
	for _, c := range n.doors.certs {
		if c.name == "wallet_api" {
			return c.now.Load().Leaf.VerifyHostname(host) == nil
		}
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
