package rsakey

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// best is the test's key with OpenSSL behind it.
func best(t testing.TB) *Key {
	t.Helper()
	k := Open(testKey())
	if k.native == nil {
		if callable && os.Getenv("CI") == "true" {
			t.Fatal("there is no libcrypto.so.3: make deps installs it")
		}
		t.Skip("there is no libcrypto.so.3, or this build can't call it: Go's library signs")
	}
	return k
}

// plain is the test's key without OpenSSL.
func plain() *Key { return &Key{own: testKey()} }

// A client must not be able to tell which library signed.
func TestSignaturesAreIdentical(t *testing.T) {
	t.Parallel()
	k, own := best(t), plain()
	if !strings.HasPrefix(k.Library(), "OpenSSL 3.") || own.Library() != "Go crypto/rsa" {
		t.Errorf("the libraries are called %q and %q", k.Library(), own.Library())
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 16 {
				message := []byte(strings.Repeat("x", i*97) + fmt.Sprint(g))
				got, err := k.Sign(message)
				want, err2 := own.Sign(message)
				if err != nil || err2 != nil || got != want {
					t.Errorf("message %d of %d: %v, %v, identical %v", i, g, err, err2, got == want)
				}
				if err := seal.Verify(k.Public(), message, got); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// A build or a machine without OpenSSL signs all the same.
func TestGoSigns(t *testing.T) {
	t.Parallel()
	k := plain()
	signature, err := k.Sign([]byte("message"))
	if err != nil || seal.Verify(k.Public(), []byte("message"), signature) != nil {
		t.Errorf("signed %q, %v", signature, err)
	}
}

// A key whose two libraries disagree must not sign with OpenSSL's.
func TestDisagreementIsNoticed(t *testing.T) {
	t.Parallel()
	k := best(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&Key{own: other}).compare(k.native); err == nil {
		t.Error("another key's signature passed for this one's")
	}
}

// Keys of other sizes: the keystore makes 2,048 bits, but nothing else may break.
func TestOtherSizes(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{1024, 3072} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		k := Open(key)
		signature, err := k.Sign([]byte("message"))
		if err != nil || seal.Verify(k.Public(), []byte("message"), signature) != nil {
			t.Errorf("%d bits: %q, %v", bits, signature, err)
		}
	}
}

// Neither signatures nor keys that are dropped stay in OpenSSL's memory. A context
// that is kept for each signature would be 400 kB here.
func TestNothingGrows(t *testing.T) {
	k := best(t)
	signMany := func(n int) {
		for range n {
			if _, err := k.native.sign(new([32]byte)); err != nil {
				t.Fatal(err)
			}
		}
	}
	runtime.LockOSThread() // each thread has a heap of its own in C, which may grow once
	defer runtime.UnlockOSThread()
	signMany(200)
	least := 1 << 30 // Go's own memory grows now and then, a leak always
	for range 4 {
		before := resident(t)
		signMany(400)
		least = min(least, resident(t)-before)
	}
	if least > 150<<10 {
		t.Errorf("400 signatures leave %d bytes, each time", least)
	}
	for range 50 {
		Open(testKey())
	}
	for range 100 {
		if runtime.GC(); heldKeys() <= 10 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d keys are held after all but a few were dropped", heldKeys())
}

// resident is the process' memory, after Go's garbage is gone.
func resident(t *testing.T) int {
	t.Helper()
	runtime.GC()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	var size, pages int
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// Nothing that prints a key shows it.
func TestNothingShows(t *testing.T) {
	t.Parallel()
	k := plain()
	text, _ := k.MarshalText()
	shown := fmt.Sprintf("%v %+v %#v %s %s %s", k, k, k, k, text, k.LogValue())
	if secret := testKey().D.String(); strings.Contains(shown, secret) || strings.Contains(shown, secret[:20]) || len(shown) > 200 {
		t.Errorf("a key is printed as %s", shown)
	}
}

func BenchmarkSign(b *testing.B) {
	for _, k := range []*Key{plain(), Open(testKey())} {
		b.Run(k.Library(), func(b *testing.B) {
			for b.Loop() {
				if _, err := k.Sign([]byte("message")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
