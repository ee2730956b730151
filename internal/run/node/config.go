package node

import (
	"github.com/holdfast-pay/holdfast/internal/run/config"
	"github.com/holdfast-pay/holdfast/internal/run/logsink"
)

// Config is everything that can be set about one node. No value is a secret: keys
// are in the keystore, tokens in their own file. Each section is declared by the part
// that it is for, which is handed it in assemble.go.
type Config struct {
	// Data is the data folder.
	Data string `toml:"data" yaml:"data"`
	// LogName is the origin of the journal's checkpoints, fixed at first start.
	LogName     string            `toml:"log_name" yaml:"log_name"`
	MerchantAPI MerchantAPIConfig `toml:"merchant_api" yaml:"merchant_api"`
	WalletAPI   WalletAPIConfig   `toml:"wallet_api" yaml:"wallet_api"`
	Mail        MailConfig        `toml:"mail" yaml:"mail"`
	Proxies     ProxiesConfig     `toml:"proxies" yaml:"proxies"`
	Admin       AdminConfig       `toml:"admin" yaml:"admin"`
	Inner       InnerConfig       `toml:"inner" yaml:"inner"`
	Cluster     ClusterConfig     `toml:"cluster" yaml:"cluster"`
	Cashier     CashierConfig     `toml:"cashier" yaml:"cashier"`
	Keys        KeysConfig        `toml:"keys" yaml:"keys"`
	Disk        DiskConfig        `toml:"disk" yaml:"disk"`
	Journal     JournalConfig     `toml:"journal" yaml:"journal"`
	Merchants   MerchantsConfig   `toml:"merchants" yaml:"merchants"`
	Log         logsink.Config    `toml:"log" yaml:"log"`

	// Sandbox is set by `holdfast dev` only: no file can turn a platform with
	// real money into one whose clock can be moved.
	Sandbox bool `toml:"-" yaml:"-"`

	sources config.Sources
}

// sections are the parts' sections in the order of the reference. A test holds them
// against the struct.
func (c *Config) sections() []config.Section {
	return []config.Section{
		folderSection(c), merchantAPISection(c), walletAPISection(c), mailSection(c), proxiesSection(c), adminSection(c), innerSection(c),
		clusterSection(c), cashierSection(c), keysSection(c), diskSection(c), journalSection(c), merchantsSection(c), logsink.Section(&c.Log),
	}
}

func (c *Config) tree() *config.Tree {
	return &config.Tree{Into: c, Sections: c.sections(), Sources: c.sources}
}

// Default is a node on this machine that lacks only its TLS files.
func Default() *Config {
	c := &Config{sources: config.Sources{}}
	c.tree().Default()
	return c
}

// LoadConfig reads the file over the defaults and then the overrides ("key=value")
// over both, and checks the result. What is wrong comes back as config.Problems.
func LoadConfig(path string, overrides []string) (*Config, error) {
	c := Default()
	if err := c.tree().Load(path, overrides); err != nil {
		return nil, err
	}
	return c, nil
}

// ParseConfig reads a configuration over the defaults, without checking values
// against each other.
func ParseConfig(path string, data []byte) (*Config, error) {
	c := Default()
	if err := c.tree().Parse(path, data); err != nil {
		return nil, err
	}
	return c, nil
}

// Check tells everything that is wrong with the values, as config.Problems.
func (c *Config) Check() error { return c.tree().Check() }

// Set gives one key a value, as a flag does.
func (c *Config) Set(key, value string) error { return c.tree().Set(key, value) }

// Print writes the configuration in force, each value with where it came from.
func (c *Config) Print() string { return c.tree().Print() }

// Values lists key and value of every setting, for --json.
func (c *Config) Values() []config.Value { return c.tree().Values() }

// ConfigReference is docs/reference/configuration.md.
func ConfigReference() string { return Default().tree().Reference() }
