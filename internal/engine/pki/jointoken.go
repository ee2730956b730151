package pki

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A join token lets one node into the cluster:
//
//	holdfast-join.<id>.<expiry>.<mac>.<CA>
//
//	id      10 random bytes; the members' registry keeps it, so that it is used once
//	expiry  Unix seconds, decimal
//	mac     HMAC-SHA-256, first 16 bytes, over all the rest
//	CA      SHA-256 of the inner CA's certificate: by it the joining node knows
//	        whom it talks to, before it trusts anything else
//
// Bytes are base32 in lower case without padding. The key of the MAC is derived
// from the inner CA's private key: every node makes and checks tokens, and none
// is kept anywhere.
const (
	tokenPrefix = "holdfast-join"
	tokenIDSize = 10
	tokenMAC    = 16
	// TokenValid is how long a token is good for unless said otherwise.
	TokenValid = time.Hour
	// TokenLeast and TokenMost bound it.
	TokenLeast, TokenMost = time.Second, 7 * 24 * time.Hour
)

var tokenText = base32.StdEncoding.WithPadding(base32.NoPadding)

// TokenFault is the kind of thing that is wrong with a join token.
type TokenFault int

// What may be wrong with a join token.
const (
	TokenMalformed TokenFault = iota + 1
	TokenOtherCluster
	TokenWrong
	TokenExpired
	TokenUsed
)

// TokenError refuses a join token: Text is what is wrong, Hint what to do.
// Neither shows any of the token but its end of validity.
type TokenError struct {
	Fault      TokenFault
	Text, Hint string
}

func (e *TokenError) Error() string { return e.Text + "; " + e.Hint }

const newTokenHint = "make another on a node of the cluster: holdfast cluster token"

// JoinToken is a token, read but not yet believed.
type JoinToken struct {
	// ID is what the registry of members keeps of it.
	ID string
	// Expires is the first moment at which it is good no longer.
	Expires time.Time
	// CA is the SHA-256 of the certificate of the cluster's inner CA.
	CA  [sha256.Size]byte
	mac [tokenMAC]byte
}

// NewJoinToken makes a token that is good from now for valid, TokenLeast to
// TokenMost, in whole seconds.
func (c *Cluster) NewJoinToken(now time.Time, valid time.Duration) (string, *JoinToken, error) {
	if valid < TokenLeast || valid > TokenMost {
		return "", nil, errors.New("a join token is valid for 1 s to 7 days")
	}
	var id [tokenIDSize]byte
	rand.Read(id[:])
	// Up to the next whole second, so that no token is good for less than asked.
	expires := time.Unix(now.Add(valid+time.Second-time.Nanosecond).Unix(), 0).UTC()
	t := &JoinToken{ID: tokenWord(id[:]), Expires: expires, CA: c.CAFingerprint()}
	mac, err := c.tokenMAC(t)
	if err != nil {
		return "", nil, err
	}
	t.mac = mac
	return t.text(), t, nil
}

// VerifyJoinToken believes a token or answers a *TokenError. used says whether a
// token's id is taken; a node that repeats its own call, because the answer was
// lost, is the caller's to let through. The registry must keep the id in the
// same step that lets the node in.
func (c *Cluster) VerifyJoinToken(text string, now time.Time, used func(id string) bool) (*JoinToken, error) {
	t, err := ParseJoinToken(text)
	if err != nil {
		return nil, err
	}
	if t.CA != c.CAFingerprint() {
		return nil, &TokenError{TokenOtherCluster, "the join token is for another cluster",
			"make one on a node of the cluster you want to join: holdfast cluster token"}
	}
	want, err := c.tokenMAC(t)
	if err != nil {
		return nil, err
	}
	// The MAC first: what else the token says counts only once it is ours.
	if !hmac.Equal(want[:], t.mac[:]) {
		return nil, &TokenError{TokenWrong, "the join token was not made by this cluster, or was altered", newTokenHint}
	}
	if !now.Before(t.Expires) {
		return nil, &TokenError{TokenExpired, fmt.Sprintf("the join token expired at %s; the clock of the node that checked it says %s",
			t.Expires.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)), newTokenHint}
	}
	if used(t.ID) {
		return nil, &TokenError{TokenUsed, "the join token was used by another node: each lets one node in", newTokenHint}
	}
	return t, nil
}

