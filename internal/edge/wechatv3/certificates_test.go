package wechatv3

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const certificatesTarget = "/v3/certificates"

func TestCertificatesGolden(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	s := newTranscript(p, "certificates")
	s.see("one certificate", call{target: certificatesTarget}, "200")
	s.see("as Java asks", call{target: certificatesTarget + "?algorithm_type=RSA"}, "200")
	s.see("all algorithms", call{target: certificatesTarget + "?algorithm_type=ALL"}, "200")
	s.see("an algorithm we have no certificate of", call{target: certificatesTarget + "?algorithm_type=SM2"}, "404 RESOURCE_NOT_EXISTS")
	s.see("an unknown algorithm", call{target: certificatesTarget + "?algorithm_type=DSA"}, "400 PARAM_ERROR")
	p.settings(func(m *pb.MerchantSettings) { m.KeyMode = pb.KeyMode_KEY_MODE_PUBLIC_KEY })
	s.see("public-key mode has none", call{target: certificatesTarget}, "404 RESOURCE_NOT_EXISTS")
	p.core.Must(machine.MerchantAdd, &pb.MerchantAdd{Mchid: "1900000088", Name: "x"})
	keyless := p.issue("1900000088", &p.evil.PublicKey)
	p.core.Must(machine.MerchantCert, keyless)
	s.see("no APIv3 key", call{target: certificatesTarget, mchid: "1900000088", serial: keyless.Serial, key: p.evil}, "401 SIGN_ERROR")
	text := strings.ReplaceAll(s.text.String(), keyless.Serial, "<keyless serial>")
	s.text.Reset()
	s.text.WriteString(text)
	s.compare()
}

// list reads the answer as a client does: every certificate opens with the key,
// has the serial it is listed under, and is dated as listed.
func (p *site) list(t *testing.T, key string) (serials []string, err error) {
	t.Helper()
	got := p.do(call{target: certificatesTarget})
	var answer struct {
		Data []struct {
			Serial    string    `json:"serial_no"`
			Effective time.Time `json:"effective_time"`
			Expire    time.Time `json:"expire_time"`
			Sealed    struct {
				Algorithm, Nonce, Ciphertext string
				Data                         string `json:"associated_data"`
			} `json:"encrypt_certificate"`
		}
	}
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	for _, c := range answer.Data {
		plain, err := seal.Open([]byte(key), c.Sealed.Nonce, c.Sealed.Data, c.Sealed.Ciphertext)
		if err != nil {
			return nil, err
		}
		cert, err := seal.ParseCertificate(plain)
		if err != nil {
			t.Fatal(err)
		}
		if seal.Serial(cert) != c.Serial || len(c.Serial) != 40 || !cert.NotBefore.Equal(c.Effective) || cert.NotAfter.Before(c.Expire) || c.Sealed.Algorithm != "AEAD_AES_256_GCM" {
			t.Errorf("listed as %+v, is %s from %s to %s", c, seal.Serial(cert), cert.NotBefore, cert.NotAfter)
		}
		serials = append(serials, c.Serial)
	}
	return serials, nil
}

func TestCertificatesOpenOnlyWithTheKey(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	if serials, err := p.list(t, apiv3); err != nil || len(serials) != 1 || serials[0] != p.keys.SigningCert(p.core.Now()).ID() {
		t.Errorf("%v, %v", serials, err)
	}
	if _, err := p.list(t, strings.ToLower(apiv3)); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("opened with another key: %v", err)
	}
}

