// Package passkeytest is an authenticator in software, with the browser around it: what
// tests of passkeys put in a person's hand.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// Flags of authenticator data.
const (
	present, verified, attested = 1, 1 << 2, 1 << 6
)

// Authenticator has one ES256 key. What it says can be falsified before it says it.
type Authenticator struct {
	t   testing.TB
	key *ecdsa.PrivateKey

	ID []byte
	// Count goes up with each signature; 0 stays 0 where Counts is false.
	Count  uint32
	Counts bool
	// Origin is the page's, Site the relying party's id; "" is what the options say.
	Origin, Site string
	// handle is what it knows its owner by.
	handle []byte
	// Unverified has it sign without knowing its owner.
	Unverified bool
}

// New makes one for pages of an origin.
func New(t testing.TB, origin string) *Authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	rand.Read(id)
	return &Authenticator{t: t, key: key, ID: id, Origin: origin}
}

// PublicKey is the key in the form of COSE (RFC 9053, 7.1.1).
func (a *Authenticator) PublicKey() []byte {
	point, err := a.key.PublicKey.Bytes()
	a.must(err)
	return a.cbor(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
}

// Create is what the browser returns for creation options.
func (a *Authenticator) Create(options string) string {
	var o struct {
		Challenge string
		RP        struct{ ID string }
		User      struct{ ID string }
	}
	a.must(json.Unmarshal([]byte(options), &o))
	var err error
	a.handle, err = base64.RawURLEncoding.DecodeString(o.User.ID)
	a.must(err)
	data := a.data(o.RP.ID, attested)
	data = append(data, make([]byte, 16)...) // no model
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(a.ID))), a.ID...)
	data = append(data, a.PublicKey()...)
	object := a.cbor(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	return a.credential(map[string]any{"attestationObject": base64URL(object), "clientDataJSON": base64URL(a.client("webauthn.create", o.Challenge))})
}

// Get is what the browser returns for request options.
func (a *Authenticator) Get(options string) string {
	var o struct {
		Challenge, RPID  string
		AllowCredentials []any
	}
	a.must(json.Unmarshal([]byte(options), &o))
	if a.Counts {
		a.Count++
	}
	data, client := a.data(o.RPID, 0), a.client("webauthn.get", o.Challenge)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte(nil), data...), hash[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	a.must(err)
	said := map[string]any{"authenticatorData": base64URL(data), "clientDataJSON": base64URL(client), "signature": base64URL(sig)}
	if len(o.AllowCredentials) == 0 { // it was not named, and says whose it is
		said["userHandle"] = base64URL(a.handle)
	}
	return a.credential(said)
}

func (a *Authenticator) data(site string, flags byte) []byte {
	if a.Site != "" {
		site = a.Site
	}
	sum := sha256.Sum256([]byte(site))
	flags |= present
	if !a.Unverified {
		flags |= verified
	}
	return binary.BigEndian.AppendUint32(append(sum[:], flags), a.Count)
}

func (a *Authenticator) client(kind, challenge string) []byte {
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false})
	a.must(err)
	return text
}

func (a *Authenticator) credential(response map[string]any) string {
	text, err := json.Marshal(map[string]any{
		"id": base64URL(a.ID), "rawId": base64URL(a.ID), "type": "public-key", "clientExtensionResults": map[string]any{}, "response": response,
	})
	a.must(err)
	return string(text)
}

func (a *Authenticator) cbor(v any) []byte {
	b, err := webauthncbor.Marshal(v)
	a.must(err)
	return b
}

func (a *Authenticator) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
