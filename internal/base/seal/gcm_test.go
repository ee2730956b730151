package seal_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

const apiv3 = "0123456789abcdef0123456789ABCDEF"

// The vectors of the wire reference.
func TestGCMVectors(t *testing.T) {
	t.Parallel()
	const nonce = "61f9c719728a"
	for _, c := range []struct{ plain, aad, sealed string }{
		{"hello wechatpay", "certificate", "p3BWXcZyU8YgtTPQAxGDvXO5tCRY0+4b0s0kPMMkzQ=="},
		{`{"trade_state":"SUCCESS"}`, "transaction", "tDdOQ8g2QfwwqTPQFlLA2VVYjywzgd2nj35g9kbS05TllM6OyRVc/e8="},
		{`{"trade_state":"SUCCESS"}`, "", "tDdOQ8g2QfwwqTPQFlLA2VVYjywzgd2nj4+Ea5Fp5IeXOcO9cgyC41U="},
	} {
		got, err := seal.Seal([]byte(apiv3), nonce, c.aad, []byte(c.plain))
		if err != nil || got != c.sealed {
			t.Errorf("Seal(%q, %q) = %s, %v", c.plain, c.aad, got, err)
		}
		plain, err := seal.Open([]byte(apiv3), nonce, c.aad, c.sealed)
		if err != nil || string(plain) != c.plain {
			t.Errorf("Open(%q) = %q, %v", c.sealed, plain, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	const nonce, good = "61f9c719728a", "p3BWXcZyU8YgtTPQAxGDvXO5tCRY0+4b0s0kPMMkzQ=="
	for name, c := range map[string]struct {
		key, nonce, aad, sealed string
		altered                 bool // ErrOpen
	}{
		"other key":     {apiv3[1:] + "0", nonce, "certificate", good, true},
		"other nonce":   {apiv3, "61f9c719728b", "certificate", good, true},
		"other aad":     {apiv3, nonce, "certificat", good, true},
		"altered":       {apiv3, nonce, "certificate", "q" + good[1:], true},
		"no tag":        {apiv3, nonce, "certificate", "p3BW", true},
		"empty":         {apiv3, nonce, "certificate", "", true},
		"no base64":     {apiv3, nonce, "certificate", "!" + good[1:], false},
		"short key":     {apiv3[1:], nonce, "certificate", good, false},
		"hex nonce":     {apiv3, "61f9c719728a61f9c719728a", "certificate", good, false},
		"without nonce": {apiv3, "", "certificate", good, false},
	} {
		plain, err := seal.Open([]byte(c.key), c.nonce, c.aad, c.sealed)
		if err == nil || plain != nil || errors.Is(err, seal.ErrOpen) != c.altered {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
	}
	if _, err := seal.Seal([]byte("short"), nonce, "", nil); err == nil {
		t.Error("sealed under a short key")
	}
	if _, err := seal.Seal([]byte(apiv3), "short", "", nil); err == nil {
		t.Error("sealed under a short nonce")
	}
}

func TestSealAndOpenAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		aad := rapid.String().Draw(t, "aad")
		nonce := seal.DeriveNonce(key, rapid.Uint64().Draw(t, "notice"), plain)
		sealed, err := seal.Seal(key, nonce, aad, plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := seal.Open(key, nonce, aad, sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("sealed %x, opened %x, %v", plain, got, err)
		}
		raw, _ := base64.StdEncoding.DecodeString(sealed)
		bit := rapid.IntRange(0, 8*len(raw)-1).Draw(t, "bit")
		raw[bit/8] ^= 1 << (bit % 8)
		if _, err := seal.Open(key, nonce, aad, base64.StdEncoding.EncodeToString(raw)); !errors.Is(err, seal.ErrOpen) {
			t.Fatalf("one bit flipped and it opens: %v", err)
		}
	})
}

// Reckoned with Python's hmac, from the sentence in DeriveNonce's comment.
func TestNonceVectors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		notice uint64
		plain  string
		want   string
	}{
		{17, `{"trade_state":"SUCCESS"}`, "q1ALlPAPgCnX"},
		{18, `{"trade_state":"SUCCESS"}`, "WeQ7hlxTSS-A"},
		{17, `{"trade_state":"REFUND"}`, "3hrMS-A1VPpl"},
		{0, "", "sRMmTkZfQAbG"},
	} {
		if got := seal.DeriveNonce([]byte(apiv3), c.notice, []byte(c.plain)); got != c.want {
			t.Errorf("nonce of notice %d, %q is %s, want %s", c.notice, c.plain, got, c.want)
		}
	}
}

func TestNoncesDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for notice := range uint64(20_000) {
		for _, key := range []string{apiv3, apiv3[1:] + "G"} {
			for _, plain := range []string{"a", "b"} {
				nonce := seal.DeriveNonce([]byte(key), notice, []byte(plain))
				who := fmt.Sprint(key, notice, plain)
				if other, ok := seen[nonce]; ok || len(nonce) != seal.NonceSize {
					t.Fatalf("nonce %q of %s was %s's", nonce, who, other)
				}
				seen[nonce] = who
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add("61f9c719728a", "certificate", "p3BWXcZyU8YgtTPQAxGDvXO5tCRY0+4b0s0kPMMkzQ==")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, nonce, aad, sealed string) {
		plain, err := seal.Open([]byte(apiv3), nonce, aad, sealed)
		if err != nil {
			return
		}
		again, err := seal.Seal([]byte(apiv3), nonce, aad, plain)
		if err != nil || again != sealed {
			t.Errorf("%q opens to %q, which seals to %q, %v", sealed, plain, again, err)
		}
	})
}
