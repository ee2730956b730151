package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Check tells everything that is wrong with the values, as Problems.
func (c *Config) Check() error {
	k := &checker{c: c}
	k.that(c.Data != "", "data", "it is empty", "name the data folder")
	k.logName()
	m, a := c.MerchantAPI, c.Admin
	k.listener("merchant_api", m.Address, m.TLSCert, m.TLSKey, m.InsecureLoopback)
	k.listener("admin", a.Address, a.TLSCert, a.TLSKey, a.InsecureLoopback)
	if w := c.WalletAPI; w.Address != "" {
		k.listener("wallet_api", w.Address, w.TLSCert, w.TLSKey, w.InsecureLoopback)
		if w.BaseURL != "" {
			k.opened("wallet_api.base_url", w.BaseURL, "https://wallet.example.com")
		}
		k.that(w.CodeURL == "" || strings.HasPrefix(w.CodeURL, "https://") || strings.HasPrefix(w.CodeURL, "http://127.0.0.1"), "wallet_api.code_url",
			"one-time codes would cross the network in clear", "https://..., or http://127.0.0.1:PORT for an adapter on this machine")
		k.that(w.CodeURL == "" || w.CodeSecretFile != "", "wallet_api.code_secret_file", "it is empty", "name a file with at least 16 bytes that the adapter has too")
		k.that((w.PasskeySite == "") == (len(w.PasskeyOrigins) == 0), "wallet_api.passkey_origins", "passkeys need a site and origins", "set both, or none")
		for _, o := range w.PasskeyOrigins {
			k.that(strings.HasPrefix(o, "https://") || strings.HasPrefix(o, "http://localhost"), "wallet_api.passkey_origins", fmt.Sprintf("browsers know no passkeys at %q", o),
				"https://..., or http://localhost:PORT for trying out")
		}
	}
	k.mail(c.Mail)
	k.oneOf("proxies.header", c.Proxies.Header, "x-forwarded-for", "forwarded")
	for _, of := range c.Proxies.Trusted {
		_, err := netip.ParsePrefix(of)
		k.that(err == nil, "proxies.trusted", fmt.Sprintf("%q is no network", of), "like 10.0.0.0/8, or 192.0.2.7/32 for one proxy")
	}
	k.address("inner.address", c.Inner.Address)
	k.cluster()
	k.distinct()
	prefix := m.PathPrefix
	k.that(prefix == "" || prefix[0] == '/' && !strings.HasSuffix(prefix, "/") && !strings.ContainsAny(prefix, "?#% "), "merchant_api.path_prefix",
		fmt.Sprintf("%.40q does not begin with a slash, or ends with one", prefix), "/sandbox")
	k.within("merchant_api.max_in_flight", int64(m.MaxInFlight), 1, 1_000_000, "1", "1000000")
	k.times("merchant_api.header_timeout", m.HeaderTimeout, 100*time.Millisecond, time.Minute)
	k.times("merchant_api.request_timeout", m.RequestTimeout, time.Second, 10*time.Minute)
	k.times("merchant_api.idle_timeout", m.IdleTimeout, time.Second, time.Hour)
	k.baseURL()
	k.disk()
	k.times("journal.checkpoint_interval", c.Journal.CheckpointInterval, 10*time.Millisecond, time.Minute)
	k.oneOf("merchants.key_mode", c.Merchants.KeyMode, "certificate", "public_key", "both")
	k.times("merchants.refund_interval", c.Merchants.RefundInterval, 0, 24*time.Hour)
	k.that(c.Merchants.RefundInterval.Std()%time.Second == 0, "merchants.refund_interval", "it is not a whole number of seconds", "60s")
	k.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	k.oneOf("log.format", c.Log.Format, "text", "json")
	return k.list.err()
}

type checker struct {
	c    *Config
	list Problems
}

// that adds a problem when cond is false.
func (k *checker) that(cond bool, key, text, hint string) bool {
	if !cond {
		s := k.c.source[key]
		p := Problem{Key: key, Text: text, Hint: hint, Line: s.Line}
		if s.Line > 0 {
			p.File = s.From
		}
		k.list = append(k.list, p)
	}
	return cond
}

// logName: a note's key name has no space and no plus sign.
func (k *checker) mail(m Mail) {
	if m.Address == "" {
		return
	}
	k.address("mail.address", m.Address)
	k.that(strings.Contains(m.From, "@"), "mail.from", "it is no e-mail address", "who the codes come from, codes@pay.example.com")
	k.that((m.User == "") == (m.PasswordFile == ""), "mail.password_file", "user and password go together", "set both, or none")
}

