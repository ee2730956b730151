package keystore_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

const (
	// born is when the test keystore's keys are made: 2026-11-22 in the morning.
	born  int64 = 1795305600000
	hour        = int64(3600 * 1000)
	mchid       = "1900000001"
	apiv3       = "0123456789abcdef0123456789ABCDEF"
	log         = "pay.example.com"
)

// home holds what made makes; empty while no test has asked.
var home string

// made is one keystore that all tests copy: finding three RSA keys takes long.
var made = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "keystore")
	if err != nil {
		panic(err)
	}
	home = dir
	s, err := keystore.Create(dir, keystore.Options{LogName: log, At: born})
	if err != nil {
		panic(err)
	}
	if _, err := s.PutAPIv3Key(mchid, apiv3, born); err != nil {
		panic(err)
	}
	return dir
})

func TestMain(m *testing.M) {
	status := m.Run()
	os.RemoveAll(home)
	os.Exit(status)
}

// copied is a data folder with a keystore of its own.
func copied(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(dir, os.DirFS(made())); err != nil {
		t.Fatal(err)
	}
	// CopyFS gives files the modes of the umask.
	if err := os.Chmod(filepath.Join(dir, "keys", "master.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t testing.TB, dir string) *keystore.Store {
	t.Helper()
	s, err := keystore.Open(dir, keystore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCreate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if keystore.Exists(dir) {
		t.Fatal("an empty folder has a keystore")
	}
	s, err := keystore.Create(dir, keystore.Options{LogName: log, At: born})
	if err != nil {
		t.Fatal(err)
	}
	if !keystore.Exists(dir) || s.Generation() != 1 || s.LogName() != log {
		t.Errorf("exists %v, generation %d, log %q", keystore.Exists(dir), s.Generation(), s.LogName())
	}
	for name, want := range map[string]fs.FileMode{
		"keys": 0o700, "keys/master.key": 0o600, "keys/keystore.sealed": 0o600, "keys/public": 0o700, "admin.token": 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v; want %v", name, info.Mode().Perm(), err, want)
		}
	}
	if _, err := keystore.Create(dir, keystore.Options{LogName: log}); !errors.Is(err, keystore.ErrExists) {
		t.Errorf("a second Create: %v", err)
	}
	again := open(t, dir)
	if again.PublicKey().ID() != s.PublicKey().ID() || again.CheckpointVerifier() != s.CheckpointVerifier() {
		t.Error("what was made is not what is opened")
	}
}

func TestOpenWithoutKeystore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := keystore.Open(dir, keystore.Options{})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "keystore.sealed") {
		t.Errorf("an empty folder: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("looking left %v behind, %v", left, err)
	}
}

func TestCreateRefusesNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "a b", "a+b", "a\nb"} {
		if _, err := keystore.Create(t.TempDir(), keystore.Options{LogName: name}); err == nil || !strings.Contains(err.Error(), "log name") {
			t.Errorf("log name %q: %v", name, err)
		}
	}
}

func TestMasterKeyElsewhere(t *testing.T) {
	t.Parallel()
	dir, vault := copied(t), filepath.Join(t.TempDir(), "vault", "the.key")
	if err := os.Mkdir(filepath.Dir(vault), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "keys", "master.key"), vault); err != nil {
		t.Fatal(err)
	}
	if _, err := keystore.Open(dir, keystore.Options{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "master.key") {
		t.Errorf("without its master key: %v", err)
	}
	s, err := keystore.Open(dir, keystore.Options{MasterKey: vault})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutAPIv3Key("1900000002", keystore.NewAPIv3Key(), born); err != nil {
		t.Errorf("change with the master key elsewhere: %v", err)
	}
}

