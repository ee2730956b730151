package node

import (
	"context"
	"os"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// KeysConfig is the keystore.
type KeysConfig struct {
	MasterFile string `toml:"master_file" yaml:"master_file"`
}

// keysSection is where the keystore's own key is.
func keysSection(c *Config) config.Section {
	return config.Section{
		Name: "keys",
		Settings: []config.Setting{
			config.File("master_file", "File with the key that seals the keystore, kept apart from the data folder. Empty: `DIR/keys/master.key`, fit for trying out only.", &c.Keys.MasterFile),
		},
		Default: func() { c.Keys = KeysConfig{} },
	}
}

// Init makes the data folder and its keystore. It answers keystore.ErrExists
// rather than replace one.
func Init(cfg *Config) (*keystore.Store, error) { return makeKeys(cfg.Data, cfg.LogName, cfg.Keys) }

func makeKeys(dir, logName string, cfg KeysConfig) (*keystore.Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return keystore.Create(dir, keystore.Options{MasterKey: cfg.MasterFile, LogName: logName})
}

// keyStore is the keystore.
type keyStore struct {
	part
	cfg     KeysConfig
	logName string // of a journal that is begun here
}

func (n *keyStore) Start(context.Context) (err error) {
	if keystore.Exists(n.dir) {
		if n.keys, err = keystore.Open(n.dir, keystore.Options{MasterKey: n.cfg.MasterFile}); err != nil {
			return err
		}
		if name := n.keys.LogName(); name != n.logName {
			n.log.Warn("log_name is fixed when the folder is made; the configuration's is not used", "log_name", name, "configured", n.logName)
		}
	} else {
		n.log.Info("new data folder: making its keys", "dir", n.dir, "log_name", n.logName)
		if n.keys, err = makeKeys(n.dir, n.logName, n.cfg); err != nil {
			return err
		}
	}
	n.keys.OnChange(n.giveKeys)
	return nil
}
