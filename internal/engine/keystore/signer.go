package keystore

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"log/slog"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/engine/rsakey"
)

// Signer is one of the platform's RSA keys: a platform certificate's or the one
// of public-key mode. It is safe for concurrent use.
type Signer struct {
	id  string
	pem []byte
	key *rsakey.Key
}

// ID is what goes into Wechatpay-Serial: a serial number or a PUB_KEY_ID_...
func (s *Signer) ID() string { return s.id }

// PEM is what a client checks signatures with: the certificate, or the public
// key in public-key mode. The caller must not modify it.
func (s *Signer) PEM() []byte { return s.pem }

// PublicKey is the key's public half.
func (s *Signer) PublicKey() *rsa.PublicKey { return s.key.Public() }

// Sign signs a message (seal.AnswerMessage) and returns base64.
func (s *Signer) Sign(message []byte) (string, error) { return s.key.Sign(message) }

// Library names the library that signs, for people.
func (s *Signer) Library() string { return s.key.Library() }

// DecryptField decrypts a sensitive field that a client encrypted to this key.
// It answers seal.ErrField when it cannot.
func (s *Signer) DecryptField(value string) (string, error) { return s.key.DecryptField(value) }

// String is the id; nothing that prints a Signer shows the key.
func (s *Signer) String() string { return s.id }

// GoString is the id.
func (s *Signer) GoString() string { return s.id }

// LogValue is the id.
func (s *Signer) LogValue() slog.Value { return slog.StringValue(s.id) }

// MarshalText is the id.
func (s *Signer) MarshalText() ([]byte, error) { return []byte(s.id), nil }

// PublicKey is the key of public-key mode. It never expires.
func (s *Store) PublicKey() *Signer { return s.current.Load().public }

// Signer finds one of the platform's keys by the id that a client names in
// Wechatpay-Serial, in any case and with leading zeros or without. Certificates
// that are no longer listed are found too: a client may hold an old one when it
// encrypts.
func (s *Store) Signer(id string) (*Signer, bool) {
	signers := s.current.Load().signers
	if found, ok := signers[id]; ok {
		return found, true
	}
	serial, ok := seal.NormalSerial(id)
	if !ok {
		return nil, false
	}
	found, ok := signers[serial]
	return found, ok
}

// publicSigner is platformCert for the key of public-key mode.
func (s *snapshot) publicSigner(k publicKey) (*Signer, error) {
	if s != nil && s.contents.Public.ID == k.ID && bytes.Equal(s.contents.Public.Key, k.Key) {
		return s.public, nil
	}
	return newPublicSigner(k)
}

func newPublicSigner(k publicKey) (*Signer, error) {
	key, err := parseRSA(k.Key)
	if err != nil {
		return nil, err
	}
	text, err := seal.PublicKeyPEM(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return &Signer{id: k.ID, pem: text, key: rsakey.Open(key)}, nil
}

func parseRSA(der []byte) (*rsa.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("private key cannot be read")
	}
	return key, nil
}
