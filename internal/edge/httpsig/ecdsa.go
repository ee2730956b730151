package httpsig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"math/big"
)

// PublicKey reads an uncompressed P-256 point (SEC 1, 2.3.3), 65 bytes.
func PublicKey(point []byte) (*ecdsa.PublicKey, error) {
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, fmt.Errorf("read a device's key: %w", err)
	}
	return key, nil
}

// Verify says whether sig is the device's signature over a hash.
func Verify(key *ecdsa.PublicKey, hash, sig []byte) bool {
	if len(sig) != SignatureSize {
		return false
	}
	return ecdsa.Verify(key, hash, new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
}

// Sign signs a hash.
func Sign(key *ecdsa.PrivateKey, hash []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, key, hash)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	sig := make([]byte, SignatureSize)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return sig, nil
}
