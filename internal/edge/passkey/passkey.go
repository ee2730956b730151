// Package passkey speaks WebAuthn with browsers: what an authenticator is asked to make
// or to sign, and whether what came back is that. It keeps nothing: a challenge goes to
// whoever asked for it and comes back with the answer, with a mac that any node checks.
// Whether a challenge is still good, and whose passkeys there are, rules decide.
package passkey

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Site is what passkeys are made for.
type Site struct {
	// ID is the relying party's: a domain, of which all origins are or are part of.
	ID string
	// Origins are the pages that may ask for passkeys, https://pay.example.com.
	Origins []string
}

// Party asks for passkeys in the name of a site. Its methods may be called from any
// goroutine.
type Party struct{ lib *webauthn.WebAuthn }

// algorithms are those that authenticators have: P-256, Ed25519, and RSA on Windows.
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// New is the party of a site.
func New(s Site) (*Party, error) {
	lib, err := webauthn.New(&webauthn.Config{
		RPID: s.ID, RPDisplayName: s.ID, RPOrigins: s.Origins,
		// Where a key was made says nothing that we would act on.
		AttestationPreference: protocol.PreferNoAttestation,
		// It stands in for the PIN, so that the authenticator must know its owner.
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			UserVerification: protocol.VerificationRequired, ResidentKey: protocol.ResidentKeyRequirementPreferred,
		},
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("ask for passkeys as %s: %w", s.ID, err)
	}
	return &Party{lib: lib}, nil
}

// Owner is whose passkeys are asked for.
type Owner struct {
	// Handle is what authenticators know the owner by: it says nothing to anybody else.
	Handle []byte
	// Name is what they show the owner.
	Name string
	Keys []*pb.Passkey
	// Found: the owner is to be found by the passkey, without being named first, so that
	// the authenticator itself must keep it.
	Found bool
}

// WebAuthnID implements webauthn.User.
func (o Owner) WebAuthnID() []byte { return o.Handle }

// WebAuthnName implements webauthn.User.
func (o Owner) WebAuthnName() string { return o.Name }

// WebAuthnDisplayName implements webauthn.User.
func (o Owner) WebAuthnDisplayName() string { return o.Name }

// WebAuthnCredentials implements webauthn.User.
func (o Owner) WebAuthnCredentials() (list []webauthn.Credential) {
	for _, k := range o.Keys {
		list = append(list, webauthn.Credential{
			ID: k.Credential, PublicKey: k.PublicKey, Flags: webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(k.Flags)),
			Authenticator: webauthn.Authenticator{SignCount: k.SignCount},
		})
	}
	return list
}

// ErrAnswer says that what a browser sent is not what was asked for: another origin,
// site, challenge or key, or an authenticator that did not check its owner.
var ErrAnswer = errors.New("the passkey's answer does not fit")

func refused(err error) error {
	var detail *protocol.Error
	if errors.As(err, &detail) {
		return fmt.Errorf("%w: %s: %s", ErrAnswer, detail.Details, detail.DevInfo)
	}
	return fmt.Errorf("%w: %w", ErrAnswer, err)
}

// Creation is what a browser needs to have a passkey made, as JSON for
// PublicKeyCredential.parseCreationOptionsFromJSON.
func (p *Party) Creation(o Owner, c *pb.Challenge) (string, error) {
	hash := assertion.Hash(c)
	kept := protocol.ResidentKeyRequirementPreferred
	if o.Found {
		kept = protocol.ResidentKeyRequirementRequired
	}
	ask, _, err := p.lib.BeginRegistration(o,
		webauthn.WithResidentKeyRequirement(kept),
		webauthn.WithCredentialParameters(algorithms),
		webauthn.WithExclusions(webauthn.Credentials(o.WebAuthnCredentials()).CredentialDescriptors()),
		func(opts *protocol.PublicKeyCredentialCreationOptions) error {
			opts.Challenge = hash[:]
			return nil
		})
	if err != nil {
		return "", fmt.Errorf("ask for a passkey to be made: %w", err)
	}
	return written(ask.Response)
}

// Created reads the passkey that was made, without a label. It returns ErrAnswer for
// what was not asked for.
func (p *Party) Created(o Owner, c *pb.Challenge, credential string) (*pb.Passkey, error) {
	answer, err := protocol.ParseCredentialCreationResponseBytes([]byte(credential))
	if err != nil {
		return nil, refused(err)
	}
	session := p.session(o, c)
	session.CredParams = algorithms
	made, err := p.lib.CreateCredential(o, session, answer)
	if err != nil {
		return nil, refused(err)
	}
	return &pb.Passkey{
		Credential: made.ID, PublicKey: made.PublicKey, SignCount: made.Authenticator.SignCount, Flags: uint32(made.Flags.ProtocolValue()),
	}, nil
}

// Request is what a browser needs to have a challenge signed, as JSON for
// PublicKeyCredential.parseRequestOptionsFromJSON.
func (p *Party) Request(o Owner, c *pb.Challenge) (string, error) {
	hash := assertion.Hash(c)
	ask, _, err := p.lib.BeginLogin(o, webauthn.WithChallenge(hash[:]))
	if err != nil {
		return "", fmt.Errorf("ask a passkey to sign: %w", err)
	}
	return written(ask.Response)
}

// RequestOfAny is Request for whoever has a passkey that their authenticator keeps.
func (p *Party) RequestOfAny(c *pb.Challenge) (string, error) {
	hash := assertion.Hash(c)
	ask, _, err := p.lib.BeginDiscoverableLogin(webauthn.WithChallenge(hash[:]))
	if err != nil {
		return "", fmt.Errorf("ask any passkey to sign: %w", err)
	}
	return written(ask.Response)
}

// Handle is what the authenticator knows the owner by who answers RequestOfAny. It
// returns ErrAnswer where there is none.
func Handle(credential string) ([]byte, error) {
	answer, err := protocol.ParseCredentialRequestResponseBytes([]byte(credential))
	if err != nil {
		return nil, refused(err)
	}
	if len(answer.Response.UserHandle) == 0 {
		return nil, fmt.Errorf("%w: it does not say whose it is", ErrAnswer)
	}
	return answer.Response.UserHandle, nil
}

// Asserted reads what a passkey of the owner's signed. It returns ErrAnswer for what
// was not asked for.
func (p *Party) Asserted(o Owner, c *pb.Challenge, credential string) (*pb.Assertion, error) {
	answer, err := protocol.ParseCredentialRequestResponseBytes([]byte(credential))
	if err != nil {
		return nil, refused(err)
	}
	if _, err := p.lib.ValidateLogin(o, p.session(o, c), answer); err != nil {
		return nil, refused(err)
	}
	said := answer.Raw.AssertionResponse
	return &pb.Assertion{
		Credential: answer.RawID, AuthenticatorData: said.AuthenticatorData, ClientData: said.ClientDataJSON, Signature: said.Signature, Challenge: c,
	}, nil
}

func (p *Party) session(o Owner, c *pb.Challenge) webauthn.SessionData {
	hash := assertion.Hash(c)
	return webauthn.SessionData{
		Challenge: base64.RawURLEncoding.EncodeToString(hash[:]), UserID: o.Handle, UserVerification: protocol.VerificationRequired,
	}
}

func written(options any) (string, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return "", fmt.Errorf("write what is asked of a browser: %w", err)
	}
	return string(text), nil
}
