package wallet

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"connectrpc.com/connect"
	"golang.org/x/crypto/argon2"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	rule "github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// How PINs are hashed: argon2id (RFC 9106) with 19 MiB, two passes and one lane, the
// least that OWASP recommends: about 27 ms of one core. What is hashed is not the PIN
// but its keyed hash, so that the state alone, without the keystore, does not allow a
// million guesses.
const (
	argonMemory = 19 << 10 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonSize   = 32
	saltSize    = 16
	// hashesAtOnce bounds memory and leaves cores to payments.
	hashesAtOnce = 2
	pinDigits    = 6
	leastBlind   = 16
)

var argonHead = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonPasses, argonLanes)

// CheckPin implements WalletService. A try is taken before anything is compared.
func (s *Server) CheckPin(ctx context.Context, q *connect.Request[pb.CheckPinRequest]) (*connect.Response[pb.CheckPinResponse], error) {
	who := from(ctx)
	if !sixDigits(q.Msg.Pin) {
		return nil, refuse(who, code.PinHashInvalid)
	}
	key := make([]byte, rule.KeySize)
	rand.Read(key)
	try, err := do(ctx, s, rule.ReservePIN, &pb.PinReserve{Uid: who.uid, Device: who.params.Key, Key: key})
	if err != nil {
		return nil, err
	}
	right, err := s.compare(ctx, q.Msg.Pin)
	if err != nil {
		return nil, s.fail(who, "compare a PIN", err) // the try counts as wrong
	}
	grant, err := do(ctx, s, rule.ResultPIN, &pb.PinResult{Uid: who.uid, Number: try.Number, Right: right})
	switch {
	case err != nil:
		return nil, err
	case !right:
		return nil, refuse(who, code.PinWrong)
	}
	return answer(&pb.CheckPinResponse{Grant: grant.Number, ExpiresAt: grant.Until})
}

// compare says whether the PIN is the caller's.
func (s *Server) compare(ctx context.Context, pin string) (bool, error) {
	var stored string
	if err := s.Core.ReadLatest(ctx, func(r table.Reader) error {
		if w, ok := rule.Get(r, from(ctx).uid); ok {
			stored = w.Pin.GetHash()
		}
		return nil
	}); err != nil {
		return false, err
	}
	rest, ok := strings.CutPrefix(stored, argonHead)
	salt64, want64, ok2 := strings.Cut(rest, "$")
	salt, err := base64.RawStdEncoding.DecodeString(salt64)
	want, err2 := base64.RawStdEncoding.DecodeString(want64)
	if !ok || !ok2 || err != nil || err2 != nil {
		return false, errors.New("the stored hash of a PIN has another form")
	}
	got, err := s.hash(ctx, pin, salt)
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

// hash waits for its turn: whoever goes away meanwhile is not worked for.
func (s *Server) hash(ctx context.Context, pin string, salt []byte) ([]byte, error) {
	keyed, err := s.Personal.Tag(ctx, "pin", pin)
	if err != nil {
		return nil, err
	}
	select {
	case s.hashing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.hashing }()
	return argon2.IDKey(keyed, salt, argonPasses, argonMemory, argonLanes, argonSize), nil
}

// SetPin implements WalletService.
func (s *Server) SetPin(ctx context.Context, q *connect.Request[pb.SetPinRequest]) (*connect.Response[pb.WalletView], error) {
	who := from(ctx)
	if !sixDigits(q.Msg.Pin) || tooEasy(q.Msg.Pin) || len(q.Msg.Blind) < leastBlind {
		return nil, refuse(who, code.PinHashInvalid)
	}
	salt := make([]byte, saltSize)
	rand.Read(salt)
	sum, err := s.hash(ctx, q.Msg.Pin, salt)
	if err != nil {
		return nil, s.fail(who, "hash a PIN", err)
	}
	phc := argonHead + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(sum)
	if _, err := do(ctx, s, rule.SetPIN, &pb.PinSet{Uid: who.uid, Hash: phc, Consent: who.consent(q.Msg.Grant)}); err != nil {
		return nil, err
	}
	return s.view(ctx)
}

// ForgetPin implements WalletService.
func (s *Server) ForgetPin(ctx context.Context, q *connect.Request[pb.ForgetPinRequest]) (*connect.Response[pb.WalletView], error) {
	who := from(ctx)
	phone, _, err := s.phone(ctx, q.Msg.Phone)
	if err != nil {
		return nil, err
	}
	proof, err := s.codeProof(ctx, phone, q.Msg.Code)
	if err != nil {
		return nil, err
	}
	e, err := do(ctx, s, rule.ForgetPIN, &pb.PinForget{Uid: who.uid, Proof: proof, Consent: who.consent(0)})
	switch {
	case err != nil:
		return nil, err
	case !e.Right:
		return nil, wrongCode(who, e.Left)
	}
	return s.view(ctx)
}

func sixDigits(pin string) bool {
	return len(pin) == pinDigits && strings.Trim(pin, "0123456789") == ""
}

// tooEasy says whether a PIN is one digit six times, or six in a row.
func tooEasy(pin string) bool {
	return strings.Count(pin, pin[:1]) == pinDigits || strings.Contains("01234567890", pin) || strings.Contains("09876543210", pin)
}
