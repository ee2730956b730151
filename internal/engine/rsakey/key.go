// Package rsakey holds RSA private keys and works with them. A key goes in and
// does not come out: what can be had of it are signatures, decrypted fields and
// its public half.
//
// Signing is most of what the merchant API and the couriers do, and two
// libraries can do it: Go's crypto/rsa, which is always there, and OpenSSL's
// libcrypto, which takes a third of the processor time and is used where the
// machine has it (docs/decisions names the reasons). Both work in constant time,
// blinded or with masked exponents, and check a signature before they give it
// away. RSA PKCS #1 v1.5 is deterministic, so both make the same signature: each
// key makes one with both when it is opened, and stays with Go's when they
// differ.
package rsakey

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// Provider is a choice of library.
type Provider int

// The choices.
const (
	// Best is OpenSSL's where it is there, and Go's otherwise.
	Best Provider = iota
	// Go is crypto/rsa.
	Go
)

// using is the Provider that keys sign with.
var using atomic.Int32

// Use chooses the library for all keys of this process from now on, for who
// measures both.
func Use(p Provider) { using.Store(int32(p)) }

// around is called around each signature when it is set.
var around atomic.Pointer[func(sign func())]

// Around has f called around each signature of this process from now on, for who
// measures what they cost; f calls sign once. nil ends it.
func Around(f func(sign func())) {
	if f == nil {
		around.Store(nil)
		return
	}
	around.Store(&f)
}

// goName names Go's library to people.
const goName = "Go crypto/rsa"

// Key is an RSA private key. It is safe for concurrent use, and shows nothing of
// itself when it is printed.
type Key struct {
	own    *rsa.PrivateKey
	native *native // nil: Go's library signs
}

// Open takes over a private key, which the caller must not keep.
func Open(key *rsa.PrivateKey) *Key {
	k := &Key{own: key}
	n, err := openNative(key)
	if err == nil && n != nil {
		err = k.compare(n)
	}
	if err != nil {
		slog.Error("OpenSSL is not used for this key, Go's crypto/rsa signs", "err", err)
		return k
	}
	k.native = n
	return k
}

// compare lets both libraries sign the same message.
func (k *Key) compare(n *native) error {
	digest := sha256.Sum256([]byte("both libraries sign this"))
	want, err := rsa.SignPKCS1v15(nil, k.own, crypto.SHA256, digest[:])
	if err != nil {
		return fmt.Errorf("sign with crypto/rsa: %w", err)
	}
	got, err := n.sign(&digest)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%s makes another signature than %s", n.name(), goName)
	}
	return nil
}

// Library names who signs with this key, for people.
func (k *Key) Library() string {
	if k.fast() {
		return k.native.name()
	}
	return goName
}

// fast says whether OpenSSL signs.
func (k *Key) fast() bool { return k.native != nil && Provider(using.Load()) == Best }

// Public is the key's public half.
func (k *Key) Public() *rsa.PublicKey { return &k.own.PublicKey }

// Sign signs a message with RSA PKCS #1 v1.5 over SHA-256 and returns standard
// base64, as seal.Sign does. When OpenSSL fails Go's library signs.
func (k *Key) Sign(message []byte) (signature string, err error) {
	if f := around.Load(); f != nil {
		(*f)(func() { signature, err = k.sign(message) })
		return signature, err
	}
	return k.sign(message)
}

func (k *Key) sign(message []byte) (string, error) {
	if !k.fast() {
		return seal.Sign(k.own, message)
	}
	digest := sha256.Sum256(message)
	signature, err := k.native.sign(&digest)
	if err != nil {
		slog.Error("OpenSSL did not sign, Go's crypto/rsa does", "err", err)
		return seal.Sign(k.own, message)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// DecryptField decrypts a sensitive field that a client encrypted to this key.
// It returns seal.ErrField when it cannot. Go's library does it: it is rare.
func (k *Key) DecryptField(value string) (string, error) { return seal.DecryptField(k.own, value) }

// String shows nothing of the key.
func (k *Key) String() string { return "RSA key" }

// GoString shows nothing of the key.
func (k *Key) GoString() string { return "RSA key" }

// LogValue shows nothing of the key.
func (k *Key) LogValue() slog.Value { return slog.StringValue("RSA key") }

// MarshalText shows nothing of the key.
func (k *Key) MarshalText() ([]byte, error) { return []byte("RSA key"), nil }
