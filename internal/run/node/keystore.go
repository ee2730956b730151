package node

import (
	"context"
	"os"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// Init makes the data folder and its keystore. It answers keystore.ErrExists
// rather than replace one.
func Init(cfg *config.Config) (*keystore.Store, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, err
	}
	return keystore.Create(cfg.Data, keystore.Options{MasterKey: cfg.Keys.MasterFile, LogName: cfg.LogName})
}

// keyStore is the keystore.
type keyStore struct{ part }

func (n *keyStore) Start(context.Context) (err error) {
	if keystore.Exists(n.dir) {
		if n.keys, err = keystore.Open(n.dir, keystore.Options{MasterKey: n.cfg.Keys.MasterFile}); err != nil {
			return err
		}
		if name := n.keys.LogName(); name != n.cfg.LogName {
			n.log.Warn("log_name is fixed when the folder is made; the configuration's is not used", "log_name", name, "configured", n.cfg.LogName)
		}
	} else {
		n.log.Info("new data folder: making its keys", "dir", n.dir, "log_name", n.cfg.LogName)
		if n.keys, err = Init(n.cfg); err != nil {
			return err
		}
	}
	n.keys.OnChange(n.giveKeys)
	return nil
}
