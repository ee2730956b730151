package seal

import (
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
)

// ErrField is what DecryptField returns for whatever it cannot decrypt. It does
// not say why: the reason would help who sends guesses.
var ErrField = errors.New("field is not encrypted with this key")

// EncryptField encrypts a sensitive field (a name, a bank account) with RSA-OAEP
// over SHA-1, as every client of the API does, and returns standard base64.
// value has at most 214 bytes under a 2048-bit key.
func EncryptField(random io.Reader, key *rsa.PublicKey, value string) (string, error) {
	if longest := key.Size() - 2*sha1.Size - 2; len(value) > longest {
		return "", fmt.Errorf("an encrypted field has at most %d bytes, this one %d", longest, len(value))
	}
	sealed, err := rsa.EncryptOAEP(sha1.New(), random, key, []byte(value), nil)
	if err != nil {
		return "", fmt.Errorf("encrypt field: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// DecryptField decrypts what EncryptField made, or a client of the API.
func DecryptField(key *rsa.PrivateKey, value string) (string, error) {
	sealed, err := DecodeBase64(value)
	if err != nil {
		return "", ErrField
	}
	plain, err := rsa.DecryptOAEP(sha1.New(), nil, key, sealed, nil)
	if err != nil {
		return "", ErrField
	}
	return string(plain), nil
}
