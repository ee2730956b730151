package wallet

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey"
	"github.com/holdfast-pay/holdfast/internal/pb"
	rule "github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// BeginPasskey implements WalletService.
func (s *Server) BeginPasskey(ctx context.Context, _ *connect.Request[pb.BeginPasskeyRequest]) (*connect.Response[pb.PasskeyAsked], error) {
	return s.asked(ctx, nil, (*passkey.Party).Creation)
}

// AskPasskey implements WalletService. What is asked for goes into what the passkey
// signs, so that the grant is good for that and nothing else.
func (s *Server) AskPasskey(ctx context.Context, q *connect.Request[pb.AskPasskeyRequest]) (*connect.Response[pb.PasskeyAsked], error) {
	act := actOf(inner(q.Msg))
	if act == nil {
		return nil, refuse(from(ctx), code.PasskeyInvalid)
	}
	return s.asked(ctx, act, (*passkey.Party).Request)
}

// inner is the call that a passkey is asked about.
func inner(q *pb.AskPasskeyRequest) any {
	switch c := q.Call.(type) {
	case *pb.AskPasskeyRequest_Pay:
		return c.Pay
	case *pb.AskPasskeyRequest_Transfer:
		return c.Transfer
	case *pb.AskPasskeyRequest_ThrowPacket:
		return c.ThrowPacket
	case *pb.AskPasskeyRequest_SetFreeLimit:
		return c.SetFreeLimit
	case *pb.AskPasskeyRequest_SetPin:
		return c.SetPin
	case *pb.AskPasskeyRequest_AddPasskey:
		return c.AddPasskey
	case *pb.AskPasskeyRequest_EndPasskey:
		return c.EndPasskey
	case *pb.AskPasskeyRequest_EndDevice:
		return c.EndDevice
	case *pb.AskPasskeyRequest_WithdrawCash:
		return c.WithdrawCash
	case *pb.AskPasskeyRequest_AnswerAsked:
		return c.AnswerAsked
	case *pb.AskPasskeyRequest_SignInStaff:
		return c.SignInStaff
	}
	return nil
}

// asked issues a challenge for an act, or for a new passkey when there is none, and
// has the party put it in the browser's words.
func (s *Server) asked(ctx context.Context, act []byte, words func(*passkey.Party, passkey.Owner, *pb.Challenge) (string, error)) (*connect.Response[pb.PasskeyAsked], error) {
	who := from(ctx)
	owner, met, err := s.owner(ctx)
	switch {
	case err != nil:
		return nil, err
	case act != nil && len(owner.Keys) == 0:
		return nil, refuse(who, code.PasskeyUnknown)
	}
	c := &pb.Challenge{Subject: rule.Subject(who.uid), Device: who.params.Key, Number: met + 1, Until: s.Now() + assertion.Life, Act: act}
	token, err := passkey.Issue(ctx, s.Personal.Tag, c)
	if err != nil {
		return nil, s.fail(who, "ask for a passkey", err)
	}
	options, err := words(s.Passkeys, owner, c)
	if err != nil {
		return nil, s.fail(who, "ask for a passkey", err)
	}
	return answer(&pb.PasskeyAsked{Options: options, Token: token})
}

// owner is the caller as authenticators know them, and how many challenges were met.
func (s *Server) owner(ctx context.Context) (o passkey.Owner, met uint64, err error) {
	who := from(ctx)
	if s.Passkeys == nil {
		return o, 0, refuse(who, code.PasskeysOff)
	}
	if err = s.read(ctx, "look for passkeys", func(r table.Reader) error {
		_, p, out := own(r, who)
		if out != code.OK {
			return &code.Error{Code: out}
		}
		of := rule.PasskeysOf(r, who.uid)
		o.Name, o.Keys, met = s.Personal.Name(p), of.List, of.Met
		return nil
	}); err != nil {
		return o, 0, err
	}
	if o.Handle, err = s.Personal.Tag(ctx, "passkey owner", rule.Subject(who.uid)); err != nil {
		err = s.fail(who, "name a passkey's owner", err)
	}
	return o, met, err
}

// AddPasskey implements WalletService.
func (s *Server) AddPasskey(ctx context.Context, q *connect.Request[pb.AddPasskeyRequest]) (*connect.Response[pb.WalletView], error) {
	who, m := from(ctx), q.Msg
	owner, c, err := s.answered(ctx, m.Token)
	if err != nil {
		return nil, err
	}
	if s.Now() >= c.Until || len(c.Act) > 0 {
		return nil, refuse(who, code.ChallengeOver)
	}
	key, err := s.Passkeys.Created(owner, c, m.Credential)
	if err != nil {
		return nil, s.unfit(ctx, err)
	}
	key.Label = m.Label
	if _, err := do(ctx, s, rule.AddPasskey, &pb.PasskeyAdd{Uid: who.uid, Passkey: key, Consent: who.consent(m.Grant)}); err != nil {
		return nil, err
	}
	return s.view(ctx)
}

// CheckPasskey implements WalletService.
func (s *Server) CheckPasskey(ctx context.Context, q *connect.Request[pb.CheckPasskeyRequest]) (*connect.Response[pb.CheckPinResponse], error) {
	who := from(ctx)
	owner, c, err := s.answered(ctx, q.Msg.Token)
	if err != nil {
		return nil, err
	}
	signed, err := s.Passkeys.Asserted(owner, c, q.Msg.Credential)
	if err != nil {
		return nil, s.unfit(ctx, err)
	}
	consent := who.consent(0)
	consent.Assertion = signed
	grant, err := do(ctx, s, rule.UsePasskey, &pb.PasskeyUse{Uid: who.uid, Consent: consent})
	if err != nil {
		return nil, err
	}
	return answer(&pb.CheckPinResponse{Grant: grant.Number, ExpiresAt: grant.Until})
}

// answered finds the caller, and the challenge that they answer.
func (s *Server) answered(ctx context.Context, token []byte) (passkey.Owner, *pb.Challenge, error) {
	who := from(ctx)
	owner, _, err := s.owner(ctx)
	if err != nil {
		return owner, nil, err
	}
	c, err := passkey.Open(ctx, s.Personal.Tag, token, rule.Subject(who.uid), who.params.Key)
	switch {
	case errors.Is(err, passkey.ErrToken):
		return owner, nil, refuse(who, code.PasskeyInvalid)
	case err != nil:
		return owner, nil, s.fail(who, "open a challenge", err)
	}
	return owner, c, nil
}

// unfit refuses what a browser sent. Why is for the log: it names origins and flags,
// and nothing of the person.
func (s *Server) unfit(ctx context.Context, err error) error {
	who := from(ctx)
	if !errors.Is(err, passkey.ErrAnswer) {
		return s.fail(who, "check a passkey", err)
	}
	s.Log.Info("a passkey was refused", "request_id", who.request, "err", err)
	return refuse(who, code.AssertionWrong)
}

// EndPasskey implements WalletService.
func (s *Server) EndPasskey(ctx context.Context, q *connect.Request[pb.EndPasskeyRequest]) (*connect.Response[pb.WalletView], error) {
	who := from(ctx)
	c := &pb.PasskeyEnd{Uid: who.uid, Credential: q.Msg.Credential, Consent: who.consent(q.Msg.Grant)}
	if _, err := do(ctx, s, rule.EndPasskey, c); err != nil {
		return nil, err
	}
	return s.view(ctx)
}
