package keyring

import (
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestOpenedKeysGoWithTheirKeys: a key that was used a moment ago is of no use once it
// is deleted, and what was sealed under it is opened after a restart.
func TestOpenedKeysGoWithTheirKeys(t *testing.T) {
	fs := vfs.NewMem()
	r := open(t, fs, wrapping{first})
	id := ids(mint(t, r, 1))[0]
	nonce := make([]byte, nonceSize)
	a, err := r.AEAD(id)
	if err != nil {
		t.Fatal(err)
	}
	box := a.Seal(nil, nonce, []byte("Wang"), nil)
	again := open(t, fs, wrapping{first})
	for range 2 {
		if a, err = again.AEAD(id); err != nil {
			t.Fatal(err)
		}
		if text, err := a.Open(nil, nonce, box, nil); err != nil || string(text) != "Wang" {
			t.Errorf("opened as %q, %v", text, err)
		}
	}
	if err := again.Delete(id); err != nil {
		t.Fatal(err)
	}
	if _, err := again.AEAD(id); !errors.Is(err, ErrGone) {
		t.Errorf("the deleted key: %v", err)
	}
	if n := len(again.opened.young) + len(again.opened.old); n != 0 {
		t.Errorf("%d keys are held ready that are gone", n)
	}
}

// TestOpenedKeysAreFew: however many are used, two generations are held ready, and
// what is used again and again stays.
func TestOpenedKeysAreFew(t *testing.T) {
	r := open(t, vfs.NewMem(), wrapping{first})
	a, err := r.AEAD(ids(mint(t, r, 1))[0])
	if err != nil {
		t.Fatal(err)
	}
	var o opened
	for i := range 5 * openedKeys {
		o.put(name{byte(i), byte(i >> 8), byte(i >> 16), 1}, a)
		if o.get(name{}) == nil {
			if i > 0 {
				t.Fatalf("after %d others the one in use is given up", i)
			}
			o.put(name{}, a)
		}
	}
	if n := len(o.young) + len(o.old); n > 2*openedKeys {
		t.Errorf("%d are held ready", n)
	}
}

func BenchmarkAEAD(b *testing.B) {
	r, err := Open(Options{FS: vfs.NewMem(), Wrapping: wrapping{first}, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	list, err := r.Mint(1)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := r.AEAD(ids(list)[0]); err != nil {
			b.Fatal(err)
		}
	}
}
