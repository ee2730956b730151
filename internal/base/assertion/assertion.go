// Package assertion reads what a passkey signed, as far as rules and auditors need it:
// what challenge it was for, what the authenticator's flags say, and its own count.
// That the signature is good is for those to see who have a WebAuthn library.
package assertion

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Sizes in bytes.
const (
	ActSize = 16
	MACSize = 32
	// headSize is the fixed part of authenticator data: the hash of the relying party's
	// id, flags, count (WebAuthn, 6.1).
	headSize = 37
)

// Flags of authenticator data.
const (
	UserPresent  = 1 << 0
	UserVerified = 1 << 2
)

// Text is what the mac of a challenge is made over: all of it but the mac.
func Text(c *pb.Challenge) []byte {
	b := []byte("holdfast passkey 1\n")
	for _, part := range [][]byte{[]byte(c.Subject), c.Device, c.Act} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
	}
	b = binary.BigEndian.AppendUint64(b, c.Number)
	return binary.BigEndian.AppendUint64(b, uint64(c.Until))
}

// Hash is what the authenticator is given to sign as the challenge.
func Hash(c *pb.Challenge) [sha256.Size]byte {
	return sha256.Sum256(append(Text(c), c.Mac...))
}

// Complete says whether an assertion has all its parts, each of its length.
func Complete(a *pb.Assertion) bool {
	c := a.GetChallenge()
	return c != nil && len(a.Credential) > 0 && len(a.Credential) <= MaxCredential && len(a.AuthenticatorData) >= headSize &&
		len(a.AuthenticatorData) <= maxData && len(a.ClientData) > 0 && len(a.ClientData) <= maxData && len(a.Signature) > 0 && len(a.Signature) <= maxData &&
		len(c.Mac) == MACSize && (len(c.Act) == 0 || len(c.Act) == ActSize)
}

const (
	// MaxCredential bounds the number of a passkey.
	MaxCredential = 512
	maxData       = 1024
)

// Verified says whether an assertion is complete, by an authenticator that checked that
// its owner was there and who it was.
func Verified(a *pb.Assertion) bool {
	const both = UserPresent | UserVerified
	return Complete(a) && Flags(a)&both == both
}

// Flags are those of the authenticator data; the assertion is complete.
func Flags(a *pb.Assertion) byte { return a.AuthenticatorData[headSize-5] }

// Count is the authenticator's own; the assertion is complete.
func Count(a *pb.Assertion) uint32 {
	return binary.BigEndian.Uint32(a.AuthenticatorData[headSize-4 : headSize])
}