func TestMasterKeyOthersCanRead(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	path := filepath.Join(dir, "keys", "master.key")
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := keystore.Open(dir, keystore.Options{}); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestAPIv3Keys(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	s := open(t, dir)
	id, err := s.PutAPIv3Key(mchid, apiv3, born+hour)
	if err != nil || s.Generation() != 2 {
		t.Fatalf("the same key again: %v, generation %d; want nothing written", err, s.Generation())
	}
	if key, ok := s.APIv3Key(id); !ok || string(key) != apiv3 {
		t.Errorf("key %s is there: %v", id, ok)
	}
	if strings.Contains(id, apiv3) || !strings.HasPrefix(id, "apiv3_"+mchid+"_") {
		t.Errorf("key id %q", id)
	}
	newer := keystore.NewAPIv3Key()
	second, err := s.PutAPIv3Key(mchid, newer, born+hour)
	if err != nil || second == id {
		t.Fatalf("a newer key got id %s, %v", second, err)
	}
	// Both stay: notices sealed under the old one are still owed.
	for want, id := range map[string]string{apiv3: id, newer: second} {
		if key, ok := open(t, dir).APIv3Key(id); !ok || string(key) != want {
			t.Errorf("after reopening, key %s is there: %v", id, ok)
		}
	}
	if back, err := s.PutAPIv3Key(mchid, apiv3, born+2*hour); err != nil || back == id || back == second {
		t.Errorf("going back to the first key gave id %s, %v; want a version of its own", back, err)
	}
	for _, bad := range [][2]string{{"19000", apiv3}, {mchid, "short"}, {mchid, apiv3[1:] + "-"}, {"", ""}} {
		if _, err := s.PutAPIv3Key(bad[0], bad[1], born); err == nil || len(bad[1]) > 5 && strings.Contains(err.Error(), bad[1]) {
			t.Errorf("PutAPIv3Key(%q, ...): %v", bad[0], err)
		}
	}
	if _, ok := s.APIv3Key("apiv3_none"); ok {
		t.Error("found a key that isn't there")
	}
}

func TestNewAPIv3Key(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	counts := map[rune]int{}
	for range 2000 {
		key := keystore.NewAPIv3Key()
		if len(key) != 32 || seen[key] {
			t.Fatalf("key %q", key)
		}
		seen[key] = true
		for _, r := range key {
			counts[r]++
		}
	}
	// 64,000 characters over 62: 1,032 each, standard deviation 32.
	for r, n := range counts {
		if n < 800 || n > 1264 || len(counts) != 62 {
			t.Errorf("%q came %d times of 64,000; %d characters are in use", r, n, len(counts))
		}
	}
}

// Two stores on one folder stand for two processes: each opens the lock file
// for itself.
func TestAnotherProcessChanges(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	cli, node := open(t, dir), open(t, dir)
	id, err := cli.PutAPIv3Key("1900000002", keystore.NewAPIv3Key(), born)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := node.APIv3Key(id); !ok {
		t.Error("the node doesn't see a key that the command line has put")
	}
	if changed, err := node.ReloadIfChanged(); changed || err != nil {
		t.Errorf("nothing changed since: %v, %v", changed, err)
	}
	if _, err := cli.RotatePlatform(born+hour, 0); err != nil {
		t.Fatal(err)
	}
	if changed, err := node.ReloadIfChanged(); !changed || err != nil {
		t.Errorf("a rotation went unnoticed: %v, %v", changed, err)
	}
	if a, b := cli.SigningCert(born+hour).ID(), node.SigningCert(born+hour).ID(); a != b {
		t.Errorf("one signs with %s, the other with %s", a, b)
	}
}

func TestConcurrentChangesAllStay(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	stores := []*keystore.Store{open(t, dir), open(t, dir), open(t, dir)}
	const each = 5
	ids := make([]string, each*len(stores))
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			id, err := stores[i%len(stores)].PutAPIv3Key(fmt.Sprintf("19%08d", i), keystore.NewAPIv3Key(), born)
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
		})
	}
	wg.Wait()
	last := open(t, dir)
	for _, id := range ids {
		if _, ok := last.APIv3Key(id); !ok {
			t.Errorf("key %s was lost", id)
		}
	}
	if want := uint64(2 + len(ids)); last.Generation() != want {
		t.Errorf("generation %d, want %d", last.Generation(), want)
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	s, err := keystore.Open(dir, keystore.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutAPIv3Key("1900000002", keystore.NewAPIv3Key(), born); !errors.Is(err, keystore.ErrReadOnly) {
		t.Errorf("put: %v", err)
	}
	if _, err := s.RotatePlatform(born, 0); !errors.Is(err, keystore.ErrReadOnly) {
		t.Errorf("rotate: %v", err)
	}
	if err := s.RotateAdminToken(); !errors.Is(err, keystore.ErrReadOnly) {
		t.Errorf("rotate token: %v", err)
	}
}

func TestReloadKeepsWhatWasWhenFilesAreGone(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	s := open(t, dir)
	if err := os.Remove(filepath.Join(dir, "keys", "keystore.sealed")); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); err == nil {
		t.Error("reloaded a file that isn't there")
	}
	if _, err := s.ReloadIfChanged(); err == nil {
		t.Error("reloaded a file that isn't there")
	}
	if s.SigningCert(born) == nil || s.Generation() != 2 {
		t.Error("a failed reload lost the keys")
	}
}

func TestCheckpointKey(t *testing.T) {
	t.Parallel()
	s := open(t, copied(t))
	verifier, err := note.NewVerifier(s.CheckpointVerifier())
	if err != nil || verifier.Name() != log {
		t.Fatalf("verifier: %v", err)
	}
	signed, err := note.Sign(&note.Note{Text: log + "\n1\nAAAA\n"}, s.CheckpointSigner())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(verifier)); err != nil {
		t.Errorf("open what was signed: %v", err)
	}
	if _, err := note.Open(bytes.Replace(signed, []byte("\n1\n"), []byte("\n2\n"), 1), note.VerifierList(verifier)); err == nil {
		t.Error("opened an altered note")
	}
}

func TestAdminToken(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	s := open(t, dir)
	token, err := keystore.ReadAdminToken(dir)
	if err != nil || len(token) < 40 {
		t.Fatalf("token of %d characters, %v", len(token), err)
	}
	for presented, want := range map[string]bool{token: true, "": false, token[1:]: false, token + "x": false, token + "\n": false} {
		if s.VerifyAdminToken(presented) != want {
			t.Errorf("a token of %d characters is accepted: %v", len(presented), !want)
		}
	}
	if err := s.RotateAdminToken(); err != nil {
		t.Fatal(err)
	}
	renewed, err := keystore.ReadAdminToken(dir)
	if err != nil || renewed == token || !s.VerifyAdminToken(renewed) || s.VerifyAdminToken(token) {
		t.Errorf("after rotation: %v; old one works: %v", err, s.VerifyAdminToken(token))
	}
	// An operator may take the file away: the node goes on.
	if err := os.Remove(filepath.Join(dir, "admin.token")); err != nil {
		t.Fatal(err)
	}
	if !open(t, dir).VerifyAdminToken(renewed) {
		t.Error("the token no longer works")
	}
	if _, err := keystore.ReadAdminToken(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read a token that isn't there: %v", err)
	}
}