// During a rotation both certificates are listed; who names one gets it.
func TestRotation(t *testing.T) {
	t.Parallel()
	keys, err := keystore.Create(t.TempDir(), keystore.Options{LogName: "test.example", At: edgetest.Start})
	if err != nil {
		t.Fatal(err)
	}
	id, err := keys.PutAPIv3Key(mch, apiv3, edgetest.Start)
	if err != nil {
		t.Fatal(err)
	}
	p := newSite(t, func(c *Config) { c.Keys = keys })
	p.core.Must(machine.MerchantKey, &pb.MerchantKey{Mchid: mch, KeyId: id})
	old := keys.SigningCert(p.core.Now()).ID()
	const overlap = 24 * time.Hour
	next, err := keys.RotatePlatform(p.core.Now(), overlap)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(named string) string {
		t.Helper()
		got := p.do(call{target: certificatesTarget, header: map[string]string{"Wechatpay-Serial": named}})
		signer, ok := keys.Signer(got.header.Get("Wechatpay-Serial"))
		if !ok || seal.Verify(signer.PublicKey(), seal.AnswerMessage(got.header.Get("Wechatpay-Timestamp"), got.header.Get("Wechatpay-Nonce"), []byte(got.body)), got.header.Get("Wechatpay-Signature")) != nil {
			t.Fatalf("answer is not signed by %s: %d %s", got.header.Get("Wechatpay-Serial"), got.status, got.body)
		}
		return signer.ID()
	}
	check := func(when string, listed []string, unnamed, namesOld, namesNew string) {
		t.Helper()
		if got, err := p.list(t, apiv3); err != nil || strings.Join(got, " ") != strings.Join(listed, " ") {
			t.Errorf("%s: listed %v, %v; want %v", when, got, err, listed)
		}
		if a, b, c := signed(""), signed(old), signed(next); a != unnamed || b != namesOld || c != namesNew {
			t.Errorf("%s: unnamed %s, old %s, new %s", when, a, b, c)
		}
	}
	check("at once", []string{next, old}, old, old, next)
	p.core.Sleep(overlap.Milliseconds() - 1)
	check("before the switch", []string{next, old}, old, old, next)
	p.core.Sleep(1)
	check("after the switch", []string{next, old}, next, old, next)
	p.core.Sleep((10 * time.Minute).Milliseconds())
	check("when it is over", []string{next}, next, next, next)
}

// Which key signs, by the merchant's mode and what the request names (wire
// reference, 1.6).
func TestKeyChoiceGolden(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	s := newTranscript(p, "key_choice")
	cert, public := p.keys.SigningCert(p.core.Now()).ID(), p.keys.PublicKey().ID()
	p.core.Order("T-KEY-1", nil)
	for _, mode := range []struct {
		mode                                pb.KeyMode
		none, named, other, public, foreign string
	}{
		{pb.KeyMode_KEY_MODE_CERTIFICATE, cert, cert, cert, cert, cert},
		{pb.KeyMode_KEY_MODE_BOTH, cert, cert, cert, public, public},
		{pb.KeyMode_KEY_MODE_PUBLIC_KEY, public, public, public, public, public},
	} {
		p.settings(func(m *pb.MerchantSettings) { m.KeyMode = mode.mode })
		for _, c := range []struct{ what, serial, want string }{
			{"names no key", "", mode.none},
			{"names the certificate", strings.ToLower(cert), mode.named},
			{"names an unknown certificate", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", mode.other},
			{"names the public key", public, mode.public},
			{"names another public key", "PUB_KEY_ID_0114232134912410000000000000", mode.foreign},
		} {
			got := s.see(mode.mode.String()+", request "+c.what, call{target: "/v3/pay/transactions/out-trade-no/T-KEY-1?mchid=" + mch,
				header: map[string]string{"Wechatpay-Serial": c.serial}}, "200")
			if by := got.header.Get("Wechatpay-Serial"); by != c.want {
				t.Errorf("%s, %s: signed by %s, want %s", mode.mode, c.what, by, c.want)
			}
		}
	}
	s.compare()
}

// A key id without a key is a fault of ours: it is logged, and the merchant
// learns that and no more.
func TestKeyMissingInKeystore(t *testing.T) {
	t.Parallel()
	p := newSite(t)
	p.core.Must(machine.MerchantKey, &pb.MerchantKey{Mchid: mch, KeyId: "apiv3_gone"})
	got := p.do(call{target: certificatesTarget})
	if got.status != 500 || got.code() != "SYSTEM_ERROR" || strings.Contains(got.body, "apiv3_gone") || !strings.Contains(p.log.String(), "apiv3_gone") {
		t.Errorf("%d %s\n%s", got.status, got.body, p.log)
	}
}
