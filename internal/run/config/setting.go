package config

import (
	"encoding"
	"fmt"
	"strconv"
	"strings"
)

// Setting is one key of the configuration.
type Setting struct {
	// Key is the dotted name, e.g. "merchant_api.address".
	Key string
	// Doc says what it does, in which bounds, in one sentence or two.
	Doc string
	// value points into the Config.
	value any
	// path: relative names in a file are relative to the file's folder.
	path bool
}

// Settings lists every key with its documentation, in the order of the
// reference. A test holds it against the struct.
func (c *Config) Settings() []Setting { return append(c.public(), c.private()...) }

// public are the settings of what merchants and people reach.
func (c *Config) public() []Setting {
	m, w := &c.MerchantAPI, &c.WalletAPI
	return []Setting{
		{"data", "The data folder. It holds everything the node must not lose.", &c.Data, true},
		{"log_name", "Name of the journal in its signed checkpoints, like `pay.example.com/journal`; fixed when the folder is made.", &c.LogName, false},

		{"merchant_api.address", "HOST:PORT where merchants' servers and payers' phones reach the platform.", &m.Address, false},
		{"merchant_api.tls_cert", "Certificate chain for it, PEM. SIGHUP reloads it.", &m.TLSCert, true},
		{"merchant_api.tls_key", "The certificate's private key, PEM.", &m.TLSKey, true},
		{"merchant_api.insecure_loopback", "Serve plain HTTP; only on a loopback address, for tests or behind a proxy on the same machine.", &m.InsecureLoopback, false},
		{"merchant_api.path_prefix", "A path the API is served under besides /v3, like `/sandbox`; clients that sign it and those that don't both verify.", &m.PathPrefix, false},
		{"merchant_api.strict_signing", "Accept only the documented form of the signed message, not the variants that some clients send.", &m.StrictSigning, false},
		{"merchant_api.private_callbacks", "Accept a notify_url on this machine or a private network, for sites whose merchants live inside; the courier needs `--allow` for them too.", &m.PrivateCallbacks, false},
		{"merchant_api.max_in_flight", "Most requests worked on at once; more are asked to come again.", &m.MaxInFlight, false},
		{"merchant_api.header_timeout", "A client that has not sent its headers by then is cut off.", &m.HeaderTimeout, false},
		{"merchant_api.request_timeout", "Bound on one request, reading and answering included.", &m.RequestTimeout, false},
		{"merchant_api.idle_timeout", "How long a connection may wait for its next request.", &m.IdleTimeout, false},

		{"wallet_api.address", "HOST:PORT where people's devices reach their wallets. Empty: no wallets are served here.", &w.Address, false},
		{"wallet_api.tls_cert", "Certificate chain for it, PEM. SIGHUP reloads it.", &w.TLSCert, true},
		{"wallet_api.tls_key", "The certificate's private key, PEM.", &w.TLSKey, true},
		{"wallet_api.insecure_loopback", "Serve it in plain HTTP; only on a loopback address.", &w.InsecureLoopback, false},
		{"wallet_api.hosts", "List of the names under which devices call, without a port, like `pay.example.com`: a signature over any other name is refused, since it was made for somebody else. Empty: the names in `tls_cert`, or without one those of this machine alone. Behind a proxy that ends TLS, say them.", &w.Hosts, false},
		{"wallet_api.base_url", "Address that people's browsers open for their wallets, like `https://wallet.example.com`; it must lead to wallet_api.address. The cashier sends payers there. Empty: on a loopback address that address, else the cashier offers no wallet.", &w.BaseURL, false},
		{"wallet_api.code_url", "Address of the adapter that sends one-time codes by SMS: it gets a POST of `{\"phone\", \"text\", \"code\", \"lang\"}` and answers 2xx. Empty: a sandbox shows codes on its console, any other platform sends none.", &w.CodeURL, false},
		{"wallet_api.code_secret_file", "File with the secret that signs these calls: `Holdfast-Signature: t=UNIX,v1=HEX`, HMAC-SHA256 over `UNIX.BODY`.", &w.CodeSecretFile, true},
		{"wallet_api.passkey_site", "Domain that people's passkeys are made for, like `pay.example.com`; never change it, since passkeys work for no other. Empty: there are none.", &w.PasskeySite, false},
		{"wallet_api.passkey_origins", "List of the pages' origins that may ask for passkeys, like `https://pay.example.com`: the domain or parts of it.", &w.PasskeyOrigins, false},

		{"mail.address", "HOST:PORT of a mail server that offers STARTTLS, often port 587: one-time codes go through it when no SMS can be sent, to people who gave an e-mail address. Empty: none do.", &c.Mail.Address, false},
		{"mail.from", "Address that these mails come from.", &c.Mail.From, false},
		{"mail.user", "User at the server; empty where it asks for none.", &c.Mail.User, false},
		{"mail.password_file", "File with the user's password.", &c.Mail.PasswordFile, true},
		{"mail.ca_file", "Certificates, PEM, of who signed the server's; empty: the system's.", &c.Mail.CAFile, true},

		{"proxies.trusted", "List of the proxies' networks in front of merchant and wallet API, like `10.0.0.0/8`: limits count the address that they name instead of theirs. Empty: nobody's word is taken.", &c.Proxies.Trusted, false},
		{"proxies.header", "The header that the proxies write the client's address into, and no other: `x-forwarded-for` or `forwarded` (RFC 7239). It is read from its end, as far as proxies wrote it.", &c.Proxies.Header, false},
	}
}

