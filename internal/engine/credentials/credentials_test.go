package credentials

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFirst(t *testing.T) {
	t.Parallel()
	c := first(t, ours(), "n1")
	if got := c.Node(); got != (Holder{"n1", 7, "127.0.0.1:7445"}) {
		t.Errorf("node %+v", got)
	}
	if err := c.Valid(); err != nil || !bytes.Equal(c.CA(), ours().Cluster().CA()) {
		t.Errorf("valid %v; the CA is ours: %v", err, bytes.Equal(c.CA(), ours().Cluster().CA()))
	}
	if left := time.Until(c.RenewAt()); left < 13*24*time.Hour || left > 16*24*time.Hour {
		t.Errorf("renewed in %v", left)
	}
	for name, want := range map[string]fs.FileMode{"": 0o700, keyFile: 0o600, certFile: 0o644, caFile: 0o644, nodeFile: 0o644} {
		info, err := os.Stat(filepath.Join(c.Dir(), name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode().Perm(), err)
		}
	}
	again, err := Load(c.Dir())
	if err != nil || again.Node() != c.Node() || !again.Expires().Equal(c.Expires()) {
		t.Errorf("loaded %+v, %v", again.Node(), err)
	}
	if _, err := First(c.Dir(), ours(), c.Node()); !errors.Is(err, ErrExists) {
		t.Errorf("a second time: %v", err)
	}
	if _, err := First(filepath.Join(t.TempDir(), "c"), ours(), Holder{Name: "N 1"}); err == nil {
		t.Error("a bad name passed")
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	other, foreign := first(t, ours(), "n2"), first(t, theirs(), "n1")
	copyFrom := func(from *Credentials, name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			text, err := os.ReadFile(filepath.Join(from.Dir(), name))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	write := func(name, text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		harm func(*testing.T, string)
		says string
	}{
		"no certificate":       {func(t *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, certFile)) }, "holdfast cluster init"},
		"another node's cert":  {copyFrom(other, certFile), "not the certificate of the key"},
		"another cluster's CA": {copyFrom(foreign, caFile), "not a node's certificate of the CA"},
		"another name":         {copyFrom(other, nodeFile), `is of node "n1" and node.json says "n2"`},
		"an empty key":         {write(keyFile, ""), "node.key does not hold a PEM block"},
		"an empty cert":        {write(certFile, ""), "node.crt does not hold a PEM block"},
		"half a cert":          {write(certFile, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "cannot be read"},
		"half a name":          {write(nodeFile, `{"name":`), "cannot be read"},
		"a bad id":             {write(nodeFile, `{"name":"n1","cluster_id":"x"}`), "cluster_id"},
		"a key for all":        {func(t *testing.T, dir string) { _ = os.Chmod(filepath.Join(dir, keyFile), 0o644) }, "chmod 600"},
		"a folder for a file":  {func(t *testing.T, dir string) { swapForFolder(t, filepath.Join(dir, caFile)) }, caFile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := first(t, ours(), "n1")
			c.harm(t, own.Dir())
			_, err := Load(own.Dir())
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %q", err, c.says)
			}
			if own.Reload() == nil || own.Node().Name != "n1" || own.Valid() != nil {
				t.Error("a failed reload lost what was loaded")
			}
		})
	}
	if _, err := Load(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
}

func swapForFolder(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
}

func TestBind(t *testing.T) {
	t.Parallel()
	c := first(t, ours(), "n1")
	if err := c.Bind(7); err != nil {
		t.Fatal(err)
	}
	if err := c.Bind(8); err == nil || !strings.Contains(err.Error(), "is of cluster 0000000000000008 and the credentials") {
		t.Errorf("bound to another cluster: %v", err)
	}
	fresh, err := First(filepath.Join(t.TempDir(), "c"), ours(), Holder{Name: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(fresh.Bind(9), fresh.SetAddress("n1.example:7445")); err != nil {
		t.Fatal(err)
	}
	again, err := Load(fresh.Dir())
	if err != nil || again.Node() != (Holder{"n1", 9, "n1.example:7445"}) || fresh.Node() != again.Node() {
		t.Errorf("%+v, %v", again.Node(), err)
	}
}

func TestValid(t *testing.T) {
	t.Parallel()
	c := first(t, ours(), "n1")
	for name, k := range map[string]struct {
		at   time.Time
		want error
		says string
	}{
		"expired": {time.Now().AddDate(0, 0, 31), ErrExpired, "the certificate of node n1 expired at "},
		"not yet": {time.Now().AddDate(0, 0, -1), ErrNotYet, "set the wrong one right"},
		"valid":   {time.Now(), nil, ""},
	} {
		own, err := load(c.Dir(), func() time.Time { return k.at })
		if err != nil {
			t.Fatal(err)
		}
		if err := own.Valid(); !errors.Is(err, k.want) || err != nil && !strings.Contains(err.Error(), k.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
