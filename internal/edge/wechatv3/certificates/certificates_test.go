package certificates_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/apitest"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const certificatesTarget = "/v3/certificates"

func TestCertificatesGolden(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	s := apitest.NewTranscript(p, "certificates")
	s.See("one certificate", apitest.Call{Target: certificatesTarget}, "200")
	s.See("as Java asks", apitest.Call{Target: certificatesTarget + "?algorithm_type=RSA"}, "200")
	s.See("all algorithms", apitest.Call{Target: certificatesTarget + "?algorithm_type=ALL"}, "200")
	s.See("an algorithm we have no certificate of", apitest.Call{Target: certificatesTarget + "?algorithm_type=SM2"}, "404 RESOURCE_NOT_EXISTS")
	s.See("an unknown algorithm", apitest.Call{Target: certificatesTarget + "?algorithm_type=DSA"}, "400 PARAM_ERROR")
	p.Settings(func(m *pb.MerchantSettings) { m.KeyMode = pb.KeyMode_KEY_MODE_PUBLIC_KEY })
	s.See("public-key mode has none", apitest.Call{Target: certificatesTarget}, "404 RESOURCE_NOT_EXISTS")
	p.Core.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: "1900000088", Name: "x"})
	keyless := p.Issue("1900000088", &p.Evil.PublicKey)
	p.Core.Must(catalogue.MerchantCert, keyless)
	s.See("no APIv3 key", apitest.Call{Target: certificatesTarget, Mchid: "1900000088", Serial: keyless.Serial, Key: p.Evil}, "401 SIGN_ERROR")
	text := strings.ReplaceAll(s.Text.String(), keyless.Serial, "<keyless serial>")
	s.Text.Reset()
	s.Text.WriteString(text)
	s.Compare()
}

// list reads the answer as a client does: every certificate opens with the key,
// has the serial it is listed under, and is dated as listed.
func list(t *testing.T, p *apitest.Site, key string) (serials []string, err error) {
	t.Helper()
	got := p.Do(apitest.Call{Target: certificatesTarget})
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
	if err := json.Unmarshal([]byte(got.Body), &answer); err != nil {
		t.Fatalf("%v: %s", err, got.Body)
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
	p := apitest.New(t)
	if serials, err := list(t, p, apitest.APIv3Key); err != nil || len(serials) != 1 || serials[0] != p.Keys.SigningCert(p.Core.Now()).ID() {
		t.Errorf("%v, %v", serials, err)
	}
	if _, err := list(t, p, strings.ToLower(apitest.APIv3Key)); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("opened with another Key: %v", err)
	}
}

// During a rotation both certificates are listed; who names one gets it.
func TestRotation(t *testing.T) {
	t.Parallel()
	keys, err := keystore.Create(t.TempDir(), keystore.Options{LogName: "test.example", At: edgetest.Start})
	if err != nil {
		t.Fatal(err)
	}
	id, err := keys.PutAPIv3Key(apitest.Mchid, apitest.APIv3Key, edgetest.Start)
	if err != nil {
		t.Fatal(err)
	}
	p := apitest.New(t, func(c *wechatv3.Config) { c.Keys = keys })
	p.Core.Must(catalogue.MerchantKey, &pb.MerchantKey{Mchid: apitest.Mchid, KeyId: id})
	old := keys.SigningCert(p.Core.Now()).ID()
	const overlap = 24 * time.Hour
	next, err := keys.RotatePlatform(p.Core.Now(), overlap)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(named string) string {
		t.Helper()
		got := p.Do(apitest.Call{Target: certificatesTarget, Header: map[string]string{"Wechatpay-Serial": named}})
		signer, ok := keys.Signer(got.Header.Get("Wechatpay-Serial"))
		if !ok || seal.Verify(signer.PublicKey(), seal.AnswerMessage(got.Header.Get("Wechatpay-Timestamp"), got.Header.Get("Wechatpay-Nonce"), []byte(got.Body)), got.Header.Get("Wechatpay-Signature")) != nil {
			t.Fatalf("answer is not signed by %s: %d %s", got.Header.Get("Wechatpay-Serial"), got.Status, got.Body)
		}
		return signer.ID()
	}
	check := func(when string, listed []string, unnamed, namesOld, namesNew string) {
		t.Helper()
		if got, err := list(t, p, apitest.APIv3Key); err != nil || strings.Join(got, " ") != strings.Join(listed, " ") {
			t.Errorf("%s: listed %v, %v; want %v", when, got, err, listed)
		}
		if a, b, c := signed(""), signed(old), signed(next); a != unnamed || b != namesOld || c != namesNew {
			t.Errorf("%s: unnamed %s, old %s, new %s", when, a, b, c)
		}
	}
	check("at once", []string{next, old}, old, old, next)
	p.Core.Sleep(overlap.Milliseconds() - 1)
	check("before the switch", []string{next, old}, old, old, next)
	p.Core.Sleep(1)
	check("after the switch", []string{next, old}, next, old, next)
	p.Core.Sleep((10 * time.Minute).Milliseconds())
	check("when it is over", []string{next}, next, next, next)
}

// Which key signs, by the merchant's mode and what the request names (wire
// reference, 1.6).
func TestKeyChoiceGolden(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	s := apitest.NewTranscript(p, "key_choice")
	cert, public := p.Keys.SigningCert(p.Core.Now()).ID(), p.Keys.PublicKey().ID()
	p.Core.Order("T-KEY-1", nil)
	for _, mode := range []struct {
		mode                                pb.KeyMode
		none, named, other, public, foreign string
	}{
		{pb.KeyMode_KEY_MODE_CERTIFICATE, cert, cert, cert, cert, cert},
		{pb.KeyMode_KEY_MODE_BOTH, cert, cert, cert, public, public},
		{pb.KeyMode_KEY_MODE_PUBLIC_KEY, public, public, public, public, public},
	} {
		p.Settings(func(m *pb.MerchantSettings) { m.KeyMode = mode.mode })
		for _, c := range []struct{ what, Serial, want string }{
			{"names no key", "", mode.none},
			{"names the certificate", strings.ToLower(cert), mode.named},
			{"names an unknown certificate", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", mode.other},
			{"names the public key", public, mode.public},
			{"names another public key", "PUB_KEY_ID_0114232134912410000000000000", mode.foreign},
		} {
			got := s.See(mode.mode.String()+", request "+c.what, apitest.Call{Target: "/v3/pay/transactions/out-trade-no/T-KEY-1?mchid=" + apitest.Mchid,
				Header: map[string]string{"Wechatpay-Serial": c.Serial}}, "200")
			if by := got.Header.Get("Wechatpay-Serial"); by != c.want {
				t.Errorf("%s, %s: signed by %s, want %s", mode.mode, c.what, by, c.want)
			}
		}
	}
	s.Compare()
}

// A key id without a key is a fault of ours: it is logged, and the merchant
// learns that and no more.
func TestKeyMissingInKeystore(t *testing.T) {
	t.Parallel()
	p := apitest.New(t)
	p.Core.Must(catalogue.MerchantKey, &pb.MerchantKey{Mchid: apitest.Mchid, KeyId: "apiv3_gone"})
	got := p.Do(apitest.Call{Target: certificatesTarget})
	if got.Status != 500 || got.Code() != "SYSTEM_ERROR" || strings.Contains(got.Body, "apiv3_gone") || !strings.Contains(p.Log.String(), "apiv3_gone") {
		t.Errorf("%d %s\n%s", got.Status, got.Body, p.Log)
	}
}
