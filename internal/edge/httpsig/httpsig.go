// Package httpsig signs HTTP requests with a device's P-256 key, and reads such
// signatures, in one shape of RFC 9421 (HTTP Message Signatures) and no other:
//
//	Content-Digest: sha-256=:BASE64:                                  (RFC 9530)
//	Signature-Input: sig=("@method" "@authority" "@path" "content-digest");created=1780000000;nonce="17";keyid="BASE64";alg="ecdsa-p256-sha256";tag="holdfast-wallet"
//	Signature: sig=:BASE64 of r and s, 32 bytes each:
//
// nonce is the device's own count of calls. Requests have no query. Whoever verifies
// builds what must have been signed from the request as it came, so that another
// method, host, path or body is another text.
package httpsig

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

const (
	components = `("@method" "@authority" "@path" "content-digest")`
	algorithm  = "ecdsa-p256-sha256"
	// Tag tells these signatures from all others a key could make.
	Tag = "holdfast-wallet"
	// SignatureSize is r and s.
	SignatureSize = 64
)

// Params are what a signature says of itself.
type Params struct {
	// Created is when the request was signed, Unix seconds.
	Created int64
	// Counter is the device's own count of calls, from 1.
	Counter uint64
	// Key names the device.
	Key []byte
}

// Target is what a request is aimed at, as it came.
type Target struct{ Method, Authority, Path string }

// Digest is the value of Content-Digest for a body.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// Input is the value of Signature-Input.
func Input(p Params) string { return "sig=" + inner(p) }

func inner(p Params) string {
	return components + ";created=" + strconv.FormatInt(p.Created, 10) + `;nonce="` + strconv.FormatUint(p.Counter, 10) +
		`";keyid="` + base64.StdEncoding.EncodeToString(p.Key) + `";alg="` + algorithm + `";tag="` + Tag + `"`
}

// Value is the value of Signature.
func Value(signature []byte) string {
	return "sig=:" + base64.StdEncoding.EncodeToString(signature) + ":"
}

// Signed is SHA-256 of the signature base (RFC 9421, 2.5), which the device signs.
func Signed(t Target, digest string, p Params) [sha256.Size]byte {
	return sha256.Sum256([]byte(Base(t, digest, p)))
}

// Base is the signature base. An authority is lower-case and a method upper-case, as
// clients send them.
func Base(t Target, digest string, p Params) string {
	return `"@method": ` + t.Method + "\n" + `"@authority": ` + strings.ToLower(t.Authority) + "\n" + `"@path": ` + t.Path + "\n" +
		`"content-digest": ` + digest + "\n" + `"@signature-params": ` + inner(p)
}

// ErrMalformed is what Parse returns for headers of any other shape.
var ErrMalformed = errors.New(`httpsig: Signature-Input or Signature is not of the shape sig=` + components +
	`;created=..;nonce="..";keyid="..";alg="` + algorithm + `";tag="` + Tag + `"`)

// Parse reads the values of Signature-Input and Signature.
func Parse(input, signature string) (p Params, sig []byte, err error) {
	rest, ok := strings.CutPrefix(input, "sig="+components+";created=")
	created, rest, ok2 := strings.Cut(rest, `;nonce="`)
	counter, rest, ok3 := strings.Cut(rest, `";keyid="`)
	key, rest, ok4 := strings.Cut(rest, `";alg="`)
	if !ok || !ok2 || !ok3 || !ok4 || rest != algorithm+`";tag="`+Tag+`"` {
		return Params{}, nil, ErrMalformed
	}
	var err1, err2, err3 error
	p.Created, err1 = strconv.ParseInt(created, 10, 64)
	p.Counter, err2 = strconv.ParseUint(counter, 10, 64)
	p.Key, err3 = base64.StdEncoding.Strict().DecodeString(key)
	if err1 != nil || err2 != nil || err3 != nil || inner(p) != input[len("sig="):] { // 017, +17 and line breaks are other texts
		return Params{}, nil, ErrMalformed
	}
	body, ok := strings.CutPrefix(signature, "sig=:")
	body, ok2 = strings.CutSuffix(body, ":")
	sig, err = base64.StdEncoding.Strict().DecodeString(body)
	if !ok || !ok2 || err != nil || len(sig) != SignatureSize || Value(sig) != signature {
		return Params{}, nil, ErrMalformed
	}
	return p, sig, nil
}
