package walletclient

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Two processes with the same file never sign under one count, and a device is the
// same when it is opened again.
func TestAFileCountsForAllWhoOpenIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "wallet.json")
	made, err := Create(path, "http://a,http://b")
	if err != nil {
		t.Fatal(err)
	}
	opened, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if urls := opened.URLs(); len(urls) != 2 || urls[1] != "http://b" {
		t.Errorf("the file's nodes are %v", urls)
	}
	one, err1 := DeviceID(made)
	other, err2 := DeviceID(opened)
	if err1 != nil || err2 != nil || !bytes.Equal(one, other) {
		t.Errorf("device %x became %x (%v, %v)", one, other, err1, err2)
	}
	const each = 20
	counts := make(chan uint64, 2*each)
	var both sync.WaitGroup
	for _, f := range []*File{made, opened} {
		both.Go(func() {
			for range each {
				n, err := f.Next()
				if err != nil {
					t.Error(err)
				}
				counts <- n
			}
		})
	}
	both.Wait()
	close(counts)
	seen := map[uint64]bool{}
	for n := range counts {
		seen[n] = true
	}
	if len(seen) != 2*each || !seen[1] || !seen[2*each] {
		t.Errorf("%d calls were counted as %v", 2*each, seen)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key may be read by %v (%v)", info.Mode(), err)
	}
	if _, err := Create(path, "http://c"); err == nil {
		t.Error("a wallet's file was overwritten")
	}
}
