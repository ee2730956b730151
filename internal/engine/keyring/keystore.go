package keyring

import (
	"crypto/rand"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

// kindWrapping is the keystore's kind of the keys that data keys are wrapped under.
const kindWrapping = "keyring"

// Keystore wraps data keys under a key of the keystore, the same on every node.
type Keystore struct{ Store *keystore.Store }

// Current implements Wrapping. The first caller draws the key; if two nodes do so
// at once, both keys stay and either may be used.
func (w Keystore) Current() (id string, key []byte, err error) {
	ids := w.Store.SecretIDs(kindWrapping)
	if len(ids) == 0 {
		fresh := make([]byte, KeySize)
		rand.Read(fresh)
		defer clear(fresh)
		if id, err = w.Store.PutSecret(kindWrapping, "", fresh); err != nil {
			return "", nil, err
		}
		ids = []string{id}
	}
	key, ok := w.Store.Secret(kindWrapping, ids[0])
	if !ok || len(key) != KeySize {
		return "", nil, fmt.Errorf("wrap data keys: the keystore's secret %s is no key", ids[0])
	}
	return ids[0], key, nil
}

// Key implements Wrapping.
func (w Keystore) Key(id string) (key []byte, ok bool) {
	key, ok = w.Store.Secret(kindWrapping, id)
	return key, ok && len(key) == KeySize
}
