package gate

import (
	"net/netip"
	"strings"
)

// Whom a request is charged to. Before its signature is verified a request only
// claims to be a merchant's, and anyone can claim anything: were the claim
// believed, a stranger could use a merchant's share up. So a claim counts only
// where the same address has proved the same merchant with the same credential
// before; every other is a stranger's, charged to its address. When the
// signature turns out right the request is charged to the merchant from there
// on, and the claim is known.
//
// Behind a proxy all addresses are one. Then the credential (a certificate's
// serial number, which is not public) is what a stranger lacks.

// account names who is charged: a merchant, or an address.
type account struct {
	merchant string
	// address is set for those who are no merchant, and cut to /64 for IPv6.
	address netip.Addr
	payer   bool
}

// stranger says that it may be anybody who claims to be a merchant.
func (a account) stranger() bool { return a.merchant == "" && !a.payer }

// Asked is what a Surface sees of a request before anything is checked.
type Asked struct {
	Class Class
	// Merchant and Credential are what the request claims, "" for nothing.
	Merchant, Credential string
	// Payer is set for who comes without a merchant's credential by design.
	Payer bool
}

type claim struct {
	address              netip.Addr
	merchant, credential string
}

const (
	// maxClaims bounds each of the two generations of known claims; one takes
	// about 200 bytes.
	maxClaims = 8192
	// maxName bounds the text of a claim that can become known.
	maxName = 64
)

// claims remembers proved claims; the oldest half is forgotten at once.
type claims struct{ young, old map[claim]struct{} }

func (k *claims) has(c claim) bool {
	if _, ok := k.young[c]; ok {
		return true
	}
	_, ok := k.old[c]
	if ok {
		k.put(c)
	}
	return ok
}

func (k *claims) put(c claim) {
	if len(c.merchant) > maxName || len(c.credential) > maxName {
		return
	}
	if _, ok := k.young[c]; ok {
		return
	}
	if k.young == nil || len(k.young) >= maxClaims {
		k.old, k.young = k.young, make(map[claim]struct{})
	}
	// The texts are parts of a header, which would be kept whole.
	c.merchant, c.credential = strings.Clone(c.merchant), strings.Clone(c.credential)
	k.young[c] = struct{}{}
}

// addressOf reads http.Request.RemoteAddr; what cannot be read is one address.
func addressOf(remote string) netip.Addr {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	address := at.Addr().Unmap().WithZone("")
	if address.Is6() {
		if p, err := address.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return address
}
