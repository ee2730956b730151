package keystore

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// APIv3Key is the 32 bytes of a merchant's APIv3 key, by key id; the caller must
// not modify them. For an id it doesn't know it looks once whether another
// process has changed the keystore.
func (s *Store) APIv3Key(keyID string) (key []byte, ok bool) {
	if key, ok = s.current.Load().apiv3[keyID]; ok {
		return key, true
	}
	if changed, err := s.ReloadIfChanged(); err != nil || !changed {
		return nil, false
	}
	key, ok = s.current.Load().apiv3[keyID]
	return key, ok
}

// PutAPIv3Key keeps a merchant's APIv3 key and returns the id by which commands
// name it. The merchant's newest key put again gets the id it has. key is 32
// digits and letters; at is Unix milliseconds. The id is drawn at random and
// says nothing about the key.
func (s *Store) PutAPIv3Key(mchid, key string, at int64) (keyID string, err error) {
	if !ident.ValidMchid(mchid) {
		return "", fmt.Errorf("mchid %.20q: want 8 to 10 digits", mchid)
	}
	if !ident.ValidAPIv3Key(key) {
		return "", errors.New("an APIv3 key is exactly 32 digits and letters")
	}
	err = s.change(func(c *contents) error {
		had, ok := c.newestAPIv3(mchid)
		if ok && seal.EqualSecret(had.Key, key) {
			keyID = had.ID
			return errNothingNew
		}
		if ok { // the newest is the one with the latest time, whatever the clock does
			at = max(at, had.CreatedAt+1)
		}
		raw := make([]byte, 8)
		rand.Read(raw)
		keyID = "apiv3_" + mchid + "_" + hex.EncodeToString(raw)
		c.APIv3 = append(c.APIv3, apiv3Key{ID: keyID, Mchid: mchid, Key: key, CreatedAt: at})
		c.order()
		return nil
	})
	if err != nil && !errors.Is(err, errNothingNew) {
		return "", fmt.Errorf("keep APIv3 key of %s: %w", mchid, err)
	}
	return keyID, nil
}

// errNothingNew ends a change that has nothing to write.
var errNothingNew = errors.New("nothing new")

// NewAPIv3Key draws a key as the merchant console does, for who has none.
func NewAPIv3Key() string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	key := make([]byte, 0, seal.KeySize)
	for raw := make([]byte, 64); len(key) < seal.KeySize; {
		rand.Read(raw)
		for _, b := range raw {
			// 248 is the largest multiple of 62: beyond it letters would not be
			// equally likely.
			if b < 248 && len(key) < seal.KeySize {
				key = append(key, alphabet[b%62])
			}
		}
	}
	return string(key)
}

func (c *contents) newestAPIv3(mchid string) (newest apiv3Key, ok bool) {
	for _, k := range c.APIv3 {
		if k.Mchid == mchid && (!ok || k.compare(newest) > 0) {
			newest, ok = k, true
		}
	}
	return newest, ok
}
