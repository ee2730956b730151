// Package forwarded finds out who called when proxies stand in front: what limits count
// is the client's address, not the proxy's.
package forwarded

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// The headers that proxies add addresses to.
const (
	XForwardedFor = "x-forwarded-for"
	Forwarded     = "forwarded" // RFC 7239
)

// Proxies are those whose word is taken. Only one header is read, the one that they
// write: another may come from the client and go through them as it is.
type Proxies struct {
	Trusted []netip.Prefix
	Header  string
}

// Handler has next see the client's address as RemoteAddr.
func (p Proxies) Handler(next http.Handler) http.Handler {
	if len(p.Trusted) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if client, ok := p.client(r); ok {
			seen := *r
			seen.RemoteAddr = net.JoinHostPort(client.String(), "0")
			r = &seen
		}
		next.ServeHTTP(w, r)
	})
}

// client reads the header from its end, where the nearest proxy wrote, up to the first
// address that is no proxy's: what stands before it the client may have made up. A hop
// that can't be read ends it too, at the proxy that wrote it.
func (p Proxies) client(r *http.Request) (client netip.Addr, ok bool) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !p.trusts(at.Addr()) {
		return client, false
	}
	client = plain(at.Addr())
	hops := strings.Split(strings.Join(r.Header.Values(p.Header), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, known := p.hop(hop)
		if !known {
			break
		}
		if client = next; !p.trusts(next) {
			break
		}
	}
	return client, true
}

func (p Proxies) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p.Trusted, func(of netip.Prefix) bool { return of.Contains(plain(a)) })
}

func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// hop reads one element of the header: an address, with or without a port.
func (p Proxies) hop(text string) (netip.Addr, bool) {
	if p.Header == Forwarded {
		text = forParameter(text)
	}
	text = strings.Trim(strings.TrimSpace(text), `"`)
	if at, err := netip.ParseAddrPort(text); err == nil {
		return plain(at.Addr()), true
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return plain(a), err == nil
}

// forParameter is the value of for= in an element of Forwarded.
func forParameter(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(name, "for") {
			return value
		}
	}
	return ""
}
