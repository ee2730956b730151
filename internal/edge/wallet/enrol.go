package wallet

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/big"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/httpsig"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	rule "github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

const (
	maxName     = 40
	maxClientID = 64
	// sending bounds how long a code's sender may take.
	sending = 10 * time.Second
)

// SendCode implements WalletService.
func (s *Server) SendCode(ctx context.Context, q *connect.Request[pb.SendCodeRequest]) (*connect.Response[pb.SendCodeResponse], error) {
	who, m := from(ctx), q.Msg
	typed, ok := personal.Phone(m.Phone)
	switch {
	case !ok:
		return nil, refuse(who, code.PhoneTagInvalid)
	case m.ClientId == "" || len(m.ClientId) > maxClientID:
		return nil, refuse(who, code.AttemptNeeded)
	}
	if out := s.pace.refuses(typed, who.address, m.ClientId, s.Now()); out != code.OK {
		return nil, refuse(who, out)
	}
	phone, tag, err := s.phone(ctx, typed)
	if err != nil {
		return nil, err
	}
	digits, err := drawCode()
	if err != nil {
		return nil, s.fail(who, "draw a code", err)
	}
	proof, err := s.codeProof(ctx, phone, digits)
	if err != nil {
		return nil, err
	}
	address, err := s.Personal.Tag(ctx, "address", who.address)
	if err != nil {
		return nil, s.fail(who, "hash an address", err)
	}
	key := sha256.Sum256([]byte(phone + " " + m.ClientId))
	sent, err := do(ctx, s, rule.SendCode, &pb.CodeSend{PhoneTag: tag, AddressTag: address, Proof: proof, Key: key[:rule.KeySize]})
	if err != nil {
		out, _ := rpc.CodeOf(err)
		s.pace.took(phone, who.address, m.ClientId, out, s.Now())
		return nil, err
	}
	s.pace.took(phone, who.address, m.ClientId, code.OK, sent.Until-rule.CodeLife)
	if bytes.Equal(sent.Proof, proof) { // else the call before this one has sent another
		if err := s.send(ctx, phone, tag, digits); err != nil {
			s.Log.Error("a one-time code was not sent", "request_id", who.request, "err", err)
			return nil, s.unsent(ctx, phone, &pb.CodeSend{PhoneTag: tag, AddressTag: address, Proof: proof, Key: key[:rule.KeySize], Unsent: true})
		}
	}
	return answer(&pb.SendCodeResponse{ExpiresAt: sent.Until})
}

// unsent takes back a code that could not be sent, so that whoever asked may ask again at
// once. Whether they still wait or not, it is taken back.
func (s *Server) unsent(ctx context.Context, phone string, c *pb.CodeSend) error {
	who := from(ctx)
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), sending)
	defer cancel()
	if sent, err := do(bound, s, rule.SendCode, c); err == nil && len(sent.GetKey()) == 0 {
		s.pace.unsent(phone)
	}
	return refuse(who, code.CodeNotSent)
}

// send sends a code by SMS. What can't be sent goes by mail, where mail is set up, to
// whoever has the number and an address: behind the caller's back, who is told the same
// whether that is anybody.
func (s *Server) send(ctx context.Context, phone string, tag []byte, digits string) error {
	bound, cancel := context.WithTimeout(ctx, sending)
	defer cancel()
	x := Message{Phone: phone, Code: digits, Chinese: from(ctx).chinese}
	err := s.Sender.Send(bound, x)
	if err == nil || s.Mail == nil {
		return err
	}
	if err := s.read(ctx, "look for an e-mail address", func(r table.Reader) error {
		if p, ok := person.ByPhone(r, tag); ok {
			x.Email = s.Personal.Email(p)
		}
		return nil
	}); err != nil {
		return err
	}
	if x.Email != "" {
		s.Mail.Post(x)
	}
	return nil
}

// drawCode draws six digits.
func drawCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("draw a one-time code: %w", err)
	}
	return fmt.Sprintf("%06d", n), nil
}

// codeProof is the keyed hash by which a one-time code is known.
func (s *Server) codeProof(ctx context.Context, phone, digits string) ([]byte, error) {
	proof, err := s.Personal.Tag(ctx, "code", phone+" "+digits)
	if err != nil {
		return nil, s.fail(from(ctx), "hash a code", err)
	}
	return proof, nil
}

// phone reads a phone number, and makes the tag by which it is found.
func (s *Server) phone(ctx context.Context, typed string) (phone string, tag []byte, err error) {
	phone, ok := personal.Phone(typed)
	if !ok {
		return "", nil, refuse(from(ctx), code.PhoneTagInvalid)
	}
	if tag, err = s.Personal.PhoneTag(ctx, phone); err != nil {
		return "", nil, s.fail(from(ctx), "hash a phone number", err)
	}
	return phone, tag, nil
}

// Enrol implements WalletService. Details are sealed, which takes a key that a
// majority must have, only for whoever has the right code and is new.
func (s *Server) Enrol(ctx context.Context, q *connect.Request[pb.EnrolRequest]) (*connect.Response[pb.EnrolResponse], error) {
	who, m := from(ctx), q.Msg
	if err := who.has(m.PublicKey); err != nil {
		return nil, err
	}
	phone, tag, err := s.phone(ctx, m.Phone)
	if err != nil {
		return nil, err
	}
	if !rule.Text(m.Name, maxName) {
		return nil, refuse(who, code.TextInvalid)
	}
	if m.Email != "" && !EmailAddress(m.Email) {
		return nil, refuse(who, code.TextInvalid)
	}
	c := &pb.DeviceEnrol{PhoneTag: tag, PublicKey: m.PublicKey, Label: m.Label}
	if c.Proof, err = s.codeProof(ctx, phone, m.Code); err != nil {
		return nil, err
	}
	fresh := false
	if err := s.read(ctx, "look for the person", func(r table.Reader) error {
		_, there := person.ByPhone(r, tag)
		fresh = !there && rule.Proven(r, tag, c.Proof)
		return nil
	}); err != nil {
		return nil, err
	}
	enrol := rule.Enrol
	if fresh && m.Name != "" {
		if c.Details, err = s.Personal.Seal(ctx, &pb.Details{Name: m.Name, Phone: phone, Email: m.Email}); err != nil {
			return nil, s.fail(who, "seal details", err)
		}
		enrol = enrol.Until(s.Personal.Until(c.Details))
	}
	e, err := do(ctx, s, enrol, c)
	if err != nil {
		return nil, err
	}
	if !e.Right {
		return nil, wrongCode(who, e.Left)
	}
	return answer(&pb.EnrolResponse{Device: e.Device, Fresh: e.Fresh})
}

// has says whether the caller signed with the key, and names it.
func (c *caller) has(publicKey []byte) error {
	key, err := httpsig.PublicKey(publicKey)
	if err != nil || !bytes.Equal(rule.DeviceID(publicKey), c.params.Key) {
		return refuse(c, code.DeviceKeyInvalid)
	}
	if !httpsig.Verify(key, c.hash[:], c.signature) {
		return connect.NewError(connect.CodeUnauthenticated, errSigned)
	}
	return nil
}

// wrongCode is the refusal of a code that may be tried again, if any is left.
func wrongCode(who *caller, left uint32) error {
	if left == 0 {
		return refuse(who, code.CodeExpired)
	}
	return refuse(who, code.CodeWrong)
}
