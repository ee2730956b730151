package dev

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/node"
)

func TestAddressesFallBack(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := taken.Addr().String()
	choose := func(asked string, last addresses) (addresses, error) {
		p := new(ports)
		defer p.release()
		a, err := chooseAddresses(p, asked, last)
		if err == nil && len(p.held) != 6 {
			t.Errorf("of six addresses %d are held", len(p.held))
		}
		return a, err
	}
	a, err := choose("", addresses{Platform: busy, Admin: busy, Inner: busy, Shop: busy, Door: busy, Wallet: busy})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{busy: true}
	for _, address := range []string{a.Platform, a.Admin, a.Inner, a.Shop, a.Door, a.Wallet} {
		if _, port, err := net.SplitHostPort(address); err != nil || port == "0" || seen[address] {
			t.Errorf("address %q in %+v", address, a)
		}
		seen[address] = true
	}
	again, err := choose("", a)
	if err != nil || again != a {
		t.Errorf("the last run's addresses are free but not used again: %+v, then %+v (%v)", a, again, err)
	}
	var f *Failure
	if _, err := choose(busy, addresses{}); !errors.As(err, &f) || !strings.Contains(f.Hint, "another process") {
		t.Errorf("an address that is insisted on and taken: %v", err)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"127.0.0.1:9080": "127.0.0.1:9080", "example.org:80": "example.org:80", "0.0.0.0:9080": ownIP() + ":9080", "[::]:9080": ownIP() + ":9080", ":9080": ownIP() + ":9080"} {
		if got := reachable(address); got != want {
			t.Errorf("%s is reached at %s, want %s", address, got, want)
		}
	}
	for address, want := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "0.0.0.0:1": false, "192.168.1.5:1": false, ":1": false} {
		if got := onlyThisMachine(address); got != want {
			t.Errorf("%s can be reached from here alone: %v", address, got)
		}
	}
}

// Browsers make passkeys for a name, at the pages that the node lists: where people find
// their wallet, and each node's.
func TestWalletPagesAreCalledByName(t *testing.T) {
	t.Parallel()
	if got := localPage("127.0.0.1:9085"); got != "http://localhost:9085" {
		t.Errorf("the wallet is at %s", got)
	}
	f := testFolder(t)
	if got := f.walletOrigins(place{Wallet: "127.0.0.1:1"}); got != `["http://localhost:1"]` {
		t.Errorf("alone: %s", got)
	}
	f.last.Nodes, f.last.Addresses.Wallet = []place{{Wallet: "127.0.0.1:1"}, {Wallet: "127.0.0.1:2"}}, "127.0.0.1:3"
	if got := f.walletOrigins(f.last.Nodes[0]); got != `["http://localhost:3", "http://localhost:1", "http://localhost:2"]` {
		t.Errorf("of two nodes: %s", got)
	}
}

func testFolder(t *testing.T) *folder {
	t.Helper()
	f, err := openFolder(filepath.Join(t.TempDir(), "sandbox"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.close() })
	return f
}

