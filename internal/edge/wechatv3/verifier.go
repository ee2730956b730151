package wechatv3

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"filippo.io/bigmod"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// verifier checks RSA PKCS #1 v1.5 signatures over SHA-256 with one public key.
//
// crypto/rsa prepares the modulus anew for each signature, which is a third of
// a verification and a sixth of a whole request. The arithmetic here is the
// same (filippo.io/bigmod is where the standard library's comes from), with the
// modulus prepared once. Opening a signature also costs one exponentiation
// however many messages it is then held against: the variants of signed.go are
// free, and a stranger's wrong signature is no dearer than a right one.
//
// What opens must be, byte for byte, the one encoding of RFC 8017, 9.2, with
// nothing parsed; a test holds every answer against crypto/rsa's.
type verifier struct {
	modulus  *bigmod.Modulus
	exponent uint
	size     int
	// head is the encoded message but for the digest at its end.
	head []byte
}

// digestInfo is the DER that stands before a SHA-256 digest.
var digestInfo = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// newVerifier prepares a key that seal.ParseCertificate accepted.
func newVerifier(key *rsa.PublicKey) (*verifier, error) {
	if key.E < 3 || key.E&1 == 0 {
		return nil, errors.New("RSA key has a public exponent that is even or too small")
	}
	modulus, err := bigmod.NewModulus(key.N.Bytes())
	if err != nil {
		return nil, fmt.Errorf("prepare RSA key: %w", err)
	}
	v := &verifier{modulus: modulus, exponent: uint(key.E), size: key.Size()}
	v.head = append(v.head, 0, 1)
	v.head = append(v.head, bytes.Repeat([]byte{0xff}, v.size-3-len(digestInfo)-sha256.Size)...)
	v.head = append(append(v.head, 0), digestInfo...)
	return v, nil
}

// open returns the digest that was signed. It answers seal.ErrSignature for a
// signature of another key or scheme, and another error for what is none.
func (v *verifier) open(signature string) (digest [sha256.Size]byte, err error) {
	if want := base64.StdEncoding.EncodedLen(v.size); len(signature) != want {
		return digest, fmt.Errorf("signature has %d characters, want %d", len(signature), want)
	}
	raw, err := seal.DecodeBase64(signature)
	if err != nil || len(raw) != v.size {
		return digest, errors.New("signature is not standard base64")
	}
	number, err := bigmod.NewNat().SetBytes(raw, v.modulus)
	if err != nil {
		return digest, seal.ErrSignature // not below the modulus
	}
	encoded := bigmod.NewNat().ExpShortVarTime(number, v.exponent, v.modulus).Bytes(v.modulus)
	if len(encoded) != v.size || !bytes.Equal(encoded[:len(v.head)], v.head) {
		return digest, seal.ErrSignature
	}
	copy(digest[:], encoded[len(v.head):])
	return digest, nil
}
