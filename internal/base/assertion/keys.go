package assertion

import (
	"bytes"
	"encoding/base64"

	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// MaxKeys is how many passkeys one owner may have.
	MaxKeys = 5
	// Life is how long a passkey may take to sign a challenge.
	Life = 2 * stamp.Minute
	// maxCOSE bounds a passkey's public key; one of RSA with 4,096 bits has 550 bytes.
	maxCOSE = 600
)

// Fit says whether a passkey has its parts, each of its length.
func Fit(k *pb.Passkey) bool {
	return k != nil && len(k.Credential) > 0 && len(k.Credential) <= MaxCredential && len(k.PublicKey) > 0 && len(k.PublicKey) <= maxCOSE
}

// Find finds a passkey by its number, nil when it is not there.
func Find(list []*pb.Passkey, credential []byte) *pb.Passkey {
	for _, k := range list {
		if bytes.Equal(k.Credential, credential) {
			return k
		}
	}
	return nil
}

// Added is a passkey as its owner has it from now on.
func Added(k *pb.Passkey, at int64) *pb.Passkey {
	return &pb.Passkey{Credential: k.Credential, PublicKey: k.PublicKey, SignCount: k.SignCount, Flags: k.Flags, Label: k.Label, AddedAt: at}
}

// Name is what the journal keeps of a passkey that is added: with it all that the key
// signs can be checked, for ever.
func Name(k *pb.Passkey) string {
	return base64.StdEncoding.EncodeToString(k.Credential) + " " + base64.StdEncoding.EncodeToString(k.PublicKey)
}

// Young says whether a challenge may still be met; nodes' clocks differ a little.
func Young(c *pb.Challenge, at int64) bool { return at < c.Until && c.Until <= at+Life+stamp.Minute }

// Ahead says whether the authenticator's count has gone up since it was last seen, or
// the authenticator has none. One that has not may be a copy.
func Ahead(k *pb.Passkey, count uint32) bool {
	return count > k.SignCount || count == 0 && k.SignCount == 0
}
