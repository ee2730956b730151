package pki

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"
)

func unused(string) bool { return false }

// newToken makes a token that is good for an hour from now.
func newToken(t testing.TB, s *Cluster, now time.Time) (string, *JoinToken) {
	t.Helper()
	text, token, err := s.NewJoinToken(now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return text, token
}

func TestJoinToken(t *testing.T) {
	t.Parallel()
	s, now := ourCluster(), time.Unix(1795305600, 5)
	text, made := newToken(t, s, now)
	got, err := s.VerifyJoinToken("\n"+text+"\n ", now, unused)
	if err != nil || *got != *made {
		t.Fatalf("made %+v, verified %+v, %v", made, got, err)
	}
	if made.Expires.Before(now.Add(time.Hour)) || made.Expires.After(now.Add(time.Hour+time.Second)) {
		t.Errorf("made at %v it expires at %v", now, made.Expires)
	}
	if again, _ := newToken(t, s, now); again == text {
		t.Error("two tokens are one")
	}
	if _, err := s.VerifyJoinToken(text, made.Expires.Add(-1), unused); err != nil {
		t.Errorf("in its last nanosecond: %v", err)
	}
	for _, valid := range []time.Duration{0, -time.Hour, time.Second - 1, TokenMost + 1} {
		if _, _, err := s.NewJoinToken(now, valid); err == nil {
			t.Errorf("a token for %v", valid)
		}
	}
}

func TestJoinTokenRefusals(t *testing.T) {
	t.Parallel()
	s, now := ourCluster(), time.Unix(1795305600, 0)
	text, made := newToken(t, s, now)
	parts := strings.Split(text, ".")
	with := func(i int, word string) string {
		changed := append([]string(nil), parts...)
		changed[i] = word
		return strings.Join(changed, ".")
	}
	foreign, _ := newToken(t, theirCluster(), now)
	theirs := strings.Split(foreign, ".")
	for name, c := range map[string]struct {
		text string
		at   time.Time
		used bool
		want TokenFault
		says string
	}{
		"expired":             {text, made.Expires, false, TokenExpired, "expired at 2026-11-22T"},
		"used":                {text, now, true, TokenUsed, "used by another node"},
		"another cluster":     {foreign, now, false, TokenOtherCluster, "another cluster"},
		"longer life":         {with(2, "1795999999"), now, false, TokenWrong, "was altered"},
		"another id":          {with(1, theirs[1]), now, false, TokenWrong, "was altered"},
		"another MAC":         {with(3, theirs[3]), now, false, TokenWrong, "was altered"},
		"altered and expired": {with(3, theirs[3]), made.Expires, false, TokenWrong, "was altered"},
		"empty":               {"", now, false, TokenMalformed, "does not begin"},
		"half":                {text[:len(text)/2], now, false, TokenMalformed, ""},
		"one letter short":    {text[:len(text)-1], now, false, TokenMalformed, "not readable"},
		"one part more":       {text + ".x", now, false, TokenMalformed, "one too many"},
		"upper case":          {with(3, strings.ToUpper(parts[3])), now, false, TokenMalformed, "not readable"},
		"no time":             {with(2, "soon"), now, false, TokenMalformed, "time"},
		"time with zeros":     {with(2, "0"+parts[2]), now, false, TokenMalformed, "time"},
		"something else":      {"hfadm_abc", now, false, TokenMalformed, "does not begin"},
		"very long":           {strings.Repeat(text, 5), now, false, TokenMalformed, "too long"},
	} {
		_, err := s.VerifyJoinToken(c.text, c.at, func(id string) bool {
			if id != made.ID {
				t.Errorf("%s: asked for the id %q", name, id)
			}
			return c.used
		})
		var refused *TokenError
		if !errors.As(err, &refused) || refused.Fault != c.want || !strings.Contains(refused.Text, c.says) || refused.Hint == "" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, secret := range parts {
			if i != 0 && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error shows part %d of the token", name, i)
			}
		}
	}
}

// Every single-character change of a token is refused.
func TestEveryAlteredCharacterOfATokenIsRefused(t *testing.T) {
	t.Parallel()
	s, now := ourCluster(), time.Unix(1795305600, 0)
	text, _ := newToken(t, s, now)
	for i := range len(text) {
		for _, c := range []byte{'a', '3', '.', text[i] ^ 1} {
			if c == text[i] {
				continue
			}
			altered := text[:i] + string(c) + text[i+1:]
			if _, err := s.VerifyJoinToken(altered, now, unused); err == nil {
				t.Errorf("accepted with %q at %d", c, i)
			}
		}
	}
}

// FuzzParseJoinToken: what is read has exactly one written form, and nothing
// but what the cluster made is believed.
func FuzzParseJoinToken(f *testing.F) {
	s, now := ourCluster(), time.Unix(1795305600, 0)
	text, made := newToken(f, s, now)
	f.Add(text)
	f.Add(tokenPrefix + "....")
	f.Add(tokenPrefix + ".aaaaaaaaaaaaaaaa.1000000000.aaaaaaaaaaaaaaaaaaaaaaaaaa.aaaa")
	f.Fuzz(func(t *testing.T, in string) {
		token, err := ParseJoinToken(in)
		if err != nil {
			var refused *TokenError
			if !errors.As(err, &refused) || refused.Fault != TokenMalformed {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		if token.text() != strings.TrimSpace(in) {
			t.Fatalf("%q reads as %q", in, token.text())
		}
		if _, err := s.VerifyJoinToken(in, now, unused); (err == nil) != (*token == *made) {
			t.Fatalf("%q: %v", in, err)
		}
	})
}

// Who has only the token knows the right server from every other.
func TestJoinTokenTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := ourCluster(), theirCluster()
	_, token := newToken(t, ours, time.Now())
	serving := func(s *Cluster, cert *tls.Certificate, ca []byte) *tls.Config {
		c := s.NodeTLS()
		c.ClientAuth = tls.NoClientCert
		c.VerifyConnection = nil
		shown := *cert
		if ca != nil {
			shown.Certificate = append([][]byte{cert.Certificate[0]}, ca)
		}
		c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &shown, nil }
		return c
	}
	courier, err := (&leaf{cluster: ours, role: RoleCourier}).certificate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, c := range map[string]struct {
		server *tls.Config
		says   string
	}{
		"a node of the cluster":            {serving(ours, nodeCert(t, ours, "n1", now), ours.CA()), ""},
		"a node that doesn't show its CA":  {serving(ours, nodeCert(t, ours, "n1", now), nil), "not of the cluster"},
		"a node of another cluster":        {serving(theirs, nodeCert(t, theirs, "n1", now), theirs.CA()), "not of the cluster"},
		"a stranger who shows our CA":      {serving(theirs, nodeCert(t, theirs, "n1", now), ours.CA()), "unknown authority"},
		"a courier taken for a node":       {serving(ours, courier, ours.CA()), "certificate"},
		"a node whose certificate expired": {serving(ours, nodeCert(t, ours, "n1", now.AddDate(0, 0, -60)), ours.CA()), "expired"},
	} {
		_, _, err := shake(t, c.server, token.ClientTLS("h2"))
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}
