package diagnose

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
)

// Keys is what is needed of the keystore; *keystore.Store is one.
type Keys interface {
	// PlatformCerts lists the certificates clients should hold at a time in Unix
	// milliseconds, PublicKey is the key of public-key mode.
	PlatformCerts(now int64) []keystore.PlatformCert
	PublicKey() *keystore.Signer
	// APIv3Key is a merchant's 32-byte key by its id.
	APIv3Key(keyID string) (key []byte, ok bool)
}

// PlatformKeys are the platform's keys that sign now.
func PlatformKeys(keys Keys, now time.Time) (list []Key) {
	for _, c := range keys.PlatformCerts(now.UnixMilli()) {
		if k, ok := CertificateKey("", c.PEM); ok {
			list = append(list, k)
		}
	}
	if p := keys.PublicKey(); p != nil {
		list = append(list, Key{ID: p.ID(), Public: p.PublicKey()})
	}
	return list
}

// CertificateKey is the key of a certificate in PEM, false for what is none.
func CertificateKey(mchid string, text []byte) (Key, bool) {
	cert, err := seal.ParseCertificate(text)
	if err != nil {
		return Key{}, false
	}
	return Key{Mchid: mchid, ID: seal.Serial(cert), Public: seal.CertificateKey(cert), NotBefore: cert.NotBefore, NotAfter: cert.NotAfter}, true
}

// MerchantKeys are the keys of a merchant's certificates, as the state has them.
func MerchantKeys(r table.Reader, m *pb.Merchant) (list []Key) {
	for _, c := range merchant.Certs(r, m.Mchid) {
		cert, err := seal.ParseCertificateDER(c.Der)
		if err != nil {
			continue // it was checked when it was added
		}
		list = append(list, Key{Mchid: m.Mchid, ID: c.Serial, Public: seal.CertificateKey(cert), NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, Revoked: c.RevokedAt != 0})
	}
	return list
}

// ExamineText examines a request or a notice as it stands in a log.
//
// with and apiv3 are what the merchant's code verifies notices with, "" for
// nothing. Errors: ErrText.
func ExamineText(text []byte, with []byte, apiv3 string, known Known, now time.Time) (*Report, error) {
	m, err := Parse(text)
	if err != nil {
		return nil, err
	}
	if m.IsNotice() {
		return ExamineNotice(Notice{Header: m.Header, Body: m.Body, With: with, APIv3Key: apiv3}, known, now), nil
	}
	return ExamineRequest(m.Request(), known, now), nil
}
