package httpsig_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/httpsig"
)

var target = httpsig.Target{Method: "POST", Authority: "pay.example.com", Path: "/holdfast.v1.WalletService/Pay"}

func params() httpsig.Params {
	return httpsig.Params{Created: 1780000000, Counter: 17, Key: []byte("0123456789abcdef")}
}

// The text that is signed is written down: a client in another language must come to
// the same bytes.
func TestBaseIsWrittenDown(t *testing.T) {
	t.Parallel()
	want := `"@method": POST
"@authority": pay.example.com
"@path": /holdfast.v1.WalletService/Pay
"content-digest": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
"@signature-params": ("@method" "@authority" "@path" "content-digest");created=1780000000;nonce="17";keyid="MDEyMzQ1Njc4OWFiY2RlZg==";alg="ecdsa-p256-sha256";tag="holdfast-wallet"`
	// The digest is that of RFC 9530's example, B.1.
	if got := httpsig.Base(target, httpsig.Digest([]byte(`{"hello": "world"}`)), params()); got != want {
		t.Errorf("signed is\n%s\nwant\n%s", got, want)
	}
}

// A signature fits one call: whatever is changed, it does not fit any more.
func TestAnAlteredCallIsNotSigned(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"amount":1}`)
	hash := httpsig.Signed(target, httpsig.Digest(body), params())
	sig, err := httpsig.Sign(key, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	p, read, err := httpsig.Parse(httpsig.Input(params()), httpsig.Value(sig))
	if err != nil {
		t.Fatal(err)
	}
	fits := func(t httpsig.Target, body []byte, p httpsig.Params) bool {
		hash := httpsig.Signed(t, httpsig.Digest(body), p)
		return httpsig.Verify(&key.PublicKey, hash[:], read)
	}
	if !fits(target, body, p) {
		t.Fatal("the call that was signed is refused")
	}
	for what, changed := range map[string]func(*httpsig.Target, *[]byte, *httpsig.Params){
		"method":  func(t *httpsig.Target, _ *[]byte, _ *httpsig.Params) { t.Method = "PUT" },
		"host":    func(t *httpsig.Target, _ *[]byte, _ *httpsig.Params) { t.Authority = "pay.example.org" },
		"port":    func(t *httpsig.Target, _ *[]byte, _ *httpsig.Params) { t.Authority += ":8443" },
		"path":    func(t *httpsig.Target, _ *[]byte, _ *httpsig.Params) { t.Path += "?x" },
		"body":    func(_ *httpsig.Target, b *[]byte, _ *httpsig.Params) { *b = []byte(`{"amount":2}`) },
		"time":    func(_ *httpsig.Target, _ *[]byte, p *httpsig.Params) { p.Created++ },
		"counter": func(_ *httpsig.Target, _ *[]byte, p *httpsig.Params) { p.Counter++ },
		"device":  func(_ *httpsig.Target, _ *[]byte, p *httpsig.Params) { p.Key = []byte("0123456789abcdeF") },
	} {
		t2, b2, p2 := target, body, p
		changed(&t2, &b2, &p2)
		if fits(t2, b2, p2) {
			t.Errorf("another %s is accepted", what)
		}
	}
}

func TestHeadersOfAnotherShape(t *testing.T) {
	t.Parallel()
	input, value := httpsig.Input(params()), httpsig.Value(make([]byte, 64))
	for what, h := range map[string][2]string{
		"nothing":            {"", ""},
		"fewer components":   {strings.Replace(input, ` "@path"`, "", 1), value},
		"another order":      {strings.Replace(input, `"@method" "@authority"`, `"@authority" "@method"`, 1), value},
		"another algorithm":  {strings.Replace(input, "ecdsa-p256-sha256", "hmac-sha256", 1), value},
		"another tag":        {strings.Replace(input, httpsig.Tag, "other", 1), value},
		"a leading zero":     {strings.Replace(input, `"17"`, `"017"`, 1), value},
		"a negative counter": {strings.Replace(input, `"17"`, `"-1"`, 1), value},
		"a blank more":       {input + " ", value},
		"another label":      {"sig2" + input[3:], value},
		"a short signature":  {input, httpsig.Value(make([]byte, 63))},
		"no colons":          {input, strings.ReplaceAll(value, ":", "")},
		"a line break":       {input, strings.Replace(value, "AAAA", "AA\nAA", 1)},
	} {
		if _, _, err := httpsig.Parse(h[0], h[1]); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

// FuzzParse: what is accepted is what would have been written.
func FuzzParse(f *testing.F) {
	f.Add(httpsig.Input(params()), httpsig.Value(make([]byte, 64)))
	f.Add("sig=", "sig=::")
	f.Fuzz(func(t *testing.T, input, value string) {
		p, sig, err := httpsig.Parse(input, value)
		if err != nil {
			return
		}
		if httpsig.Input(p) != input || httpsig.Value(sig) != value {
			t.Errorf("%q and %q are read as %v", input, value, p)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	hash := httpsig.Signed(target, httpsig.Digest(nil), params())
	sig, err := httpsig.Sign(key, hash[:])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !httpsig.Verify(&key.PublicKey, hash[:], sig) {
			b.Fatal("refused")
		}
	}
}
