package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// minToken is the least length of a token: 128 bits as rand.Text writes them.
const minToken = 26

// rootName is who presents the keystore's own token.
const rootName = "root"

// NamedTokenFile is where an operator may give further people tokens of their
// own, so that the journal says who did what.
func NamedTokenFile(dir string) string { return filepath.Join(dir, "admin.tokens") }

// Tokens are the bearer tokens that may administer a node: the keystore's own
// (DIR/admin.token), whose actor is "admin/root", and those of an optional
// file with one `name token` a line, whose actors are "admin/<name>". In the
// file, lines that begin with # and empty lines are skipped.
//
// A presented token is compared with each in constant time, by hash, so that
// neither a token's length nor a shared beginning shows.
type Tokens struct {
	root func(presented string) bool
	path string
	list atomic.Pointer[[]token]
}

type token struct {
	name string
	hash [sha256.Size]byte
}

// OpenTokens reads the file of named tokens, if there is one. root tells the
// keystore's token; it compares in constant time.
func OpenTokens(path string, root func(presented string) bool) (*Tokens, error) {
	t := &Tokens{path: path, root: root}
	t.list.Store(&[]token{})
	return t, t.Reload()
}

// Reload reads the file again; on an error the old tokens stay. A file that
// others may read is refused.
func (t *Tokens) Reload() error {
	info, err := os.Stat(t.path)
	if errors.Is(err, os.ErrNotExist) {
		t.list.Store(&[]token{})
		return nil
	}
	if err != nil {
		return fmt.Errorf("admin tokens: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("admin tokens: %s may be read by others (mode %04o); run chmod 600 %s", t.path, info.Mode().Perm(), t.path)
	}
	text, err := os.ReadFile(t.path)
	if err != nil {
		return fmt.Errorf("admin tokens: %w", err)
	}
	list, err := parseTokens(string(text))
	if err != nil {
		return fmt.Errorf("admin tokens: %s: %w", t.path, err)
	}
	t.list.Store(&list)
	return nil
}

// parseTokens reads the file's lines. Errors never quote a line: it may hold a
// secret.
func parseTokens(text string) ([]token, error) {
	var list []token
	seen := map[string]bool{rootName: true}
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, secret, ok := strings.Cut(line, " ")
		secret = strings.TrimSpace(secret)
		switch {
		case !ok || strings.ContainsAny(secret, " \t"):
			return nil, fmt.Errorf("line %d is not `name token`", i+1)
		case !validName(name):
			return nil, fmt.Errorf("line %d: a name is 1 to 32 of 0-9 A-Z a-z _ . -", i+1)
		case seen[name]:
			return nil, fmt.Errorf("line %d: the name %s is taken", i+1, name)
		case len(secret) < minToken:
			return nil, fmt.Errorf("line %d: a token has at least %d characters", i+1, minToken)
		}
		seen[name] = true
		list = append(list, token{name, sha256.Sum256([]byte(secret))})
	}
	return list, nil
}

func validName(s string) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 32
}

// Who returns the name behind a request's bearer token.
func (t *Tokens) Who(h http.Header) (name string, ok bool) {
	secret, found := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if !found || secret == "" {
		return "", false
	}
	if t.root(secret) {
		name, ok = rootName, true
	}
	hash := sha256.Sum256([]byte(secret))
	for _, k := range *t.list.Load() { // all of them, whichever matches
		if subtle.ConstantTimeCompare(hash[:], k.hash[:]) == 1 {
			name, ok = k.name, true
		}
	}
	return name, ok
}

// ReadToken reads a file that holds one token: bare, or as `name token`.
func ReadToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the admin token: %w", err)
	}
	words := strings.Fields(string(text))
	if len(words) == 0 || len(words) > 2 || len(words[len(words)-1]) < minToken {
		return "", fmt.Errorf("read the admin token: %s does not hold one token", path)
	}
	return words[len(words)-1], nil
}
