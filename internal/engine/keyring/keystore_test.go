package keyring_test

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

// TestWrappedUnderTheKeystore: the first key draws what all are wrapped under, and
// the keystore opened anew opens them.
func TestWrappedUnderTheKeystore(t *testing.T) {
	dir, fs := t.TempDir(), vfs.NewMem()
	s, err := keystore.Create(dir, keystore.Options{LogName: "keyring.example/log"})
	if err != nil {
		t.Fatal(err)
	}
	ring := func(s *keystore.Store) *keyring.Ring {
		r, err := keyring.Open(keyring.Options{FS: fs, Wrapping: keyring.Keystore{Store: s}, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if _, err := ring(s).Mint(1); err == nil {
		t.Fatal("a keystore in its first layout has no room for the key")
	}
	if err := s.AtLevel(keystore.LayoutLevel); err != nil {
		t.Fatal(err)
	}
	list, err := ring(s).Mint(2)
	if err != nil || len(s.SecretIDs("keyring")) != 1 {
		t.Fatalf("%v; %d keys to wrap under", err, len(s.SecretIDs("keyring")))
	}
	if s, err = keystore.Open(dir, keystore.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := ring(s).Put(list); err != nil {
		t.Error(err)
	}
}
