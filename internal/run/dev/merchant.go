package dev

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

// The demo merchant.
const (
	mchid        = "1900000001"
	appid        = "wx0d3a57c0ffee2026"
	merchantName = "示例茶铺 Demo Tea"
)

// credentials are what a merchant downloads after signing up.
type credentials struct {
	keyPath, certPath string
	certPEM           string
	serial            string
	apiv3Key          string
}

// beginCredentials finds or makes the credentials in the background; the
// function it returns waits for them.
func (f *folder) beginCredentials(story *story) func() (*credentials, error) {
	var c *credentials
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		if c, err = f.merchantCredentials(time.Now()); err == nil {
			story.since("商户密钥与证书", "the merchant's key and certificate")
		}
	}()
	return func() (*credentials, error) { <-done; return c, err }
}

// merchantCredentials loads the demo merchant's credentials, and makes what is
// missing. An RSA key takes a good quarter of a second, which is why this runs
// beside the node's start and once a folder.
func (f *folder) merchantCredentials(now time.Time) (*credentials, error) {
	c := &credentials{keyPath: f.path("merchant", "apiclient_key.pem"), certPath: f.path("merchant", "apiclient_cert.pem")}
	key, err := loadOrMake(c.keyPath, seal.ParsePrivateKey, func() ([]byte, error) {
		fresh, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		return seal.PrivateKeyPEM(fresh)
	})
	if err != nil {
		return nil, err
	}
	cert, err := loadOrMake(c.certPath, seal.ParseCertificate, func() ([]byte, error) { return certify(key, now) })
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, &Failure{Err: fmt.Errorf("%s does not belong to %s", c.certPath, c.keyPath), Hint: "delete the folder merchant/ to get a new pair"}
	}
	c.apiv3Key, err = loadOrMake(f.path("merchant", "apiv3.key"), parseAPIv3Key, func() ([]byte, error) { return []byte(keystore.NewAPIv3Key()), nil })
	if err != nil {
		return nil, err
	}
	c.serial, c.certPEM = seal.Serial(cert), string(seal.CertificatePEM(cert.Raw))
	return c, nil
}

// loadOrMake reads a file, or makes it for its owner alone.
func loadOrMake[T any](path string, parse func([]byte) (T, error), create func() ([]byte, error)) (T, error) {
	var none T
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if data, err = create(); err != nil {
			return none, fmt.Errorf("make %s: %w", path, err)
		}
		err = writeFile(path, data, 0o600)
	}
	if err != nil {
		return none, err
	}
	value, err := parse(data)
	if err != nil {
		return none, &Failure{Err: fmt.Errorf("read %s: %w", path, err), Hint: "put the file back, or delete the folder merchant/ to get new ones"}
	}
	return value, nil
}

func parseAPIv3Key(data []byte) (string, error) {
	if !ident.ValidAPIv3Key(string(data)) {
		return "", errors.New("it is not 32 letters and digits")
	}
	return string(data), nil
}

// certify makes the merchant's API certificate, valid five years like the
// original's.
func certify(key *rsa.PrivateKey, now time.Time) ([]byte, error) {
	serial, err := seal.NewSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: mchid, Organization: []string{merchantName}, OrganizationalUnit: []string{"Holdfast sandbox"}, Country: []string{"CN"}},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(5, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return seal.CertificatePEM(der), nil
}
