//go:build cgo && linux

package rsakey

/*
#cgo LDFLAGS: -ldl
#cgo noescape holdfast_rsa_sign
#cgo nocallback holdfast_rsa_sign

#include <dlfcn.h>
#include <stddef.h>

// The few functions that are needed, found at run time: neither a build nor a
// machine needs OpenSSL. Their types are those of OpenSSL 3, which keeps them
// for as long as the library is called libcrypto.so.3.
static void *(*d2i_key)(void **, const unsigned char **, long);
static void (*key_free)(void *);
static int (*key_size)(const void *);
static void *(*ctx_new)(void *, void *);
static void (*ctx_free)(void *);
static int (*sign_init)(void *);
static int (*set_padding)(void *, int);
static int (*set_digest)(void *, const void *);
static int (*sign)(void *, unsigned char *, size_t *, const unsigned char *, size_t);
static const void *(*sha256)(void);
static void (*clear_errors)(void);
static const char *(*version)(int);

// holdfast_rsa_load returns the library's version, or NULL where it is missing or
// lacks a function.
static const char *holdfast_rsa_load(void) {
	void *lib = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL) return NULL;
	if (!(d2i_key = dlsym(lib, "d2i_AutoPrivateKey")) || !(key_free = dlsym(lib, "EVP_PKEY_free")) ||
	    !(key_size = dlsym(lib, "EVP_PKEY_get_size")) || !(ctx_new = dlsym(lib, "EVP_PKEY_CTX_new")) ||
	    !(ctx_free = dlsym(lib, "EVP_PKEY_CTX_free")) || !(sign_init = dlsym(lib, "EVP_PKEY_sign_init")) ||
	    !(set_padding = dlsym(lib, "EVP_PKEY_CTX_set_rsa_padding")) ||
	    !(set_digest = dlsym(lib, "EVP_PKEY_CTX_set_signature_md")) || !(sign = dlsym(lib, "EVP_PKEY_sign")) ||
	    !(sha256 = dlsym(lib, "EVP_sha256")) || !(clear_errors = dlsym(lib, "ERR_clear_error")) ||
	    !(version = dlsym(lib, "OpenSSL_version"))) return NULL;
	return version(0);
}

// holdfast_rsa_open reads a private key in DER, of which it keeps a copy.
static void *holdfast_rsa_open(const unsigned char *der, long size) {
	void *key = d2i_key(NULL, &der, size);
	if (key == NULL) clear_errors();
	return key;
}

static void holdfast_rsa_free(void *key) { key_free(key); }

// holdfast_rsa_sign makes one PKCS #1 v1.5 signature of a SHA-256 digest. It
// returns its length, 0 when it fails. 1 is RSA_PKCS1_PADDING.
static size_t holdfast_rsa_sign(void *key, const unsigned char *digest, unsigned char *out, size_t room) {
	size_t size = room;
	void *ctx;
	int ok;
	if ((size_t)key_size(key) > room) return 0;
	ctx = ctx_new(key, NULL);
	ok = ctx != NULL && sign_init(ctx) > 0 && set_padding(ctx, 1) > 0 && set_digest(ctx, sha256()) > 0 &&
	     sign(ctx, out, &size, digest, 32) > 0;
	ctx_free(ctx);
	if (!ok) {
		clear_errors();
		return 0;
	}
	return size;
}
*/
import "C"

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// callable says whether this build can call OpenSSL where it is installed.
const callable = true

// native is a key in OpenSSL's memory, which goes when the value is collected.
type native struct{ key unsafe.Pointer }

// library is the version of the library, "" where there is none.
var library = sync.OnceValue(func() string {
	if v := C.holdfast_rsa_load(); v != nil {
		return C.GoString(v)
	}
	return ""
})

// turns bounds how many signatures are under way: a thread inside of C is none
// that Go's scheduler can take back. There are more than cores, because one that is
// done waits for Go's scheduler before the next may begin: with as many as cores these
// stood idle, and 64 connections got a quarter fewer answers.
var turns = make(chan struct{}, 2*runtime.NumCPU())

// held counts the keys in OpenSSL's memory.
var held atomic.Int64

// openNative gives OpenSSL the key; nil without an error where there is none.
func openNative(key *rsa.PrivateKey) (*native, error) {
	if library() == "" {
		return nil, nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode a key for OpenSSL: %w", err)
	}
	defer clear(der)
	p := C.holdfast_rsa_open((*C.uchar)(unsafe.SliceData(der)), C.long(len(der)))
	if p == nil {
		return nil, errors.New("OpenSSL does not take the key")
	}
	held.Add(1)
	n := &native{p}
	runtime.AddCleanup(n, func(p unsafe.Pointer) {
		C.holdfast_rsa_free(p)
		held.Add(-1)
	}, p)
	return n, nil
}

func (*native) name() string { return library() + " (libcrypto)" }

// sign signs a digest.
func (n *native) sign(digest *[32]byte) ([]byte, error) {
	turns <- struct{}{}
	defer func() { <-turns }()
	out := make([]byte, 512) // a key of 4,096 bits
	size := C.holdfast_rsa_sign(n.key, (*C.uchar)(&digest[0]), (*C.uchar)(&out[0]), C.size_t(len(out)))
	runtime.KeepAlive(n)
	if size == 0 {
		return nil, errors.New("OpenSSL makes no signature")
	}
	return out[:size], nil
}

func heldKeys() int64 { return held.Load() }
