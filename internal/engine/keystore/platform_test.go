package keystore_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

func serials(certs []keystore.PlatformCert) (list []string) {
	for _, c := range certs {
		list = append(list, c.Serial)
	}
	return list
}

// The rotation as a time line: the new one listed at once, signing after the
// overlap, the old one gone after that.
func TestRotation(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	s := open(t, dir)
	first := s.SigningCert(born).ID()
	at := born + 10*hour
	second, err := s.RotatePlatform(at, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	signs := at + 24*hour
	gone := signs + 5*60*1000
	for _, c := range []struct {
		when   string
		now    int64
		signer string
		listed []string
	}{
		{"before", at - 1, first, []string{first}},
		{"at the rotation", at, first, []string{second, first}},
		{"just before the switch", signs - 1, first, []string{second, first}},
		{"at the switch", signs, second, []string{second, first}},
		{"just before the old one goes", gone - 1, second, []string{second, first}},
		{"afterwards", gone, second, []string{second}},
		{"years later", gone + 20000*hour, second, []string{second}},
		{"a clock before all of them", born - hour, first, nil},
	} {
		for _, s := range []*keystore.Store{s, open(t, dir)} {
			if got := s.SigningCert(c.now).ID(); got != c.signer {
				t.Errorf("%s: %s signs, want %s", c.when, got, c.signer)
			}
			if got := serials(s.PlatformCerts(c.now)); !slices.Equal(got, c.listed) {
				t.Errorf("%s: listed are %v, want %v", c.when, got, c.listed)
			}
		}
	}
	listed := s.PlatformCerts(signs)
	if listed[1].ExpiresAt != gone {
		t.Errorf("the old one expires at %d, it is gone at %d", listed[1].ExpiresAt, gone)
	}
	if listed[0].EffectiveAt <= listed[1].EffectiveAt || listed[0].ExpiresAt <= listed[1].ExpiresAt {
		t.Error("the new one is not the newest by both dates")
	}
	if _, ok := s.Signer(first); !ok {
		t.Error("the old one no longer decrypts")
	}
}

func TestRotationsDoNotOverlap(t *testing.T) {
	t.Parallel()
	s := open(t, copied(t))
	if _, err := s.RotatePlatform(born, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RotatePlatform(born+hour-1, time.Hour); !errors.Is(err, keystore.ErrRotating) {
		t.Errorf("during the overlap: %v", err)
	}
	if _, err := s.RotatePlatform(born+hour, -time.Second); err == nil {
		t.Error("accepted a negative overlap")
	}
}

// Clients choose the newest by NotBefore (Go) or by NotAfter (Java): both must
// grow, even when two rotations fall into one second.
func TestLaterCertificatesAreNewerByBothDates(t *testing.T) {
	t.Parallel()
	s := open(t, copied(t))
	for range 2 {
		if _, err := s.RotatePlatform(born, 0); err != nil {
			t.Fatal(err)
		}
	}
	certs := s.PlatformCerts(born)
	if len(certs) != 3 {
		t.Fatalf("%d certificates", len(certs))
	}
	var newer *x509.Certificate
	for _, c := range certs {
		cert, err := seal.ParseCertificate(c.PEM)
		if err != nil {
			t.Fatal(err)
		}
		if newer != nil && (!cert.NotBefore.Before(newer.NotBefore) || !cert.NotAfter.Before(newer.NotAfter)) {
			t.Errorf("%v to %v is followed by %v to %v", cert.NotBefore, cert.NotAfter, newer.NotBefore, newer.NotAfter)
		}
		newer = cert
		if seal.Serial(cert) != c.Serial || !regexp.MustCompile(`\A[1-7][0-9A-F]{39}\z`).MatchString(c.Serial) {
			t.Errorf("serial %s, certificate's %s", c.Serial, seal.Serial(cert))
		}
		if cert.NotBefore.UnixMilli() > born || cert.NotAfter.Sub(cert.NotBefore) < 5*365*24*time.Hour {
			t.Errorf("valid %v to %v", cert.NotBefore, cert.NotAfter)
		}
		if key := seal.CertificateKey(cert); key.N.BitLen() != 2048 {
			t.Errorf("key of %d bits", key.N.BitLen())
		}
		if _, err := cert.Verify(x509.VerifyOptions{Roots: s.RootPool(), CurrentTime: time.UnixMilli(born + hour), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
			t.Errorf("does not chain to the platform root: %v", err)
		}
	}
}

func TestSigners(t *testing.T) {
	t.Parallel()
	s := open(t, copied(t))
	cert, public := s.SigningCert(born), s.PublicKey()
	if !regexp.MustCompile(`\APUB_KEY_ID_0[0-9]{27}\z`).MatchString(public.ID()) {
		t.Errorf("public key id %s", public.ID())
	}
	if key, err := seal.ParsePublicKey(public.PEM()); err != nil || !key.Equal(public.PublicKey()) {
		t.Errorf("public key's PEM: %v", err)
	}
	for _, signer := range []*keystore.Signer{cert, public} {
		signature, err := signer.Sign([]byte("message"))
		if err != nil || seal.Verify(signer.PublicKey(), []byte("message"), signature) != nil {
			t.Errorf("%s: signature does not verify, %v", signer.ID(), err)
		}
		field, err := seal.EncryptField(rand.Reader, signer.PublicKey(), "张三")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := signer.DecryptField(field); err != nil || got != "张三" {
			t.Errorf("%s decrypts %q, %v", signer.ID(), got, err)
		}
	}
	for _, id := range []string{cert.ID(), strings.ToLower(cert.ID()), "00" + cert.ID()} {
		if found, ok := s.Signer(id); !ok || found != cert {
			t.Errorf("%s was not found", id)
		}
	}
	if found, ok := s.Signer(public.ID()); !ok || found != public {
		t.Errorf("%s was not found", public.ID())
	}
	for _, id := range []string{"", "0", "PUB_KEY_ID_", cert.ID()[1:]} {
		if _, ok := s.Signer(id); ok {
			t.Errorf("%q was found", id)
		}
	}
}

func TestSigningIsConcurrent(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	s := open(t, dir)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				signer := s.SigningCert(born)
				signature, err := signer.Sign([]byte("m"))
				if err != nil || seal.Verify(signer.PublicKey(), []byte("m"), signature) != nil {
					t.Errorf("sign: %v", err)
				}
				if err := s.Reload(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestIssueMerchantCert(t *testing.T) {
	t.Parallel()
	s := open(t, copied(t))
	// Any RSA key will do; finding one takes long.
	key := s.PublicKey().PublicKey()
	der, err := s.IssueMerchantCert(mchid, "示例商店", key, born)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := seal.ParseCertificateDER(der)
	if err != nil || !seal.CertificateKey(cert).Equal(key) || cert.Subject.CommonName != mchid {
		t.Errorf("issued to %v, %v", cert.Subject, err)
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: s.RootPool(), CurrentTime: time.UnixMilli(born), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Errorf("does not chain to the platform root: %v", err)
	}
	if _, err := s.IssueMerchantCert("1", "x", key, born); err == nil {
		t.Error("issued to no merchant number")
	}
}
