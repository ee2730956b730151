package dev

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// addresses are where the parts listen, HOST:PORT with real ports.
type addresses struct {
	Platform string `json:"platform"`
	Admin    string `json:"admin"`
	Inner    string `json:"inner"`
	Shop     string `json:"shop"`
	// Door is the proxy through which unchanged programs come.
	Door string `json:"door"`
	// Wallet is where people's devices call.
	Wallet string `json:"wallet"`
}

// The addresses of a first run.
const (
	defaultPlatform = "127.0.0.1:9080"
	defaultAdmin    = "127.0.0.1:9081"
	defaultShop     = "127.0.0.1:9082"
	defaultInner    = "127.0.0.1:9083"
	defaultDoor     = "127.0.0.1:9084"
	defaultWallet   = "127.0.0.1:9085"
	anyPort         = "127.0.0.1:0"
)

// ports are addresses that were found free, held so that two parts don't get one.
type ports struct{ held map[string]net.Listener }

// first holds the first of the addresses wished for that is free.
func (p *ports) first(wishes ...string) (string, error) {
	var failure error
	for _, wish := range wishes {
		if wish == "" {
			continue
		}
		l, err := net.Listen("tcp", wish)
		if err != nil {
			failure = err
			continue
		}
		if p.held == nil {
			p.held = map[string]net.Listener{}
		}
		p.held[l.Addr().String()] = l
		return l.Addr().String(), nil
	}
	return "", failure
}

// take hands a listener over to who serves it.
func (p *ports) take(address string) net.Listener {
	l := p.held[address]
	delete(p.held, address)
	return l
}

// release lets go of what was not taken: child processes listen there themselves.
func (p *ports) release() {
	for _, l := range p.held { // order does not matter: all are closed
		_ = l.Close() // it was only held
	}
	p.held = nil
}

// chooseAddresses picks for each part the first address that is free: what the
// command line says, the last run's, the default, any. Only what the command
// line says for the platform is insisted on; who asks there for any port gets
// any for the other parts too.
func chooseAddresses(p *ports, asked string, last addresses) (a addresses, err error) {
	usual := addresses{Platform: defaultPlatform, Admin: defaultAdmin, Inner: defaultInner, Shop: defaultShop, Door: defaultDoor, Wallet: defaultWallet}
	if _, port, err := net.SplitHostPort(asked); err == nil && port == "0" {
		usual = addresses{}
	}
	if asked != "" {
		a.Platform, err = p.first(asked)
	} else {
		a.Platform, err = p.first(last.Platform, usual.Platform, anyPort)
	}
	if err != nil {
		return a, addressFailure(asked, err)
	}
	for _, part := range []struct {
		at                  *string
		last, usual, within string
	}{
		{&a.Admin, last.Admin, usual.Admin, "the administration"},
		{&a.Inner, last.Inner, usual.Inner, "the inner service"},
		{&a.Shop, last.Shop, usual.Shop, "the shop"},
		{&a.Door, last.Door, usual.Door, "the proxy"},
		{&a.Wallet, last.Wallet, usual.Wallet, "the wallet API"},
	} {
		if *part.at, err = p.first(part.last, part.usual, anyPort); err != nil {
			return a, fmt.Errorf("find a port for %s: %w", part.within, err)
		}
	}
	return a, nil
}

func addressFailure(asked string, err error) error {
	hint := "name another address with --addr, or leave it out"
	if errors.Is(err, syscall.EADDRINUSE) {
		hint = "another process listens there; leave --addr out to get a free port, or use 127.0.0.1:0"
	}
	return &Failure{Err: fmt.Errorf("listen on %s: %w", asked, err), Hint: hint}
}

// reachable is the address a client on this machine, or a phone beside it, can
// use for a listener on all interfaces.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		return address
	}
	return net.JoinHostPort(ownIP(), port)
}

// ownIP is the first address of this machine that another one may reach.
func ownIP() string {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return "127.0.0.1"
	}
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	return "127.0.0.1"
}

// onlyThisMachine says whether an address can be reached from here alone.
func onlyThisMachine(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
