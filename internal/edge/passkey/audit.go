package passkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Audit checks an assertion that was kept, by the passkey's public key alone: that the
// key signed it, for its challenge, by an authenticator that knew its owner. The site
// is that for which the authenticator made the key: it signs for no other.
func Audit(publicKey []byte, a *pb.Assertion) error {
	if !assertion.Complete(a) {
		return fmt.Errorf("%w: it is not complete", ErrAnswer)
	}
	var said struct{ Type, Challenge string }
	if err := json.Unmarshal(a.ClientData, &said); err != nil {
		return fmt.Errorf("%w: its client data is not JSON", ErrAnswer)
	}
	hash := assertion.Hash(a.Challenge)
	flags := assertion.Flags(a)
	switch {
	case said.Type != "webauthn.get":
		return fmt.Errorf("%w: it is a %.20q", ErrAnswer, said.Type)
	case said.Challenge != base64.RawURLEncoding.EncodeToString(hash[:]):
		return fmt.Errorf("%w: it is for another challenge", ErrAnswer)
	case flags&assertion.UserPresent == 0 || flags&assertion.UserVerified == 0:
		return fmt.Errorf("%w: the authenticator did not check its owner", ErrAnswer)
	}
	key, err := webauthncose.ParsePublicKey(publicKey)
	if err != nil {
		return fmt.Errorf("%w: the public key can't be read", ErrAnswer)
	}
	client := sha256.Sum256(a.ClientData)
	if ok, err := webauthncose.VerifySignature(key, bytes.Join([][]byte{a.AuthenticatorData, client[:]}, nil), a.Signature); err != nil || !ok {
		return fmt.Errorf("%w: the passkey did not sign it", ErrAnswer)
	}
	return nil
}