// ParseJoinToken reads a token, white space around it left out, without
// believing it. A joining node does so: it learns the cluster's CA.
func ParseJoinToken(text string) (*JoinToken, error) {
	malformed := func(why string) error {
		return &TokenError{TokenMalformed, "this is no join token: " + why, "give it whole, as holdfast cluster token printed it"}
	}
	text = strings.TrimSpace(text)
	if len(text) > 256 {
		return nil, malformed("it is too long")
	}
	parts := strings.Split(text, ".")
	if parts[0] != tokenPrefix {
		return nil, malformed("it does not begin with " + tokenPrefix)
	}
	if len(parts) != 5 {
		return nil, malformed("a part of it is missing, or there is one too many")
	}
	t := &JoinToken{ID: parts[1]}
	seconds, err := strconv.ParseInt(parts[2], 10, 64)
	// 10 to 11 digits: the years 2001 to 5138.
	if err != nil || seconds < 1e9 || seconds >= 1e11 || strconv.FormatInt(seconds, 10) != parts[2] {
		return nil, malformed("its time is not readable")
	}
	t.Expires = time.Unix(seconds, 0).UTC()
	var id [tokenIDSize]byte
	if !readTokenWord(parts[1], id[:]) || !readTokenWord(parts[3], t.mac[:]) || !readTokenWord(parts[4], t.CA[:]) {
		return nil, malformed("a part of it is not readable")
	}
	return t, nil
}

// text is the token's written form.
func (t *JoinToken) text() string {
	return t.signed() + "." + tokenWord(t.mac[:]) + "." + tokenWord(t.CA[:])
}

func (t *JoinToken) signed() string {
	return tokenPrefix + "." + t.ID + "." + strconv.FormatInt(t.Expires.Unix(), 10)
}

func (c *Cluster) tokenMAC(t *JoinToken) (mac [tokenMAC]byte, err error) {
	key, err := hkdf.Key(sha256.New, c.key, nil, "holdfast join token: MAC", sha256.Size)
	if err != nil {
		return mac, fmt.Errorf("derive the key of join tokens: %w", err)
	}
	defer clear(key)
	h := hmac.New(sha256.New, key)
	h.Write([]byte(t.signed()))
	h.Write(t.CA[:])
	copy(mac[:], h.Sum(nil))
	return mac, nil
}

func tokenWord(raw []byte) string { return strings.ToLower(tokenText.EncodeToString(raw)) }

// readTokenWord fills raw from exactly the text that tokenWord gives for it.
func readTokenWord(word string, raw []byte) bool {
	got, err := tokenText.DecodeString(strings.ToUpper(word))
	if err != nil || len(got) != len(raw) || tokenWord(got) != word {
		return false
	}
	copy(raw, got)
	return true
}

// ClientTLS is the configuration with which a node that has only the token
// reaches a node of the cluster: TLS 1.3, no certificate of its own, and a
// server that shows the CA that the token names and a certificate of role node
// under it. What is told over it is safe from who stands between.
func (t *JoinToken) ClientTLS(protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: protocols,
		ServerName: serverName,
		// The roots are in the server's own chain, known by their fingerprint:
		// VerifyConnection does all of the verifying.
		InsecureSkipVerify: true,
		VerifyConnection:   func(cs tls.ConnectionState) error { return t.verify(cs.PeerCertificates, time.Now()) },
	}
}

// ErrOtherCA is what the connection fails with when the server's CA is not the
// token's.
var ErrOtherCA = errors.New("the node that answered is not of the cluster that the join token is for")

func (t *JoinToken) verify(shown []*x509.Certificate, now time.Time) error {
	roots := x509.NewCertPool()
	found := false
	for _, c := range shown {
		if c.IsCA && sha256.Sum256(c.Raw) == t.CA {
			roots.AddCert(c)
			found = true
		}
	}
	if !found {
		return ErrOtherCA
	}
	_, err := shown[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: serverName, CurrentTime: now})
	if err != nil {
		return err
	}
	if role, ok := CertRole(shown[0]); !ok || role != RoleNode {
		return fmt.Errorf("server shows role %q, want %q", role, RoleNode)
	}
	return nil
}
