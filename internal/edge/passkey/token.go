package passkey

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Tagger makes keyed hashes of 32 bytes, the same on all nodes; what says of what.
type Tagger func(ctx context.Context, what, of string) ([]byte, error)

// ErrToken says that a token is none of ours, or another's.
var ErrToken = errors.New("the token was not made for this caller")

// Issue puts the mac to a challenge and returns its token, which comes back with the
// answer.
func Issue(ctx context.Context, tag Tagger, c *pb.Challenge) (token []byte, err error) {
	if c.Mac, err = tag(ctx, "passkey", string(assertion.Text(c))); err != nil {
		return nil, fmt.Errorf("issue a challenge: %w", err)
	}
	return c.MarshalVT()
}

// Open reads a token that was issued for a subject's device. When it ends, rules see.
// It returns ErrToken for any other.
func Open(ctx context.Context, tag Tagger, token []byte, subject string, device []byte) (*pb.Challenge, error) {
	c := new(pb.Challenge)
	if len(token) > maxToken || c.UnmarshalVT(token) != nil {
		return nil, ErrToken
	}
	mac, err := tag(ctx, "passkey", string(assertion.Text(c)))
	switch {
	case err != nil:
		return nil, fmt.Errorf("open a challenge: %w", err)
	case !hmac.Equal(mac, c.Mac) || c.Subject != subject || !bytes.Equal(c.Device, device):
		return nil, ErrToken
	}
	return c, nil
}

const maxToken = 512
