package seal

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
)

// Scheme is the one signature scheme of the API: the Authorization header's
// scheme and the Wechatpay-Signature-Type of answers.
const Scheme = "WECHATPAY2-SHA256-RSA2048"

// ErrSignature is what Verify returns when a signature is well-formed and wrong.
var ErrSignature = errors.New("signature does not match")

// Sign signs message with RSA PKCS #1 v1.5 over SHA-256 and returns standard
// base64. It is deterministic, and safe to call from many goroutines with one
// key.
func Sign(key *rsa.PrivateKey, message []byte) (string, error) {
	digest := sha256.Sum256(message)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// Verify checks a signature made by Sign. It returns ErrSignature when the
// signature is another message's or another key's, and another error when it is
// no signature at all: not base64, or not of the key's length.
func Verify(key *rsa.PublicKey, message []byte, signature string) error {
	if len(signature) != base64.StdEncoding.EncodedLen(key.Size()) {
		return fmt.Errorf("signature has %d characters, want %d", len(signature), base64.StdEncoding.EncodedLen(key.Size()))
	}
	raw, err := DecodeBase64(signature)
	if err != nil || len(raw) != key.Size() {
		return errors.New("signature is not standard base64")
	}
	digest := sha256.Sum256(message)
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], raw) != nil {
		return ErrSignature
	}
	return nil
}

// EqualSecret compares two secrets in a time that tells nothing of where they
// differ or of their lengths.
func EqualSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
