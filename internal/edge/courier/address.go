package courier

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/callback"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A notice goes where a merchant says, so a merchant could make the courier
// call the platform's own network. Two checks stand against that: checkURL
// before anything is done, and guard at the moment of connecting, on the
// address that is really connected to, which a name that resolves differently
// the second time can't get around. Redirects are never followed and no proxy
// is used, so there is no other way to an address.

// errURL is a notify_url that is not called.
type errURL struct{ why string }

func (e *errURL) Error() string { return "notify_url is not called: " + e.why }

// checkURL reads a notice's address and applies the merchant's callback rules.
func checkURL(n *pb.OwedNotice) (*url.URL, error) {
	at, fault := callback.Parse(n.Notice.Url)
	switch {
	case fault != nil:
		return nil, &errURL{"it " + fault.EN}
	case !at.HTTPS && !n.AllowHttp:
		return nil, &errURL{"it must be https; allow_http is off for the merchant"}
	case !at.Among(n.CallbackHosts):
		return nil, &errURL{"its host is not among the merchant's callback_hosts"}
	}
	return at.URL, nil
}

// ErrAddress marks a connection that was refused because of where it led.
var ErrAddress = errors.New("address is not on the public internet")

// refused4 are IPv4 networks that are not the public internet (IANA IPv4
// Special-Purpose Address Registry), multicast and the reserved rest.
var refused4 = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)

// unicast6 is all of IPv6 that is given out; refused6 is what within it is not
// the public internet or leads into another network (Teredo, 6to4).
var (
	unicast6 = netip.MustParsePrefix("2000::/3")
	refused6 = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
	// nat64 carries an IPv4 address in its last 32 bits (RFC 6052).
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(text ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(text))
	for i, s := range text {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// guard decides about addresses.
type guard struct{ allow []netip.Prefix }

// check returns an error that wraps ErrAddress for an address that notices do
// not go to.
func (g guard) check(a netip.Addr) error {
	a = a.WithZone("").Unmap()
	if contains(g.allow, a) || public(a) {
		return nil
	}
	return fmt.Errorf("%s: %w", a, ErrAddress)
}

func public(a netip.Addr) bool {
	switch {
	case a.Is4():
		return !contains(refused4, a)
	case nat64.Contains(a):
		b := a.As16()
		return public(netip.AddrFrom4([4]byte(b[12:])))
	case isatap(a):
		return false
	}
	return unicast6.Contains(a) && !contains(refused6, a)
}

// isatap says whether the address carries an IPv4 address the ISATAP way (RFC
// 5214): interface id 0000:5efe or 0200:5efe.
func isatap(a netip.Addr) bool {
	b := a.As16()
	return b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// control is a net.Dialer's ControlContext: it sees the address after
// resolution, before anything is sent to it.
func (g guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") {
		return fmt.Errorf("%s %s: %w", network, address, ErrAddress)
	}
	return g.check(at.Addr())
}

// DialFunc opens a connection, as net.Dialer.DialContext does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func (g guard) dialer(resolver *net.Resolver) DialFunc {
	d := &net.Dialer{
		Timeout: answerWithin, KeepAlive: 30 * time.Second,
		Resolver: resolver, ControlContext: g.control,
	}
	return d.DialContext
}
