package commitment_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/commitment"
)

// The layout is public: receipts are checked by other people's programs.
func TestCommitIsTheDocumentedHash(t *testing.T) {
	t.Parallel()
	want := sha256.Sum256([]byte("holdfast/commitment/1" +
		"\x00\x00\x00\x04salt" + "\x00\x00\x00\x06openid" + "\x00\x00\x00\x03oX9"))
	got := commitment.Commit([]byte("salt"), "openid", "oX9")
	if !bytes.Equal(got, want[:]) {
		t.Fatalf("Commit = %x, want %x", got, want)
	}
	const golden = "48f0087c1be3fe9537c0393a52316ce5868997515203245ca8eadc1cdd0b5638"
	if hex.EncodeToString(got) != golden {
		t.Fatalf("Commit = %x, want %s", got, golden)
	}
}

func TestFieldSaltIsTheDocumentedHash(t *testing.T) {
	t.Parallel()
	want := sha256.Sum256([]byte("holdfast/commitment-salt/1" + "\x00\x00\x00\x04root" + "\x00\x00\x00\x06openid"))
	got := commitment.FieldSalt([]byte("root"), "openid")
	if !bytes.Equal(got, want[:commitment.SaltSize]) || cap(got) != commitment.SaltSize {
		t.Fatalf("FieldSalt = %x (cap %d), want %x", got, cap(got), want[:commitment.SaltSize])
	}
}

// Moving bytes from one part to the next must give another commitment.
func TestCommitSeparatesItsParts(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, c := range []struct{ salt, field, value string }{
		{"ab", "c", "d"}, {"a", "bc", "d"}, {"a", "b", "cd"}, {"", "abc", "d"}, {"abcd", "", ""},
		{"", "", "abcd"}, {"", "abcd", ""}, {"ab", "cd", ""}, {"\x00\x00\x00\x01a", "", "bcd"},
	} {
		h := string(commitment.Commit([]byte(c.salt), c.field, c.value))
		name := c.salt + "|" + c.field + "|" + c.value
		if other, ok := seen[h]; ok {
			t.Fatalf("%q and %q share a commitment", name, other)
		}
		seen[h] = name
	}
}

func TestOpens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		salt := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "salt")
		field, value := rapid.String().Draw(t, "field"), rapid.String().Draw(t, "value")
		c := commitment.Commit(salt, field, value)
		if !commitment.Opens(commitment.Field(salt, field, value), commitment.FieldSalt(salt, field), field, value) {
			t.Fatal("the derived salt does not open the field")
		}
		if !commitment.Opens(c, salt, field, value) {
			t.Fatal("the parts that made a commitment do not open it")
		}
		if commitment.Opens(c, append(salt, 0), field, value) || commitment.Opens(c, salt, field+"x", value) ||
			commitment.Opens(c, salt, field, value+"x") || commitment.Opens(c[:31], salt, field, value) {
			t.Fatal("other parts open the commitment")
		}
	})
}