// private are the settings of all else.
func (c *Config) private() []Setting {
	a, d, g := &c.Admin, &c.Disk, &c.Cluster
	return []Setting{
		{"admin.address", "HOST:PORT of the administration, health, metrics and profiles. Keep it off the public network.", &a.Address, false},
		{"admin.tls_cert", "Certificate chain for it, PEM. SIGHUP reloads it.", &a.TLSCert, true},
		{"admin.tls_key", "The certificate's private key, PEM.", &a.TLSKey, true},
		{"admin.insecure_loopback", "Serve it in plain HTTP; only on a loopback address.", &a.InsecureLoopback, false},
		{"admin.open_metrics", "Let /metrics be read without a token.", &a.OpenMetrics, false},

		{"inner.address", "HOST:PORT for the platform's own processes (the courier), always mutual TLS.", &c.Inner.Address, false},

		{"cluster.name", "This node's name among its peers: 1 to 63 of a-z, 0-9 and '-'. A machine that replaces another keeps its name. Empty: a node without peers.", &g.Name, false},
		{"cluster.address", "HOST:PORT where peers reach this node, always mutual TLS; the port is fixed.", &g.Address, false},
		{"cluster.advertise", "HOST:PORT that peers dial, when it is not `cluster.address` itself.", &g.Advertise, false},
		{"cluster.peers", "List of `cluster.address` of some nodes, asked when this node joins; one that works suffices, and its own is left out. Once joined, the cluster tells.", &g.Peers, false},
		{"cluster.credentials", "Folder with the node's own certificate and key, outside the data folder. Empty: the data folder's name with `-credentials` added.", &g.Credentials, true},
		{"cluster.token_file", "File with a join token (`holdfast cluster token`): with an empty data folder, `holdfast serve` joins by itself at its first start. It is not read again afterwards.", &g.TokenFile, true},

		{"cashier.base_url", "Address that payers open, like `https://pay.example.com`: code_url, h5_url and the cashier's pages begin with it. It must lead to merchant_api.address.", &c.Cashier.BaseURL, false},
		{"keys.master_file", "File with the key that seals the keystore, kept apart from the data folder. Empty: `DIR/keys/master.key`, fit for trying out only.", &c.Keys.MasterFile, true},

		{"disk.min_free", "Writes are refused while less is free.", &d.MinFree, false},
		{"disk.min_free_percent", "Writes are refused while less than this share of the disk is free, 0 to 50; the larger of the two bounds counts.", &d.MinFreePercent, false},
		{"disk.keep_log", "Log kept for followers and replays, at most.", &d.KeepLog, false},
		{"disk.keep_log_for", "Log kept for followers and replays, at most this long.", &d.KeepLogFor, false},
		{"disk.cache", "Memory for blocks of the state.", &d.Cache, false},
		{"disk.scrub_every", "Everything stored is read and checked this often, in the background.", &d.ScrubEvery, false},
		{"disk.scrub_rate", "Bytes a second that are read for it; 0 spreads them over `scrub_every`, at least 1 MiB a second. A busy node reads an eighth.", &d.ScrubRate, false},

		{"journal.checkpoint_interval", "Least time between two signed checkpoints; a receipt waits for the next one.", &c.Journal.CheckpointInterval, false},

		{"merchants.key_mode", "For merchants added without their own settings: `certificate`, `public_key` or `both`.", &c.Merchants.KeyMode, false},
		{"merchants.refund_interval", "Likewise: least time between partial refunds of one order.", &c.Merchants.RefundInterval, false},
		{"merchants.allow_http", "Likewise: notices may go to http:// addresses.", &c.Merchants.AllowHTTP, false},
		{"merchants.strict", "Likewise: unknown parameters in request bodies are refused, as the original does.", &c.Merchants.Strict, false},
		{"merchants.weixin_code_url", "Likewise: code_url is a weixin:// link instead of the cashier's address.", &c.Merchants.WeixinCodeURL, false},

		{"log.level", "`debug`, `info`, `warn` or `error`.", &c.Log.Level, false},
		{"log.format", "`text` or `json`.", &c.Log.Format, false},
	}
}

// Text is the setting's present value as the file writes it.
func (s Setting) Text() string {
	switch v := s.value.(type) {
	case *string:
		return *v
	case *bool:
		return strconv.FormatBool(*v)
	case *int:
		return strconv.Itoa(*v)
	case fmt.Stringer:
		return v.String()
	}
	panic(fmt.Sprintf("setting %s has a value of type %T", s.Key, s.value))
}

// quoted says whether the value stands in quotes in TOML.
func (s Setting) quoted() bool {
	switch s.value.(type) {
	case *bool, *int:
		return false
	}
	return true
}

// toml is the value as TOML writes it.
func (s Setting) toml() string {
	if l, ok := s.value.(*List); ok {
		return l.toml()
	}
	if s.quoted() {
		return quoteTOML(s.Text())
	}
	return s.Text()
}

// set reads text into the value.
func (s Setting) set(text string) error {
	switch v := s.value.(type) {
	case *string:
		*v = text
		return nil
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%.40q is neither true nor false", text)
		}
		*v = b
		return nil
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%.40q is not a whole number", text)
		}
		*v = n
		return nil
	case *List:
		v.read(text)
		return nil
	case encoding.TextUnmarshaler:
		return v.UnmarshalText([]byte(text))
	}
	panic(fmt.Sprintf("setting %s has a value of type %T", s.Key, s.value))
}

// keys lists all keys and the sections that hold them.
func (c *Config) keys() (keys []string, sections map[string]bool) {
	sections = map[string]bool{}
	for _, s := range c.Settings() {
		keys = append(keys, s.Key)
		if section, _, ok := strings.Cut(s.Key, "."); ok {
			sections[section] = true
		}
	}
	return keys, sections
}