func (k *checker) logName() {
	n := k.c.LogName
	k.that(n != "" && len(n) <= 96 && !strings.ContainsAny(n, "+ \t\n"), "log_name",
		"it must have 1 to 96 characters without spaces and plus signs", "pay.example.com/journal")
}

func (k *checker) address(key, address string) (host string) {
	host, port, err := net.SplitHostPort(address)
	n, perr := strconv.ParseUint(port, 10, 16)
	k.that(err == nil && perr == nil && (n > 0 || address != ""), key, fmt.Sprintf("%.80q is not HOST:PORT", address), "127.0.0.1:8443, or 0.0.0.0:443 for all interfaces")
	return host
}

// listener: TLS unless plain is asked for on loopback.
func (k *checker) listener(section, address, cert, key string, plain bool) {
	host := k.address(section+".address", address)
	if plain {
		k.that(loopback(host), section+".insecure_loopback", fmt.Sprintf("plain HTTP is for loopback only, and %s is not", address),
			"set tls_cert and tls_key, or use 127.0.0.1")
		k.that(cert == "" && key == "", section+".insecure_loopback", "plain HTTP and TLS files exclude each other", "remove one of them")
		return
	}
	k.that(cert != "", section+".tls_cert", "it is empty, and TLS is the default", "name the PEM files in tls_cert and tls_key, or set insecure_loopback = true on a loopback address")
	if cert != "" {
		k.that(key != "", section+".tls_key", "it is empty", "name the private key's PEM file")
	}
}

// loopback says whether host can only be reached from this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (k *checker) distinct() {
	seen := map[string]string{}
	for _, l := range []struct{ key, address string }{
		{"merchant_api.address", k.c.MerchantAPI.Address}, {"wallet_api.address", k.c.WalletAPI.Address}, {"admin.address", k.c.Admin.Address}, {"inner.address", k.c.Inner.Address},
		{"cluster.address", k.c.Cluster.Address},
	} {
		if l.address == "" || strings.HasSuffix(l.address, ":0") {
			continue // none, or any free port
		}
		other := seen[l.address]
		k.that(other == "", l.key, fmt.Sprintf("%s is already %s", l.address, other), "give each listener its own port")
		seen[l.address] = l.key
	}
}

func (k *checker) baseURL() {
	base := k.c.Cashier.BaseURL
	if base == "" {
		if !k.c.MerchantAPI.InsecureLoopback {
			k.that(false, "cashier.base_url", "it is empty: payers would get no address to open", "https://pay.example.com")
		}
		return
	}
	k.opened("cashier.base_url", base, "https://pay.example.com")
}

// opened checks an address that people's browsers are sent to.
func (k *checker) opened(key, base, like string) {
	u, err := url.Parse(base)
	ok := err == nil && u.Host != "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http")
	if !k.that(ok, key, fmt.Sprintf("%.80q is not a plain http(s) address", base), like) {
		return
	}
	k.that(u.Scheme == "https" || loopback(u.Hostname()), key, "payers must not be sent to plain http", "use https")
}

func (k *checker) disk() {
	d := k.c.Disk
	k.within("disk.min_free_percent", int64(d.MinFreePercent), 0, 50, "0", "50")
	k.within("disk.keep_log", int64(d.KeepLog), 64<<20, 1<<40, "64MiB", "1TiB")
	k.times("disk.keep_log_for", d.KeepLogFor, time.Second, 30*24*time.Hour)
	k.within("disk.cache", int64(d.Cache), 8<<20, 1<<40, "8MiB", "1TiB")
	k.times("disk.scrub_every", d.ScrubEvery, time.Minute, 90*24*time.Hour)
	k.that(d.ScrubRate == 0 || d.ScrubRate >= 64<<10 && d.ScrubRate <= 1<<40, "disk.scrub_rate", "it must be 0, or 64KiB to 1TiB", "0")
}

func (k *checker) within(key string, n, least, most int64, leastText, mostText string) {
	k.that(n >= least && n <= most, key, fmt.Sprintf("it must be %s to %s", leastText, mostText), "")
}

func (k *checker) times(key string, d Duration, least, most time.Duration) {
	k.that(d.Std() >= least && d.Std() <= most, key, fmt.Sprintf("%v is not between %v and %v", d, Duration(least), Duration(most)), "")
}

func (k *checker) oneOf(key, value string, of ...string) {
	k.that(contains(of, value), key, fmt.Sprintf("%.40q is not one of %s", value, strings.Join(of, ", ")), "")
}
