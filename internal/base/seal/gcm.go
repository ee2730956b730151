package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// Sizes of what the API encrypts callbacks and certificates with.
const (
	KeySize   = 32
	NonceSize = 12
	tagSize   = 16
)

// ErrOpen is what Open returns for a ciphertext that was not sealed with this
// key, nonce and associated data, or was altered since.
var ErrOpen = errors.New("ciphertext does not open: wrong key, nonce or associated data, or altered")

// Algorithm is the name of Seal's algorithm on the wire.
const Algorithm = "AEAD_AES_256_GCM"

// Seal encrypts plaintext with AES-256-GCM and returns standard base64 of the
// ciphertext and its 16-byte tag. key is a merchant's APIv3 key, its 32 bytes as
// they are; nonce is 12 ASCII characters, used as they are.
//
// One key and nonce never seal two different plaintexts: take the nonce from
// DeriveNonce.
func Seal(key []byte, nonce, associatedData string, plaintext []byte) (string, error) {
	aead, err := newAEAD(key, nonce)
	if err != nil {
		return "", err
	}
	sealed := aead.Seal(make([]byte, 0, len(plaintext)+tagSize), []byte(nonce), plaintext, []byte(associatedData))
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// Open decrypts what Seal made, and returns ErrOpen when it cannot.
func Open(key []byte, nonce, associatedData, ciphertext string) ([]byte, error) {
	aead, err := newAEAD(key, nonce)
	if err != nil {
		return nil, err
	}
	sealed, err := DecodeBase64(ciphertext)
	if err != nil {
		return nil, errors.New("ciphertext is not standard base64")
	}
	plaintext, err := aead.Open(nil, []byte(nonce), sealed, []byte(associatedData))
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

func newAEAD(key []byte, nonce string) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("an APIv3 key has %d bytes, this one %d", KeySize, len(key))
	}
	if len(nonce) != NonceSize {
		return nil, fmt.Errorf("a nonce has %d characters, this one %d", NonceSize, len(nonce))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

// DeriveNonce makes the nonce under which a notice's plaintext is sealed: a
// function of key, notice and plaintext alone, so every attempt is byte-identical
// and no two different plaintexts share a nonce. What is no notice (a
// certificate for download) takes notice 0.
//
// It is HMAC-SHA-256 under key over the label, the notice's number and the
// plaintext's SHA-256, cut to 72 bits and written in 12 characters of base64url.
// With a billion plaintexts under one key, two share a nonce with a chance of
// one in 9,000; rotate keys long before.
func DeriveNonce(key []byte, noticeID uint64, plaintext []byte) string {
	hash := sha256.Sum256(plaintext)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("holdfast nonce v1\n"))
	mac.Write(binary.BigEndian.AppendUint64(nil, noticeID))
	mac.Write(hash[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:NonceSize*6/8])
}
