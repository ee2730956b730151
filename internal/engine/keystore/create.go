package keystore

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/holdfast-pay/holdfast/internal/engine/pki"
)

const (
	rsaBits   = 2048
	leafYears = 5
)

// newContents draws all keys of a new platform.
func newContents(logName string, at int64) (*contents, error) {
	if logName == "" || strings.ContainsAny(logName, "+ \t\r\n") {
		return nil, fmt.Errorf("log name %q: want a name like pay.example.com, without spaces or '+'", logName)
	}
	// RSA keys take long to find: look for the three at once.
	keys, err := newRSAKeys(3)
	if err != nil {
		return nil, err
	}
	c := &contents{Generation: 1, LogName: logName, CreatedAt: at}
	if c.Root, err = pki.NewRoot(logName+" platform root", keys[0], at); err != nil {
		return nil, err
	}
	root, err := pki.NewIssuer(c.Root)
	if err != nil {
		return nil, err
	}
	first, err := newPlatformKey(root, keys[1], time.UnixMilli(at).Add(-pki.Backdate))
	if err != nil {
		return nil, err
	}
	first.ListedFrom, first.SignsFrom = at, at
	c.Platform = []platformKey{first}
	if c.Public, err = newPublicKey(keys[2]); err != nil {
		return nil, err
	}
	innerKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("draw the inner CA's key: %w", err)
	}
	if c.Inner, err = pki.NewRoot(logName+" inner CA", innerKey, at); err != nil {
		return nil, err
	}
	if c.Checkpoint.Signer, c.Checkpoint.Verifier, err = note.GenerateKey(rand.Reader, logName); err != nil {
		return nil, fmt.Errorf("draw the checkpoint key: %w", err)
	}
	c.AdminToken = newAdminToken()
	return c, nil
}

func newRSAKeys(n int) ([]*rsa.PrivateKey, error) {
	keys, errs := make([]*rsa.PrivateKey, n), make([]error, n)
	done := make(chan int)
	for i := range n {
		go func() {
			keys[i], errs[i] = rsa.GenerateKey(rand.Reader, rsaBits)
			done <- i
		}()
	}
	for range n {
		<-done
	}
	return keys, errors.Join(errs...)
}

// newPublicKey numbers a key as the merchant console does: PUB_KEY_ID_0 and 27
// digits.
func newPublicKey(key *rsa.PrivateKey) (publicKey, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Exp(big.NewInt(10), big.NewInt(27), nil))
	if err != nil {
		return publicKey{}, fmt.Errorf("number the public key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return publicKey{}, fmt.Errorf("keep the public key: %w", err)
	}
	return publicKey{ID: fmt.Sprintf("PUB_KEY_ID_0%027d", n), Key: der}, nil
}

func newAdminToken() string {
	raw := make([]byte, 32)
	rand.Read(raw)
	return "hfadm_" + base64.RawURLEncoding.EncodeToString(raw)
}
