package config

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Checker takes in what is wrong with the values. Keys are those of the section
// that is being checked.
type Checker struct {
	section string
	sources Sources
	listens map[string]string // keys of listeners by their address
	list    Problems
}

// That adds a problem when cond is false.
func (k *Checker) That(cond bool, key, text, hint string) bool {
	if !cond {
		key = join(k.section, key)
		s := k.sources[key]
		p := Problem{Key: key, Text: text, Hint: hint, Line: s.Line}
		if s.Line > 0 {
			p.File = s.From
		}
		k.list = append(k.list, p)
	}
	return cond
}

// Address checks a HOST:PORT and returns the host.
func (k *Checker) Address(key, address string) (host string) {
	host, port, err := net.SplitHostPort(address)
	n, perr := strconv.ParseUint(port, 10, 16)
	k.That(err == nil && perr == nil && (n > 0 || address != ""), key, fmt.Sprintf("%.80q is not HOST:PORT", address), "127.0.0.1:8443, or 0.0.0.0:443 for all interfaces")
	return host
}

// Listener checks the keys address, tls_cert, tls_key and insecure_loopback: TLS
// unless plain is asked for on loopback.
func (k *Checker) Listener(address, cert, key string, plain bool) {
	host := k.Address("address", address)
	k.Listens(address)
	if plain {
		k.That(Loopback(host), "insecure_loopback", fmt.Sprintf("plain HTTP is for loopback only, and %s is not", address),
			"set tls_cert and tls_key, or use 127.0.0.1")
		k.That(cert == "" && key == "", "insecure_loopback", "plain HTTP and TLS files exclude each other", "remove one of them")
		return
	}
	k.That(cert != "", "tls_cert", "it is empty, and TLS is the default", "name the PEM files in tls_cert and tls_key, or set insecure_loopback = true on a loopback address")
	if cert != "" {
		k.That(key != "", "tls_key", "it is empty", "name the private key's PEM file")
	}
}

// Listens notes that the process listens on the section's address: no two
// listeners have the same.
func (k *Checker) Listens(address string) {
	if address == "" || strings.HasSuffix(address, ":0") {
		return // none, or any free port
	}
	other := k.listens[address]
	k.That(other == "", "address", fmt.Sprintf("%s is already %s", address, other), "give each listener its own port")
	k.listens[address] = join(k.section, "address")
}

// Loopback says whether host can only be reached from this machine.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Opened checks an address that people's browsers are sent to.
func (k *Checker) Opened(key, base, like string) {
	u, err := url.Parse(base)
	ok := err == nil && u.Host != "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http")
	if !k.That(ok, key, fmt.Sprintf("%.80q is not a plain http(s) address", base), like) {
		return
	}
	k.That(u.Scheme == "https" || Loopback(u.Hostname()), key, "payers must not be sent to plain http", "use https")
}

// Within checks a number; the bounds are told as leastText and mostText.
func (k *Checker) Within(key string, n, least, most int64, leastText, mostText string) {
	k.That(n >= least && n <= most, key, fmt.Sprintf("it must be %s to %s", leastText, mostText), "")
}

// Times checks a duration.
func (k *Checker) Times(key string, d Duration, least, most time.Duration) {
	k.That(d.Std() >= least && d.Std() <= most, key, fmt.Sprintf("%v is not between %v and %v", d, Duration(least), Duration(most)), "")
}

// OneOf checks a word.
func (k *Checker) OneOf(key, value string, of ...string) {
	k.That(contains(of, value), key, fmt.Sprintf("%.40q is not one of %s", value, strings.Join(of, ", ")), "")
}
