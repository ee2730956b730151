package admin

import (
	"crypto/rsa"
	"crypto/x509"
	"testing"
	"time"
)

// FuzzParseCert: whatever an operator pastes is refused with a sentence, or is
// a certificate that the merchant API can check signatures with.
func FuzzParseCert(f *testing.F) {
	f.Add("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	f.Add("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n")
	f.Add("hello")
	now := time.UnixMilli(1772337600000)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCert("1900000001", text, now)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("refused without a sentence")
			}
			return
		}
		parsed, err := x509.ParseCertificate(c.Der)
		if err != nil {
			t.Fatalf("accepted, but does not parse again: %v", err)
		}
		key, ok := parsed.PublicKey.(*rsa.PublicKey)
		if !ok || key.N.BitLen() < minRSA || c.NotAfter <= now.UnixMilli() || c.Serial == "" {
			t.Fatalf("accepted: %+v", c)
		}
	})
}
