package keystore

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/engine/rsakey"
)

// PlatformCert is a platform certificate as GET /v3/certificates lists it.
type PlatformCert struct {
	Serial string
	// PEM is the certificate; the caller must not modify it.
	PEM []byte
	// EffectiveAt and ExpiresAt are Unix milliseconds. A certificate that has a
	// successor expires when it disappears from the list.
	EffectiveAt, ExpiresAt int64
}

// ErrRotating is what RotatePlatform returns while the last rotation's overlap
// lasts.
var ErrRotating = errors.New("a rotation is under way")

// afterSwitch is how long a replaced certificate stays listed after its successor
// signs: as long as clients accept a message's timestamp.
const afterSwitch = 5 * time.Minute

// platformCert is a platformKey, parsed.
type platformCert struct {
	platformKey
	signer              *Signer
	notBefore, notAfter time.Time
}

func newPlatformCert(k platformKey) (platformCert, error) {
	cert, err := seal.ParseCertificateDER(k.Cert)
	if err != nil {
		return platformCert{}, err
	}
	key, err := parseRSA(k.Key)
	if err != nil {
		return platformCert{}, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) || seal.Serial(cert) != k.Serial {
		return platformCert{}, errors.New("certificate, key and serial do not belong together")
	}
	return platformCert{
		platformKey: k,
		signer:      &Signer{id: k.Serial, pem: seal.CertificatePEM(k.Cert), key: rsakey.Open(key)},
		notBefore:   cert.NotBefore, notAfter: cert.NotAfter,
	}, nil
}

// platformCert returns k as the snapshot, which may be nil, has it open already, or
// opens it.
func (s *snapshot) platformCert(k platformKey) (platformCert, error) {
	if s != nil {
		for _, p := range s.platform {
			if p.Serial == k.Serial && bytes.Equal(p.Cert, k.Cert) && bytes.Equal(p.Key, k.Key) {
				p.platformKey = k // when it is listed may have changed
				return p, nil
			}
		}
	}
	return newPlatformCert(k)
}

// PlatformCerts lists the certificates that clients should hold at now, the
// newest first: one, or two while a rotation lasts.
func (s *Store) PlatformCerts(now int64) []PlatformCert {
	var listed []PlatformCert
	all := s.current.Load().platform
	for i := len(all) - 1; i >= 0; i-- {
		p := all[i]
		if now < p.ListedFrom || p.ListedUntil != 0 && now >= p.ListedUntil {
			continue
		}
		c := PlatformCert{Serial: p.Serial, PEM: p.signer.pem, EffectiveAt: p.notBefore.UnixMilli(), ExpiresAt: p.notAfter.UnixMilli()}
		if p.ListedUntil != 0 {
			c.ExpiresAt = min(c.ExpiresAt, p.ListedUntil)
		}
		listed = append(listed, c)
	}
	return listed
}

// SigningCert is the certificate that signs at now: the newest whose overlap is
// over.
func (s *Store) SigningCert(now int64) *Signer {
	all := s.current.Load().platform
	for i := len(all) - 1; i > 0; i-- {
		if now >= all[i].SignsFrom {
			return all[i].signer
		}
	}
	return all[0].signer
}

// RotatePlatform adds a platform certificate: listed from now on (Unix
// milliseconds), signing once overlap is over. Its predecessor disappears from
// the list five minutes later and can still decrypt. overlap should be at least
// 24 h where real merchants are: clients look once a day. The new certificate is
// the newest by either of its dates, which is how clients choose one to encrypt
// to. While an overlap lasts it returns ErrRotating.
func (s *Store) RotatePlatform(now int64, overlap time.Duration) (serial string, err error) {
	if overlap < 0 {
		return "", fmt.Errorf("overlap %s: want 0 or more", overlap)
	}
	keys, err := newRSAKeys(1)
	if err != nil {
		return "", fmt.Errorf("rotate platform certificate: %w", err)
	}
	err = s.change(func(c *contents) error {
		last := &c.Platform[len(c.Platform)-1]
		if now < last.SignsFrom {
			return fmt.Errorf("%w: %s signs from %s", ErrRotating, last.Serial, time.UnixMilli(last.SignsFrom).UTC().Format(time.RFC3339))
		}
		next, err := nextPlatformKey(c, keys[0], now)
		if err != nil {
			return err
		}
		next.ListedFrom, next.SignsFrom = now, now+overlap.Milliseconds()
		last.ListedUntil = next.SignsFrom + afterSwitch.Milliseconds()
		c.Platform = append(c.Platform, next)
		serial = next.Serial
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("rotate platform certificate: %w", err)
	}
	return serial, nil
}

func nextPlatformKey(c *contents, key *rsa.PrivateKey, now int64) (platformKey, error) {
	root, err := pki.NewIssuer(c.Root)
	if err != nil {
		return platformKey{}, err
	}
	last, err := seal.ParseCertificateDER(c.Platform[len(c.Platform)-1].Cert)
	if err != nil {
		return platformKey{}, err
	}
	from := time.UnixMilli(now).Add(-pki.Backdate)
	if earliest := last.NotBefore.Add(time.Second); from.Before(earliest) {
		from = earliest
	}
	return newPlatformKey(root, key, from)
}

func newPlatformKey(root *pki.Issuer, key *rsa.PrivateKey, from time.Time) (platformKey, error) {
	from = from.UTC().Truncate(time.Second)
	issued, err := root.Issue(&x509.Certificate{
		Subject:   pkix.Name{CommonName: root.Cert.Subject.CommonName + " sign", Organization: []string{"Holdfast"}, OrganizationalUnit: []string{"platform"}},
		NotBefore: from,
		NotAfter:  from.AddDate(leafYears, 0, 0),
		KeyUsage:  x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}, key)
	if err != nil {
		return platformKey{}, err
	}
	cert, err := x509.ParseCertificate(issued.Cert)
	if err != nil {
		return platformKey{}, fmt.Errorf("read what was issued: %w", err)
	}
	return platformKey{Pair: issued, Serial: seal.Serial(cert)}, nil
}
