package seal

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

const (
	minKeyBits = 2048
	// maxKeyBits bounds what one verification may cost: its time grows with the
	// square of the length.
	maxKeyBits = 4096
	// maxPEM is generous: a 4096-bit key takes 3.3 kB.
	maxPEM = 64 << 10
)

// ParseCertificate reads one PEM "CERTIFICATE" with an RSA key of 2048 to 4096
// bits and nothing else beside it.
func ParseCertificate(text []byte) (*x509.Certificate, error) {
	der, err := block(text, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	return ParseCertificateDER(der)
}

// ParseCertificateDER is ParseCertificate for the bare DER bytes.
func ParseCertificateDER(der []byte) (*x509.Certificate, error) {
	if len(der) > maxPEM {
		return nil, errors.New("certificate is too long")
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("certificate has no RSA key")
	}
	if err := checkSize(key); err != nil {
		return nil, err
	}
	if cert.SerialNumber.Sign() <= 0 || cert.SerialNumber.BitLen() > 8*maxSerial {
		return nil, fmt.Errorf("certificate's serial number is not positive or longer than %d bytes", maxSerial)
	}
	return cert, nil
}

// CertificateKey is the RSA key of a certificate that ParseCertificate accepted,
// and nil for any other.
func CertificateKey(cert *x509.Certificate) *rsa.PublicKey {
	key, _ := cert.PublicKey.(*rsa.PublicKey)
	return key
}

// ParsePublicKey reads one PEM "PUBLIC KEY" (PKIX) with an RSA key of 2048 to
// 4096 bits.
func ParsePublicKey(text []byte) (*rsa.PublicKey, error) {
	der, err := block(text, "PUBLIC KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse public key: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("public key is not RSA")
	}
	if err := checkSize(key); err != nil {
		return nil, err
	}
	return key, nil
}

// ParsePrivateKey reads one PEM "PRIVATE KEY" (PKCS #8) with an RSA key of 2048
// to 4096 bits. The key is checked and precomputed. No error text quotes the
// key.
func ParsePrivateKey(text []byte) (*rsa.PrivateKey, error) {
	der, err := block(text, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("private key is not PKCS #8")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("private key is not RSA")
	}
	if err := checkSize(&key.PublicKey); err != nil {
		return nil, err
	}
	return key, nil
}

// CertificatePEM writes a certificate as text.
func CertificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// PublicKeyPEM writes an RSA public key as text.
func PublicKeyPEM(key *rsa.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("write public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// PrivateKeyPEM writes an RSA private key as text, in the one form that every
// client of the API reads.
func PrivateKeyPEM(key *rsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, errors.New("write private key: not an RSA key")
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// block finds the one PEM block in text, which must have the given type.
func block(text []byte, kind string) ([]byte, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("PEM text has more than %d bytes", maxPEM)
	}
	b, rest := pem.Decode(text)
	switch {
	case b == nil:
		return nil, fmt.Errorf("no PEM block; want -----BEGIN %s-----", kind)
	case b.Type != kind:
		return nil, fmt.Errorf("PEM block is %.40q; want %q", b.Type, kind)
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, fmt.Errorf("text goes on after the %s; want exactly one PEM block", kind)
	}
	return b.Bytes, nil
}

func checkSize(key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < minKeyBits || bits > maxKeyBits {
		return fmt.Errorf("RSA key has %d bits; want %d to %d", bits, minKeyBits, maxKeyBits)
	}
	return nil
}
