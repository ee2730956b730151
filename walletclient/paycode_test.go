package walletclient

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// No code is made twice: not by two in one step, nor by a clock that went back, and not
// by two processes that share a file.
func TestNoCodeIsMadeTwice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "wallet.json")
	f, err := Create(path, "http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.PayCode(); !errors.Is(err, ErrNoPayCodes) {
		t.Errorf("a device that was given nothing says %v", err)
	}
	if err := f.change(func() error {
		f.held.PayCodes = &PayCodes{Alias: 123456789, Secret: bytes.Repeat([]byte{1}, 32), Until: 1 << 50}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	other, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for n := range 8 {
		for _, file := range []*File{f, other} {
			code, err := file.PayCode()
			if err != nil || seen[code] || len(code) != 18 {
				t.Fatalf("code %d is %s, %v", n, code, err)
			}
			seen[code] = true
		}
	}
	k := f.held.PayCodes
	now := time.Now().Add(time.Hour)
	for n := range 16 {
		code, err := k.Next(now.Add(-time.Duration(n) * time.Minute))
		if err != nil || seen[code] {
			t.Fatalf("code %d of a clock that goes back is %s, %v", n, code, err)
		}
		seen[code] = true
	}
	if _, err := k.Next(now); !errors.Is(err, ErrTapsUsed) {
		t.Errorf("the seventeenth code of a step: %v", err)
	}
	if _, err := k.Next(now.Add(30 * time.Second)); err != nil {
		t.Errorf("the next step's first code: %v", err)
	}
}
