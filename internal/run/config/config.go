// Package config is the one struct that configures a node: defaults, then the
// file (TOML or YAML by its extension, strictly decoded), then flags; checked
// with sentences that say what to do, and printed with where each value came
// from. No value is a secret: keys are in the keystore, tokens in their own file.
package config

import "time"

// Config is everything that can be set about one node.
type Config struct {
	// Data is the data folder.
	Data string `toml:"data" yaml:"data"`
	// LogName is the origin of the journal's checkpoints, fixed at first start.
	LogName     string      `toml:"log_name" yaml:"log_name"`
	MerchantAPI MerchantAPI `toml:"merchant_api" yaml:"merchant_api"`
	WalletAPI   WalletAPI   `toml:"wallet_api" yaml:"wallet_api"`
	Mail        Mail        `toml:"mail" yaml:"mail"`
	Proxies     Proxies     `toml:"proxies" yaml:"proxies"`
	Admin       Admin       `toml:"admin" yaml:"admin"`
	Inner       Inner       `toml:"inner" yaml:"inner"`
	Cluster     Cluster     `toml:"cluster" yaml:"cluster"`
	Cashier     Cashier     `toml:"cashier" yaml:"cashier"`
	Keys        Keys        `toml:"keys" yaml:"keys"`
	Disk        Disk        `toml:"disk" yaml:"disk"`
	Journal     Journal     `toml:"journal" yaml:"journal"`
	Merchants   Merchants   `toml:"merchants" yaml:"merchants"`
	Log         Log         `toml:"log" yaml:"log"`

	// Sandbox is set by `holdfast dev` only: no file can turn a platform with
	// real money into one whose clock can be moved.
	Sandbox bool `toml:"-" yaml:"-"`

	source map[string]Source
}

// Proxies are those in front of the merchant API and the wallet API.
type Proxies struct {
	Trusted List   `toml:"trusted" yaml:"trusted"`
	Header  string `toml:"header" yaml:"header"`
}

// Mail is the server through which one-time codes go by e-mail.
type Mail struct {
	Address      string `toml:"address" yaml:"address"`
	From         string `toml:"from" yaml:"from"`
	User         string `toml:"user" yaml:"user"`
	PasswordFile string `toml:"password_file" yaml:"password_file"`
	CAFile       string `toml:"ca_file" yaml:"ca_file"`
}

// MerchantAPI is the listener that merchants and payers reach.
type MerchantAPI struct {
	Address          string   `toml:"address" yaml:"address"`
	TLSCert          string   `toml:"tls_cert" yaml:"tls_cert"`
	TLSKey           string   `toml:"tls_key" yaml:"tls_key"`
	InsecureLoopback bool     `toml:"insecure_loopback" yaml:"insecure_loopback"`
	PathPrefix       string   `toml:"path_prefix" yaml:"path_prefix"`
	StrictSigning    bool     `toml:"strict_signing" yaml:"strict_signing"`
	PrivateCallbacks bool     `toml:"private_callbacks" yaml:"private_callbacks"`
	MaxInFlight      int      `toml:"max_in_flight" yaml:"max_in_flight"`
	HeaderTimeout    Duration `toml:"header_timeout" yaml:"header_timeout"`
	RequestTimeout   Duration `toml:"request_timeout" yaml:"request_timeout"`
	IdleTimeout      Duration `toml:"idle_timeout" yaml:"idle_timeout"`
}

// WalletAPI is the listener that people's devices reach.
type WalletAPI struct {
	// Address is empty where no people's devices are served.
	Address          string `toml:"address" yaml:"address"`
	TLSCert          string `toml:"tls_cert" yaml:"tls_cert"`
	TLSKey           string `toml:"tls_key" yaml:"tls_key"`
	InsecureLoopback bool   `toml:"insecure_loopback" yaml:"insecure_loopback"`
	// BaseURL is where browsers find wallets; empty: at Address, on loopback only.
	BaseURL        string `toml:"base_url" yaml:"base_url"`
	CodeURL        string `toml:"code_url" yaml:"code_url"`
	CodeSecretFile string `toml:"code_secret_file" yaml:"code_secret_file"`
	// Hosts are empty for the names in TLSCert, or those of this machine without one.
	Hosts List `toml:"hosts" yaml:"hosts"`
	// PasskeySite is empty where passkeys are not set up.
	PasskeySite    string `toml:"passkey_site" yaml:"passkey_site"`
	PasskeyOrigins List   `toml:"passkey_origins" yaml:"passkey_origins"`
}

