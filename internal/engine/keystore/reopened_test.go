package keystore

import (
	"testing"
	"time"
)

// A change opens no RSA key again that is open already, and every one that is new.
func TestKeysAreOpenedOnce(t *testing.T) {
	t.Parallel()
	s, err := Create(t.TempDir(), Options{LogName: "opened.once"})
	if err != nil {
		t.Fatal(err)
	}
	before := s.current.Load()
	if _, err := s.PutAPIv3Key("1900000001", "0123456789abcdef0123456789abcdef", 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	after := s.current.Load()
	if after == before || after.public != before.public || after.platform[0].signer != before.platform[0].signer {
		t.Error("a key that did not change was opened again")
	}
	if _, err := s.RotatePlatform(time.Now().UnixMilli(), time.Hour); err != nil {
		t.Fatal(err)
	}
	rotated := s.current.Load()
	if len(rotated.platform) != 2 || rotated.platform[0].signer != before.platform[0].signer || rotated.platform[0].ListedUntil == 0 {
		t.Errorf("after a rotation there are %d certificates, the old one listed until %d", len(rotated.platform), rotated.platform[0].ListedUntil)
	}
	if rotated.platform[1].signer == rotated.platform[0].signer || rotated.signers[rotated.platform[1].Serial] != rotated.platform[1].signer {
		t.Error("the new certificate does not sign with its own key")
	}
}
