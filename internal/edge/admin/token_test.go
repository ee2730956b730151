package admin

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseTokens(t *testing.T) {
	t.Parallel()
	const secret = "abcdefghijklmnopqrstuvwxyz0123"
	for _, c := range []struct{ name, text, want string }{
		{"none", "# nobody yet\n\n", ""},
		{"two", "alice " + secret + "\nbob.b-1  x" + secret + "\r\n", ""},
		{"no name", secret + "\n", "line 1 is not"},
		{"three words", "alice a " + secret, "line 1 is not"},
		{"odd name", "al/ice " + secret, "line 1: a name"},
		{"root", "root " + secret, "line 1: the name root is taken"},
		{"twice", "a " + secret + "\na " + secret + "x", "line 2: the name a is taken"},
		{"short", "\nalice abc", "line 2: a token has at least"},
	} {
		list, err := parseTokens(c.text)
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, %v; want %q", c.name, list, err, c.want)
		case err != nil && strings.Contains(err.Error(), secret):
			t.Errorf("%s: the error quotes a token: %v", c.name, err)
		}
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "admin.tokens")
	one, two := strings.Repeat("1", 30), strings.Repeat("2", 30)
	tokens, err := OpenTokens(file, func(s string) bool { return s == "the-root" })
	if err != nil {
		t.Fatal(err)
	}
	who := func(token string) string {
		name, _ := tokens.Who(http.Header{"Authorization": {"Bearer " + token}})
		return name
	}
	write := func(text string, mode os.FileMode) error {
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		return tokens.Reload()
	}
	if who("the-root") != "root" || who(one) != "" {
		t.Error("without a file only root is known")
	}
	if err := write("alice "+one, 0o600); err != nil || who(one) != "alice" {
		t.Errorf("after the first reload: %q, %v", who(one), err)
	}
	if err := write("alice "+two, 0o644); err == nil || who(one) != "alice" {
		t.Errorf("a file others may read: %v; alice's old token must still work", err)
	}
	if err := write("bob "+two, 0o600); err != nil || who(one) != "" || who(two) != "bob" {
		t.Errorf("after the second reload: %q, %q, %v", who(one), who(two), err)
	}
	if err := os.Remove(file); err != nil || tokens.Reload() != nil || who(two) != "" {
		t.Error("a file that is gone takes its tokens along")
	}
}

func TestDialRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(strings.Repeat("t", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"127.0.0.1:7443": "not a URL", "ftp://x": "not a URL", "http://10.0.0.1:7443": "plain text", "http://pay.example.com": "plain text",
		"http://127.0.0.1:1": "", "http://[::1]:1": "", "http://localhost:1": "", "https://pay.example.com": "",
	} {
		_, err := Dial(Address{URL: url, TokenFile: file})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
	if _, err := Dial(Address{URL: "https://x", TokenFile: file + ".none"}); err == nil {
		t.Error("dialled without a token")
	}
	if _, err := Dial(Address{URL: "https://x", TokenFile: file, CAFile: file}); err == nil {
		t.Error("a token file is not a certificate")
	}
}
