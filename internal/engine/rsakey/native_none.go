//go:build !cgo || !linux

package rsakey

import "crypto/rsa"

// callable says whether this build can call OpenSSL where it is installed.
const callable = false

// native is OpenSSL's library, which this build can't call.
type native struct{}

func openNative(*rsa.PrivateKey) (*native, error) { return nil, nil }

func (*native) name() string { return "" }

func (*native) sign(*[32]byte) ([]byte, error) {
	panic("rsakey: there is no native library in this build")
}

func heldKeys() int64 { return 0 }