// Admin is the listener of the administration, health and metrics.
type Admin struct {
	Address          string `toml:"address" yaml:"address"`
	TLSCert          string `toml:"tls_cert" yaml:"tls_cert"`
	TLSKey           string `toml:"tls_key" yaml:"tls_key"`
	InsecureLoopback bool   `toml:"insecure_loopback" yaml:"insecure_loopback"`
	OpenMetrics      bool   `toml:"open_metrics" yaml:"open_metrics"`
}

// Inner is the listener of the platform's own processes, always mutual TLS.
type Inner struct {
	Address string `toml:"address" yaml:"address"`
}

// Cashier is where payers are sent.
type Cashier struct {
	BaseURL string `toml:"base_url" yaml:"base_url"`
}

// Keys is the keystore.
type Keys struct {
	MasterFile string `toml:"master_file" yaml:"master_file"`
}

// Disk is what the node expects of its disk.
type Disk struct {
	MinFree        Bytes    `toml:"min_free" yaml:"min_free"`
	MinFreePercent int      `toml:"min_free_percent" yaml:"min_free_percent"`
	KeepLog        Bytes    `toml:"keep_log" yaml:"keep_log"`
	KeepLogFor     Duration `toml:"keep_log_for" yaml:"keep_log_for"`
	Cache          Bytes    `toml:"cache" yaml:"cache"`
	ScrubEvery     Duration `toml:"scrub_every" yaml:"scrub_every"`
	ScrubRate      Bytes    `toml:"scrub_rate" yaml:"scrub_rate"`
}

// Journal is the provable history.
type Journal struct {
	CheckpointInterval Duration `toml:"checkpoint_interval" yaml:"checkpoint_interval"`
}

// Merchants are the settings of merchants added without their own.
type Merchants struct {
	KeyMode        string   `toml:"key_mode" yaml:"key_mode"`
	RefundInterval Duration `toml:"refund_interval" yaml:"refund_interval"`
	AllowHTTP      bool     `toml:"allow_http" yaml:"allow_http"`
	Strict         bool     `toml:"strict" yaml:"strict"`
	WeixinCodeURL  bool     `toml:"weixin_code_url" yaml:"weixin_code_url"`
}

// Log is what the process writes to standard error.
type Log struct {
	Level  string `toml:"level" yaml:"level"`
	Format string `toml:"format" yaml:"format"`
}

// Default is a node on this machine that lacks only its TLS files.
func Default() *Config {
	second := Duration(time.Second)
	return &Config{
		Data:    "data",
		LogName: "holdfast.local/journal",
		MerchantAPI: MerchantAPI{
			Address: "127.0.0.1:8443", MaxInFlight: 2048,
			HeaderTimeout: 5 * second, RequestTimeout: 10 * second, IdleTimeout: 60 * second,
		},
		Proxies:   Proxies{Header: "x-forwarded-for"},
		Admin:     Admin{Address: "127.0.0.1:7443"},
		Inner:     Inner{Address: "127.0.0.1:7444"},
		Disk:      Disk{MinFree: 2 << 30, MinFreePercent: 5, KeepLog: 1 << 30, KeepLogFor: 600 * second, Cache: 256 << 20, ScrubEvery: 24 * 3600 * second},
		Journal:   Journal{CheckpointInterval: second},
		Merchants: Merchants{KeyMode: "both", RefundInterval: 60 * second},
		Log:       Log{Level: "info", Format: "text"},
	}
}
