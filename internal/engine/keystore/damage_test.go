package keystore_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

// files lists a keystore's files with content, relative to the data folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "lock" {
			rel, _ := filepath.Rel(dir, path)
			found = append(found, rel)
		}
		return err
	})
	if err != nil || len(found) < 8 {
		t.Fatalf("found %v, %v", found, err)
	}
	return found
}

// Whatever byte of whatever file is altered: Open refuses and names that file,
// and is whole again once it is put back.
//
//test:cases
func TestEveryAlteredByteIsNamed(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	for _, name := range files(t, dir) {
		path := filepath.Join(dir, name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// Each byte of the master key and of the sealed file's header; elsewhere one
		// in 37, beginning at another place in each file.
		each := 0
		if !strings.Contains(name, "public") {
			each = 76
		}
		for at := range good {
			if at >= each && at%37 != len(name)%37 {
				continue
			}
			bad := bytes.Clone(good)
			bad[at] ^= 1 << (at % 8)
			overwrite(t, path, bad)
			expectDamage(t, dir, path, "byte", at)
		}
		overwrite(t, path, good)
		open(t, dir)
	}
}

func TestEveryTruncationIsNamed(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	for _, name := range files(t, dir) {
		path := filepath.Join(dir, name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, length := range []int{0, 1, len(good) / 2, len(good) - 1} {
			overwrite(t, path, good[:length])
			expectDamage(t, dir, path, "length", length)
		}
		overwrite(t, path, append(bytes.Clone(good), 0))
		expectDamage(t, dir, path, "length", len(good)+1)
		overwrite(t, path, good)
	}
	open(t, dir)
}

func expectDamage(t *testing.T, dir, path, what string, n int) {
	t.Helper()
	_, err := keystore.Open(dir, keystore.Options{})
	var damage *keystore.Damage
	if !errors.As(err, &damage) || damage.File != path || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("%s, %s %d: %v", path, what, n, err)
	}
	// Looking must not have repaired it.
	if _, err := keystore.Open(dir, keystore.Options{ReadOnly: true}); err == nil {
		t.Errorf("%s, %s %d: opened read-only", path, what, n)
	}
}

func overwrite(t *testing.T, path string, data []byte) {
	t.Helper()
	// In place: the file keeps its mode, as a file on a bad disk would.
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestMissingCopyIsNamed(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	path := filepath.Join(dir, "keys", "public", "checkpoint.vkey")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err := keystore.Open(dir, keystore.Options{})
	var damage *keystore.Damage
	if !errors.As(err, &damage) || damage.File != path {
		t.Errorf("%v", err)
	}
	// Doing what the hint says helps.
	if !strings.Contains(damage.Hint, "SHA256SUMS") {
		t.Fatalf("hint: %s", damage.Hint)
	}
	if err := os.Remove(filepath.Join(dir, "keys", "public", "SHA256SUMS")); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// A process that dies after replacing the sealed file leaves old copies: they
// are written again, and a reader that may not write takes them as they are.
func TestOldCopiesAfterACrash(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	s := open(t, dir)
	serial, err := s.RotatePlatform(born+hour, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RotateAdminToken(); err != nil {
		t.Fatal(err)
	}
	// Bring the copies back to where they were; one of them half way.
	for _, name := range files(t, made()) {
		if !strings.Contains(name, "public") && name != "admin.token" {
			continue
		}
		old, err := os.ReadFile(filepath.Join(made(), name))
		if err != nil {
			t.Fatal(err)
		}
		overwrite(t, filepath.Join(dir, name), old)
	}
	if err := os.Remove(s.PlatformCertPath(serial)); err != nil {
		t.Fatal(err)
	}
	if _, err := keystore.Open(dir, keystore.Options{ReadOnly: true}); err != nil {
		t.Errorf("read-only: %v", err)
	}
	if _, err := os.Stat(s.PlatformCertPath(serial)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a read-only open has written: %v", err)
	}
	again := open(t, dir)
	if text, err := os.ReadFile(again.PlatformCertPath(serial)); err != nil || len(text) == 0 {
		t.Errorf("the new certificate's copy: %v", err)
	}
	if token, err := keystore.ReadAdminToken(dir); err != nil || !again.VerifyAdminToken(token) {
		t.Errorf("the token's copy: %v", err)
	}
	if _, err := keystore.ReadPublic(dir); err != nil {
		t.Error(err)
	}
}

func TestLeftoverTemporaryFileIsIgnored(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	if err := os.WriteFile(filepath.Join(dir, "keys", ".keystore.sealed.123"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestReadPublic(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	s := open(t, dir)
	// What is public is enough: no master key, no sealed file.
	public := filepath.Join(t.TempDir(), "public")
	if err := os.CopyFS(public, os.DirFS(filepath.Join(dir, "keys", "public"))); err != nil {
		t.Fatal(err)
	}
	p, err := keystore.ReadPublicDir(public)
	if err != nil || p.CheckpointVerifier != s.CheckpointVerifier() {
		t.Fatalf("%v", err)
	}
	if !bytes.Equal(p.Files[s.PublicKey().ID()+".pem"], s.PublicKey().PEM()) {
		t.Error("the public key's file is not there")
	}
	for name := range p.Files {
		if strings.Contains(name, "token") {
			t.Errorf("%s is not public", name)
		}
		path := filepath.Join(public, name)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		overwrite(t, path, append(content, ' '))
		var damage *keystore.Damage
		if _, err := keystore.ReadPublicDir(public); !errors.As(err, &damage) || damage.File != path {
			t.Errorf("%s altered: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := keystore.ReadPublicDir(public); !errors.As(err, &damage) || damage.File != path {
			t.Errorf("%s missing: %v", name, err)
		}
		overwrite(t, path, content)
	}
	if _, err := keystore.ReadPublicDir(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
}

// The public folder must hold nothing that signs.
func TestPublicFolderHoldsNoSecret(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	p, err := keystore.ReadPublic(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range p.Files {
		if bytes.Contains(content, []byte("PRIVATE")) {
			t.Errorf("%s holds a private key", name)
		}
	}
}
