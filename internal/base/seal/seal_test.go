package seal_test

import (
	"crypto/rsa"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

//go:embed testdata
var testdata embed.FS

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := testdata.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func merchantKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := seal.ParsePrivateKey(file(t, "merchant_key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// The vectors of the wire reference.
func TestMessageVectors(t *testing.T) {
	t.Parallel()
	const nonce, answerNonce = "ABCDEFGHIJKLMNOP0123456789abcdef", "abcdefghijklmnopqrstuvwxyz012345"
	for _, c := range []struct {
		name    string
		message []byte
		length  int
		sum     string
	}{
		{"query", seal.RequestMessage("GET", "/v3/pay/transactions/out-trade-no/T-1?mchid=1900000001", "1700000000", nonce, nil),
			104, "f585dcae82344690ef68ddce72a84426065b906ee1ea07aebc6bb43a731e5a17"},
		{"close", seal.RequestMessage("POST", "/v3/pay/transactions/out-trade-no/T-1/close", "1700000000", nonce, []byte(`{"mchid":"1900000001"}`)),
			116, "60e5e37ac6a3ee88745c958e012da3c15ed0eaffef9075ef8dbc15a786633504"},
		{"close as the Go client sends it", seal.RequestMessage("POST", "/v3/pay/transactions/out-trade-no/T-1/close", "1700000000", nonce, []byte("{\"mchid\":\"1900000001\"}\n")),
			117, "312bf3f2234861efab497863e3a2674cc5fb0d120d5dff141a9267fcef78f4ff"},
		{"answer 204", seal.AnswerMessage("1700000000", answerNonce, nil),
			45, "bf03b1346e76b2348c441209e495441e69ea16746be5d6d3cbf67dfc1d13715e"},
		{"answer 200", seal.AnswerMessage("1700000000", answerNonce, []byte(`{"prepay_id":"wx0001"}`)),
			67, "140c69a7c849ce057dc727878a8f01924b42c5fe31d93dcfe3a3dd86be3ce68a"},
	} {
		sum := sha256.Sum256(c.message)
		if len(c.message) != c.length || hex.EncodeToString(sum[:]) != c.sum {
			t.Errorf("%s: %d bytes, sum %x; message %q", c.name, len(c.message), sum, c.message)
		}
	}
}

func TestInvocationMessage(t *testing.T) {
	t.Parallel()
	got := seal.InvocationMessage("wx2421b1c4370ec43b", "1554208460", "593BEC0C930BF1AFEB40B4A08C8FB242", "prepay_id=wx201410272009395522657a690389285100")
	want := "wx2421b1c4370ec43b\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\nprepay_id=wx201410272009395522657a690389285100\n"
	if string(got) != want {
		t.Errorf("message is %q", got)
	}
}

func TestSignAgreesWithOpenSSL(t *testing.T) {
	t.Parallel()
	key, message, want := merchantKey(t), file(t, "close.txt"), string(file(t, "close.sig"))
	got, err := seal.Sign(key, message)
	if err != nil || got != want {
		t.Errorf("Sign = %s, %v", got, err)
	}
	if err := seal.Verify(&key.PublicKey, message, want); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	key, message, good := merchantKey(t), file(t, "close.txt"), string(file(t, "close.sig"))
	for name, c := range map[string]struct {
		message   []byte
		signature string
		wrong     bool // well-formed and wrong, rather than malformed
	}{
		"other message":      {message[1:], good, true},
		"other signature":    {message, good[4:8] + good[:340-4] + good[340:], true},
		"empty":              {message, "", false},
		"short":              {message, good[:340], false},
		"long":               {message, good + "AAAA", false},
		"a probe":            {message, "WECHATPAY/SIGNTEST/" + good, false},
		"line break":         {message, good[:100] + "\n" + good[101:], false},
		"url alphabet":       {message, "-_" + good[2:], false},
		"padding in the mid": {message, good[:100] + "==" + good[102:], false},
	} {
		err := seal.Verify(&key.PublicKey, c.message, c.signature)
		if err == nil || (err == seal.ErrSignature) != c.wrong {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEqualSecret(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{{"", "", true}, {"a", "a", true}, {"a", "b", false}, {"a", "aa", false}, {"a", "", false}} {
		if got := seal.EqualSecret(c.a, c.b); got != c.want {
			t.Errorf("EqualSecret(%q, %q) = %v", c.a, c.b, got)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte("message"), "")
	f.Add(file(f, "close.txt"), string(file(f, "close.sig")))
	f.Add([]byte("x"), "WECHATPAY/SIGNTEST/")
	key, genuine := merchantKey(f), string(file(f, "close.txt"))
	good := string(file(f, "close.sig"))
	f.Fuzz(func(t *testing.T, message []byte, signature string) {
		err := seal.Verify(&key.PublicKey, message, signature)
		if (err == nil) != (string(message) == genuine && signature == good) {
			t.Errorf("message %q with signature %q: %v", message, signature, err)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	key, message := merchantKey(b), file(b, "close.txt")
	for b.Loop() {
		if _, err := seal.Sign(key, message); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	key, message, signature := merchantKey(b), file(b, "close.txt"), string(file(b, "close.sig"))
	b.ReportAllocs()
	for b.Loop() {
		if err := seal.Verify(&key.PublicKey, message, signature); err != nil {
			b.Fatal(err)
		}
	}
}