func TestCredentialsAreMadeOnce(t *testing.T) {
	t.Parallel()
	f := testFolder(t)
	first, err := f.merchantCredentials(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.merchantCredentials(time.Now().Add(time.Hour))
	if err != nil || *again != *first {
		t.Errorf("credentials changed: %+v, %+v, %v", first, again, err)
	}
	for _, path := range []string{first.keyPath, first.certPath, f.path("merchant", "apiv3.key")} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	// A run that ended between two files is completed.
	if err := os.Remove(first.certPath); err != nil {
		t.Fatal(err)
	}
	if renewed, err := f.merchantCredentials(time.Now()); err != nil || renewed.serial == first.serial || renewed.apiv3Key != first.apiv3Key {
		t.Errorf("without the certificate: %+v, %v", renewed, err)
	}
	for _, path := range []string{first.keyPath, f.path("merchant", "apiv3.key")} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
		var failure *Failure
		if _, err := f.merchantCredentials(time.Now()); !errors.As(err, &failure) || !strings.Contains(err.Error(), path) {
			t.Errorf("damaged %s: %v", path, err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The configuration that dev writes is one that the node reads.
func TestNodeConfigIsValid(t *testing.T) {
	t.Parallel()
	f := testFolder(t)
	f.last.LogName = newLogName()
	for _, platform := range []string{"127.0.0.1:9080", "0.0.0.0:9080"} {
		if err := f.nodeConfig(f.places(addresses{Platform: platform, Admin: defaultAdmin, Inner: defaultInner, Shop: defaultShop})[0], nil); err != nil {
			t.Fatal(err)
		}
		cfg, err := node.LoadConfig(f.path("node.toml"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Sandbox || cfg.Data != f.dir || !cfg.MerchantAPI.InsecureLoopback || !cfg.MerchantAPI.PrivateCallbacks {
			t.Errorf("configuration %+v", cfg)
		}
		if !onlyThisMachine(cfg.MerchantAPI.Address) {
			t.Errorf("the file opens %s to the network", cfg.MerchantAPI.Address)
		}
	}
	if a, b := newLogName(), newLogName(); a == b {
		t.Error("two sandboxes share a journal's name, so their notices would share ids")
	}
}

func TestFolderRemembers(t *testing.T) {
	t.Parallel()
	f := testFolder(t)
	if !f.fresh {
		t.Error("a new folder is not fresh")
	}
	f.last.LogName = "sandbox-1/journal"
	a := addresses{Platform: "127.0.0.1:1", Admin: "127.0.0.1:2", Inner: "127.0.0.1:3", Shop: "127.0.0.1:4"}
	if err := f.remember(a); err != nil {
		t.Fatal(err)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openFolder(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.close() }()
	if again.fresh || again.last.Addresses != a || again.last.LogName != "sandbox-1/journal" {
		t.Errorf("remembered %+v", again.last)
	}
	if _, err := openFolder(f.dir); err == nil || !strings.Contains(err.Error(), "another `holdfast dev`") {
		t.Errorf("opened twice: %v", err)
	}
	if ignore, err := os.ReadFile(f.path(".gitignore")); err != nil || string(ignore) != "*\n" {
		t.Errorf(".gitignore: %q %v", ignore, err)
	}
}

func TestReadReady(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		`{"ready":true,"addresses":{"admin":"x"}}`: true, `{"ready":false}`: false, `{`: false, "": false, "ready": false,
	} {
		if readReady(line) != want {
			t.Errorf("%q is ready: %v", line, !want)
		}
	}
}

func TestQuoteShell(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/tmp/a-b_c.d": "/tmp/a-b_c.d", "/tmp/my data": "'/tmp/my data'", "/tmp/数据": "'/tmp/数据'", "/tmp/o'clock": `'/tmp/o'\''clock'`} {
		if got := quoteShell(path); got != want {
			t.Errorf("%s is quoted %s, want %s", path, got, want)
		}
	}
}

func TestLastWords(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	for log, want := range map[string][2]string{
		"level=INFO\nerror: the disk is full\nhint: free some\n": {"the disk is full", "free some"},
		"error: old\nhint: older\nlevel=INFO\nerror: new\n":      {"new", ""},
		"one\ntwo\n": {"two", ""}, "": {"", ""},
	} {
		if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
		if said, hint := lastWords(path, 0); said != want[0] || hint != want[1] {
			t.Errorf("%q: %q, %q", log, said, hint)
		}
	}
	if said, hint := lastWords(path+"none", 0); said != "" || hint != "" {
		t.Errorf("no log: %q, %q", said, hint)
	}
	if err := os.WriteFile(path, []byte("error: an earlier run's\nkilled\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, _ := lastWords(path, int64(len("error: an earlier run's\n"))); said != "killed" {
		t.Errorf("after an earlier run: %q", said)
	}
}
