package seal_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

func TestPEMRoundTrips(t *testing.T) {
	t.Parallel()
	key := merchantKey(t)
	if text, err := seal.PrivateKeyPEM(key); err != nil || !bytes.Equal(text, file(t, "merchant_key.pem")) {
		t.Errorf("private key is written %s, %v", text, err)
	}
	public, err := seal.ParsePublicKey(file(t, "merchant_pub.pem"))
	if err != nil || !public.Equal(&key.PublicKey) {
		t.Fatalf("public key: %v", err)
	}
	if text, err := seal.PublicKeyPEM(public); err != nil || !bytes.Equal(text, file(t, "merchant_pub.pem")) {
		t.Errorf("public key is written %s, %v", text, err)
	}
	cert, err := seal.ParseCertificate(file(t, "merchant_cert.pem"))
	if err != nil || !seal.CertificateKey(cert).Equal(&key.PublicKey) {
		t.Fatalf("certificate: %v", err)
	}
	if text := seal.CertificatePEM(cert.Raw); !bytes.Equal(text, file(t, "merchant_cert.pem")) {
		t.Errorf("certificate is written %s", text)
	}
	if got, want := seal.Serial(cert), "0A57F09EFDC096DE15EBE81A47057A7232F1B8E1"; got != want {
		t.Errorf("serial is %s, want %s", got, want)
	}
}

func TestPEMRefuses(t *testing.T) {
	t.Parallel()
	certificate := func(b []byte) error { _, err := seal.ParseCertificate(b); return err }
	public := func(b []byte) error { _, err := seal.ParsePublicKey(b); return err }
	private := func(b []byte) error { _, err := seal.ParsePrivateKey(b); return err }
	good := file(t, "merchant_cert.pem")
	for name, c := range map[string]struct {
		parse func([]byte) error
		text  []byte
		says  string
	}{
		"empty":                {certificate, nil, "want -----BEGIN CERTIFICATE-----"},
		"a key as certificate": {certificate, file(t, "merchant_key.pem"), `want "CERTIFICATE"`},
		"two certificates":     {certificate, append(bytes.Clone(good), good...), "exactly one"},
		"cut":                  {certificate, good[:len(good)-100], "no PEM block"},
		"short certificate":    {certificate, file(t, "short_cert.pem"), "1024 bits"},
		"EC certificate":       {certificate, file(t, "ec_cert.pem"), "no RSA key"},
		"too long":             {certificate, append(bytes.Clone(good), bytes.Repeat([]byte(" "), 64<<10)...), "more than"},
		"garbage inside":       {certificate, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "parse certificate"},
		"short public key":     {public, file(t, "short_pub.pem"), "1024 bits"},
		"EC public key":        {public, file(t, "ec_pub.pem"), "not RSA"},
		"certificate as key":   {public, good, `want "PUBLIC KEY"`},
		"PKCS #1":              {private, file(t, "pkcs1_key.pem"), `want "PRIVATE KEY"`},
		"short private key":    {private, file(t, "short_key.pem"), "1024 bits"},
		"EC private key":       {private, file(t, "ec_key.pem"), "not RSA"},
	} {
		if err := c.parse(c.text); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want it to say %q", name, err, c.says)
		}
	}
}

func TestNormalSerial(t *testing.T) {
	t.Parallel()
	const want = "0A57F09EFDC096DE15EBE81A47057A7232F1B8E1"
	for _, s := range []string{want, want[1:], strings.ToLower(want), "00" + want, strings.ToLower(want[1:])} {
		if got, ok := seal.NormalSerial(s); !ok || got != want {
			t.Errorf("NormalSerial(%q) = %q, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "0", "000", want + "AA", "0x12", "12 34", "PUB_KEY_ID_0114232134912410000000000000", strings.Repeat("0", 100)} {
		if got, ok := seal.NormalSerial(s); ok {
			t.Errorf("NormalSerial(%q) = %q", s, got)
		}
	}
}

func TestNewSerial(t *testing.T) {
	t.Parallel()
	for first := range 256 {
		raw := bytes.Repeat([]byte{0xff}, 20)
		raw[0] = byte(first)
		serial, err := seal.NewSerial(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if b := serial.Bytes(); len(b) != 20 || b[0] < 0x10 || b[0] >= 0x80 {
			t.Errorf("first byte %#x gives serial %x", first, b)
		}
	}
	if _, err := seal.NewSerial(strings.NewReader("short")); err == nil {
		t.Error("a serial number came from too little randomness")
	}
}

func TestFieldAgreesWithOpenSSL(t *testing.T) {
	t.Parallel()
	got, err := seal.DecryptField(merchantKey(t), string(file(t, "name.enc")))
	if err != nil || got != "张三" {
		t.Errorf("DecryptField = %q, %v", got, err)
	}
}

func TestField(t *testing.T) {
	t.Parallel()
	key := merchantKey(t)
	for _, value := range []string{"", "张三", strings.Repeat("x", 214)} {
		sealed, err := seal.EncryptField(rand.Reader, &key.PublicKey, value)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := seal.DecryptField(key, sealed); err != nil || got != value {
			t.Errorf("%q came back as %q, %v", value, got, err)
		}
	}
	if _, err := seal.EncryptField(rand.Reader, &key.PublicKey, strings.Repeat("x", 215)); err == nil {
		t.Error("encrypted 215 bytes")
	}
	for _, bad := range []string{"", "!", "AAAA", string(file(t, "close.sig"))} {
		if got, err := seal.DecryptField(key, bad); err != seal.ErrField {
			t.Errorf("DecryptField(%q) = %q, %v", bad, got, err)
		}
	}
}

func FuzzParseCertificate(f *testing.F) {
	for _, name := range []string{"merchant_cert.pem", "short_cert.pem", "ec_cert.pem", "merchant_pub.pem"} {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cert, err := seal.ParseCertificate(text)
		if err != nil {
			return
		}
		if seal.CertificateKey(cert) == nil {
			t.Error("accepted a certificate without an RSA key")
		}
		serial := seal.Serial(cert)
		if got, ok := seal.NormalSerial(serial); !ok || got != serial {
			t.Errorf("serial %s is normalized to %q, %v", serial, got, ok)
		}
		again, err := seal.ParseCertificate(seal.CertificatePEM(cert.Raw))
		if err != nil || !again.Equal(cert) {
			t.Errorf("written and read again: %v", err)
		}
	})
}

func FuzzParsePublicKey(f *testing.F) {
	for _, name := range []string{"merchant_pub.pem", "short_pub.pem", "ec_pub.pem"} {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := seal.ParsePublicKey(text)
		if err == nil && (key.N.BitLen() < 2048 || key.N.BitLen() > 4096) {
			t.Errorf("accepted a key of %d bits", key.N.BitLen())
		}
	})
}

func FuzzNormalSerial(f *testing.F) {
	f.Add("0A57F09EFDC096DE15EBE81A47057A7232F1B8E1")
	f.Add("000")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := seal.NormalSerial(s)
		if !ok {
			return
		}
		if again, ok := seal.NormalSerial(strings.ToLower("0" + got)); !ok || again != got {
			t.Errorf("%q is normalized to %q and then to %q, %v", s, got, again, ok)
		}
	})
}
