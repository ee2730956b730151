package admin

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
)

// minRSA is the least size of a merchant's key in bits.
const minRSA = 2048

// parseCert reads a merchant's API certificate: one PEM block, X.509, an RSA
// key of at least 2048 bits, not expired at now. One that begins later is
// accepted: it may be installed ahead of time.
func parseCert(mchid, text string, now time.Time) (*pb.MerchantCert, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("the certificate is not PEM; it begins with -----BEGIN CERTIFICATE-----")
	}
	if strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return nil, errors.New("this is a private key; it stays with the merchant, and only the certificate comes here")
	}
	if block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("the PEM text must hold one certificate and nothing else")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the certificate cannot be read: %w", err)
	}
	key, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the certificate's key is %s; the merchant API signs with RSA", c.PublicKeyAlgorithm)
	}
	if bits := key.N.BitLen(); bits < minRSA {
		return nil, fmt.Errorf("the certificate's key has %d bits; at least %d are needed", bits, minRSA)
	}
	if !now.Before(c.NotAfter) {
		return nil, fmt.Errorf("the certificate expired on %s", c.NotAfter.UTC().Format(time.DateOnly))
	}
	if c.SerialNumber.Sign() <= 0 || c.SerialNumber.BitLen() > 160 {
		return nil, errors.New("the certificate's serial number is not a positive number of at most 20 bytes")
	}
	return &pb.MerchantCert{
		Mchid: mchid, Serial: merchant.Serial(c.SerialNumber.Text(16)), Der: c.Raw,
		NotBefore: c.NotBefore.UnixMilli(), NotAfter: c.NotAfter.UnixMilli(),
	}, nil
}
