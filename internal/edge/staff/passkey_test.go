package staff_test

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey/passkeytest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const page = "https://pay.example.com"

// add adds an authenticator's passkey for whoever has a secret.
func (o *office) add(secret string, a *passkeytest.Authenticator) *pb.StaffShown {
	o.t.Helper()
	c := o.as(secret)
	asked := must(o.t, c.BeginMemberPasskey, &pb.BeginMemberPasskeyRequest{})
	return must(o.t, c.AddMemberPasskey, &pb.AddMemberPasskeyRequest{Token: asked.Token, Credential: a.Create(asked.Options), Label: "laptop"})
}

// signing is a sign-in that an authenticator has signed, for a secret of one byte.
func (o *office) signing(a *passkeytest.Authenticator, secret byte) *pb.SignInByPasskeyRequest {
	o.t.Helper()
	q := &pb.SignInByPasskeyRequest{Secret: make([]byte, 32), Label: "till"}
	q.Secret[0] = secret
	hash := sha256.Sum256(q.Secret)
	asked := must(o.t, o.sending().AskSignIn, &pb.AskSignInRequest{Hash: hash[:]})
	q.Token, q.Credential = asked.Token, a.Get(asked.Options)
	return q
}

// A passkey that was added with the token signs in without one, each challenge once, for
// the secret that it was asked for, and what it does is under the member's number.
func TestPasskeySignsIn(t *testing.T) {
	t.Parallel()
	o := open(t)
	token, a := o.member(another, "wu", pb.StaffRole_STAFF_ROLE_CASHIER), passkeytest.New(t, page)
	if m := o.add(token, a); len(m.Passkeys) != 1 || m.Passkeys[0].Label != "laptop" || m.Passkeys[0].UsedAt != 0 {
		t.Fatalf("the member shows %v", m.Passkeys)
	}
	nobody := o.sending()
	q := o.signing(a, 1)
	in := must(t, nobody.SignInByPasskey, q)
	if want := "hfs_2_" + base64.RawURLEncoding.EncodeToString(q.Secret); in.Session != want {
		t.Errorf("what opens is %q, not %q", in.Session, want)
	}
	m := must(t, o.as(in.Session).WhoAmI, &pb.WhoAmIRequest{})
	if m.Ref != "wu" || len(m.Sessions) != 1 || !m.Sessions[0].ByPasskey || m.Sessions[0].ByDevice || m.Passkeys[0].UsedAt == 0 {
		t.Errorf("signed in as %v", m)
	}
	if again := must(t, nobody.SignInByPasskey, q); again.Number != in.Number {
		t.Errorf("repeated, it opens session %d", again.Number)
	}
	must(t, o.as(in.Session).SignOut, &pb.SignOutRequest{})
	refused(t, nobody.SignInByPasskey, q, code.ChallengeOver)

	o.Sleep(1)
	q = o.signing(a, 2)
	q.Secret[1] = 1
	refused(t, nobody.SignInByPasskey, q, code.ChallengeOver) // another session's

	o.Sleep(1)
	in = must(t, nobody.SignInByPasskey, o.signing(a, 3))
	o.Sleep(15 * stamp.Minute)
	session := o.as(in.Session)
	asked := must(t, session.BeginMemberPasskey, &pb.BeginMemberPasskeyRequest{})
	b := passkeytest.New(t, page)
	refused(t, session.AddMemberPasskey, &pb.AddMemberPasskeyRequest{Token: asked.Token, Credential: b.Create(asked.Options), Label: "b"}, code.SignInOld)
	must(t, session.EndMemberPasskey, &pb.EndMemberPasskeyRequest{Credential: a.ID})
	refused(t, session.WhoAmI, &pb.WhoAmIRequest{}, code.StaffSecretInvalid) // with its sessions
	refused(t, nobody.SignInByPasskey, o.signing(a, 4), code.PasskeyUnknown)
}

// What does not come from this site's page, for this challenge, by a member's passkey, is
// refused, and counts as a wrong token does.
func TestSignInsThatDoNotFit(t *testing.T) {
	t.Parallel()
	o := open(t)
	token, a := o.member(another, "wu", pb.StaffRole_STAFF_ROLE_CASHIER), passkeytest.New(t, page)
	o.add(token, a)
	nobody := o.sending()
	refused(t, nobody.AskSignIn, &pb.AskSignInRequest{Hash: []byte("short")}, code.PasskeyInvalid)

	q := o.signing(a, 1)
	q.Token = append([]byte(nil), q.Token...)
	q.Token[len(q.Token)-1] ^= 1
	refused(t, nobody.SignInByPasskey, q, code.PasskeyInvalid)
	q = o.signing(a, 1)
	q.Credential = "{}"
	refused(t, nobody.SignInByPasskey, q, code.AssertionWrong)
	q = o.signing(a, 1)
	o.Sleep(2 * stamp.Minute)
	refused(t, nobody.SignInByPasskey, q, code.ChallengeOver)
	a.Origin = "https://evil.example"
	refused(t, nobody.SignInByPasskey, o.signing(a, 1), code.AssertionWrong)
	a.Origin, a.Unverified = page, true
	refused(t, nobody.SignInByPasskey, o.signing(a, 1), code.AssertionWrong)
	a.Unverified = false

	// A challenge that adds a passkey signs nobody in.
	asked := must(t, o.as(token).BeginMemberPasskey, &pb.BeginMemberPasskeyRequest{})
	q = o.signing(a, 1)
	q.Token = asked.Token
	refused(t, nobody.SignInByPasskey, q, code.PasskeyInvalid)

	for range 20 {
		_, _ = nobody.SignInByPasskey(t.Context(), wrong())
	}
	refused(t, nobody.SignInByPasskey, o.signing(a, 1), code.StaffTriesTooMany)
}

// An owner removes a passkey of one of their people, and of nobody else's.
func TestOwnerRemovesAPasskey(t *testing.T) {
	t.Parallel()
	o := open(t)
	a, b := passkeytest.New(t, page), passkeytest.New(t, page)
	o.add(o.member("1900000001", "bo", pb.StaffRole_STAFF_ROLE_CASHIER), a)
	o.add(o.member(another, "wu", pb.StaffRole_STAFF_ROLE_CASHIER), b)
	if m := must(t, o.owner.EndMemberPasskey, &pb.EndMemberPasskeyRequest{Ref: "bo", Credential: a.ID}); len(m.Passkeys) != 0 {
		t.Errorf("bo still has %v", m.Passkeys)
	}
	refused(t, o.owner.EndMemberPasskey, &pb.EndMemberPasskeyRequest{Ref: "wu", Credential: b.ID}, code.StaffNotFound)
}
