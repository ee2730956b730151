package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

const (
	rsaBits = 2048
	// backdate lets a client whose clock is slow use a certificate that was just
	// made.
	backdate  = time.Hour
	rootYears = 30
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
	if c.Root, err = newRoot(logName+" platform root", keys[0], at); err != nil {
		return nil, err
	}
	root, err := newAuthority(c.Root)
	if err != nil {
		return nil, err
	}
	first, err := newPlatformKey(root, keys[1], time.UnixMilli(at).Add(-backdate))
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
	if c.Inner, err = newRoot(logName+" inner CA", innerKey, at); err != nil {
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

// newRoot makes a self-signed CA certificate.
func newRoot(name string, key crypto.Signer, at int64) (pair, error) {
	from := time.UnixMilli(at).Add(-backdate).UTC()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             from,
		NotAfter:              from.AddDate(rootYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            0,
		MaxPathLenZero:        true,
	}
	return issue(template, template, key.Public(), key, key)
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
