package wechatv3

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// The verifier and crypto/rsa agree on every signature: right ones, altered
// ones, other encodings, numbers beyond the modulus, and chosen encodings that
// forgeries are made of.
func TestVerifierAgreesWithTheStandardLibrary(t *testing.T) {
	t.Parallel()
	merchant := newKey(t)
	key := &merchant.PublicKey
	v, err := newVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	agree := func(t rapid.TB, message, raw []byte) (right bool) {
		t.Helper()
		digest := sha256.Sum256(message)
		want := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], raw) == nil
		opened, err := v.open(base64.StdEncoding.EncodeToString(raw))
		if got := err == nil && opened == digest; got != want {
			t.Fatalf("signature %x of %q: %v (%v), crypto/rsa says %v", raw, message, got, err, want)
		}
		return want
	}
	rapid.Check(t, func(t *rapid.T) {
		message := rapid.SliceOf(rapid.Byte()).Draw(t, "message")
		digest := sha256.Sum256(message)
		raw, err := rsa.SignPKCS1v15(nil, merchant, crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		if !agree(t, message, raw) || agree(t, append(message, 'x'), raw) {
			t.Fatal("a right signature is wrong, or a wrong one right")
		}
		altered := append([]byte(nil), raw...)
		altered[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		if agree(t, message, altered) {
			t.Fatal("an altered signature is right")
		}
		agree(t, message, rapid.SliceOfN(rapid.Byte(), v.size, v.size).Draw(t, "noise"))
	})
	// Encodings of one's choice, signed with the private key as a plain number.
	digest := sha256.Sum256([]byte("m"))
	right := append(append([]byte(nil), v.head...), digest[:]...)
	for name, change := range map[string]func(e []byte) []byte{
		"right":  func(e []byte) []byte { return e },
		"type 2": func(e []byte) []byte { e[1] = 2; return e },
		"short padding": func(e []byte) []byte {
			return append(append(append([]byte{0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, digestInfo...), digest[:]...), make([]byte, len(e)-11-len(digestInfo)-32)...)
		},
		"hole in padding":  func(e []byte) []byte { e[50] = 0xfe; return e },
		"no NULL":          func(e []byte) []byte { i := len(e) - 32 - 19; e[i+1], e[i+3] = 0x2f, 0x0b; return e },
		"SHA-1's prefix":   func(e []byte) []byte { e[len(e)-32-19+14] = 0; return e },
		"another digest":   func(e []byte) []byte { e[len(e)-1] ^= 1; return e },
		"high byte is set": func(e []byte) []byte { e[0] = 1; return e },
	} {
		number := new(big.Int).SetBytes(change(append([]byte(nil), right...)))
		if number.Cmp(key.N) >= 0 {
			number.Mod(number, key.N)
		}
		raw := new(big.Int).Exp(number, merchant.D, key.N).FillBytes(make([]byte, v.size))
		if got := agree(t, []byte("m"), raw); got != (name == "right") {
			t.Errorf("%s: %v", name, got)
		}
	}
	beyond := new(big.Int).Add(key.N, big.NewInt(2)).FillBytes(make([]byte, v.size))
	agree(t, []byte("m"), beyond)
	agree(t, []byte("m"), make([]byte, v.size))
}

func TestVerifierTellsWhatIsNoSignature(t *testing.T) {
	t.Parallel()
	merchant := newKey(t)
	v, err := newVerifier(&merchant.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	good, err := seal.Sign(merchant, []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	for name, signature := range map[string]string{"empty": "", "short": good[:340], "url-safe": "-" + good[1:], "a line break": good[:343] + "\n", "loose end": good[:341] + "B=="} {
		if _, err := v.open(signature); err == nil || errors.Is(err, seal.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	evil, err := seal.Sign(newKey(t), []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.open(evil); !errors.Is(err, seal.ErrSignature) {
		t.Errorf("another key's signature: %v", err)
	}
	large, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	v, err = newVerifier(&large.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := seal.Sign(large, []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	if digest, err := v.open(signed); err != nil || digest != sha256.Sum256([]byte("m")) {
		t.Errorf("3072 bits: %v", err)
	}
	for _, e := range []int{1, 2, 65536} {
		if _, err := newVerifier(&rsa.PublicKey{N: large.N, E: e}); err == nil {
			t.Errorf("exponent %d is accepted", e)
		}
	}
}
