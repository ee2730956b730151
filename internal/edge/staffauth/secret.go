package staffauth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/rule/staff"
)

// Kind is what a secret is of. It begins the text, so that scanners of code and logs
// know one when they see it.
type Kind string

// The kinds of secrets.
const (
	Token   Kind = "hft"
	Session Kind = "hfs"
)

// NewSecret draws a member's token or session: the text, which is shown once and kept
// nowhere, and the hash, which the state keeps. The text is hft_17_ and 32 random bytes
// in base64url.
func NewSecret(of Kind, id uint64) (text string, hash []byte) {
	var random [staff.SecretSize]byte
	rand.Read(random[:])
	return written(of, id, random[:]), hashOf(random[:])
}

// SessionOf is the text of a member's session whose secret somebody else drew, and its
// hash.
func SessionOf(id uint64, secret []byte) (text string, hash []byte) {
	return written(Session, id, secret), hashOf(secret)
}

func written(of Kind, id uint64, random []byte) string {
	return string(of) + "_" + strconv.FormatUint(id, 10) + "_" + base64.RawURLEncoding.EncodeToString(random)
}

func hashOf(random []byte) []byte {
	sum := sha256.Sum256(random)
	return sum[:]
}

// HashOf is the hash of a secret's text, nil of what is none.
func HashOf(text string) []byte {
	s, _ := parse(text)
	return s.hash
}

// secret is what somebody presents.
type secret struct {
	of   Kind
	id   uint64
	hash []byte
}

// parse reads a secret's text. It names its member, so that finding the row tells
// nothing of the secret.
func parse(text string) (s secret, ok bool) {
	of, rest, _ := strings.Cut(text, "_")
	number, random, _ := strings.Cut(rest, "_")
	id, err := strconv.ParseUint(number, 10, 64)
	raw, err2 := base64.RawURLEncoding.Strict().DecodeString(random)
	if err != nil || err2 != nil || len(raw) != staff.SecretSize || Kind(of) != Token && Kind(of) != Session {
		return secret{}, false
	}
	return secret{of: Kind(of), id: id, hash: hashOf(raw)}, true
}
