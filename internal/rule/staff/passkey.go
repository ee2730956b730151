package staff

import (
	"bytes"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// Subject is whose the challenges are that sign somebody in: who will meet one is not
// known when it is made.
const Subject = "staff"

// addWithin is how long after signing in a session may add a passkey: one that was left
// open must not become a way in for ever.
const addWithin = 15 * stamp.Minute

// ApplyPasskeyAdd adds a passkey, with which the member signs in from then on. Its own
// number is the identity: the same key again changes nothing. It takes the token, or a
// session that was opened a moment ago. That the edge has verified how the passkey was
// made is not looked at; the journal keeps its public key.
//
// Refuses, in this order: PasskeyInvalid, TextInvalid (label); StaffNotFound, StaffEnded;
// PasskeyExists; StaffSecretInvalid, SignInOld; PasskeysTooMany.
func ApplyPasskeyAdd(d *deed.Deed, c *pb.StaffPasskeyAdd) (code.Code, *pb.StaffMember) {
	k := c.Passkey
	switch {
	case !assertion.Fit(k):
		return code.PasskeyInvalid, nil
	case k.Label == "" || !wallet.Text(k.Label, maxLabel):
		return code.TextInvalid, nil
	}
	m, out := active(d, c.Id)
	if out != code.OK {
		return out, nil
	}
	if old := assertion.Find(m.Passkeys, k.Credential); old != nil {
		if !bytes.Equal(old.PublicKey, k.PublicKey) {
			return code.PasskeyExists, nil
		}
		return code.OK, m
	}
	if out := freshly(d, m, c.Secret); out != code.OK {
		return out, nil
	}
	if len(m.Passkeys) >= assertion.MaxKeys {
		return code.PasskeysTooMany, nil
	}
	// From here the command succeeds.
	m.Passkeys = append(m.Passkeys, assertion.Added(k, d.At))
	members.Put(d.Tx, key(m.Id), m)
	d.Record(Entity(m.Id), assertion.Name(k), nil)
	return code.OK, m
}

// freshly says whether a secret is the member's token, or a session that they opened a
// moment ago.
func freshly(d *deed.Deed, m *pb.StaffMember, secret []byte) code.Code {
	if HasToken(m, secret) {
		return code.OK
	}
	switch s := Session(m, secret, d.At); {
	case s == nil:
		return code.StaffSecretInvalid
	case d.At >= s.OpenedAt+addWithin:
		return code.SignInOld
	}
	return code.OK
}

// ApplyPasskeyEnd removes a passkey with the sessions that it opened; what is removed
// already is done.
//
// Refuses, in this order: StaffNotFound.
func ApplyPasskeyEnd(d *deed.Deed, c *pb.StaffPasskeyEnd) (code.Code, *pb.StaffMember) {
	m, ok := Get(d.Tx, c.Id)
	switch {
	case !ok:
		return code.StaffNotFound, nil
	case assertion.Find(m.Passkeys, c.Credential) == nil:
		return code.OK, m
	}
	// From here the command succeeds.
	m.Passkeys = slices.DeleteFunc(m.Passkeys, func(k *pb.Passkey) bool { return bytes.Equal(k.Credential, c.Credential) })
	keep(d, m, slices.DeleteFunc(slices.Clone(m.Sessions), func(s *pb.StaffSession) bool { return bytes.Equal(s.Passkey, c.Credential) }))
	put(d, m)
	return code.OK, m
}

// signed is the member's passkey that signed the challenge for a session. A challenge is
// good once: each has a higher number than any that the member met before, and opens no
// other session.
func signed(d *deed.Deed, m *pb.StaffMember, c *pb.SessionOpen) (*pb.Passkey, code.Code) {
	a := c.Assertion
	ch, k := a.Challenge, assertion.Find(m.Passkeys, a.Credential)
	switch {
	case ch.Subject != Subject || !bytes.Equal(ch.Act, c.Hash[:assertion.ActSize]) || ch.Number <= m.Met || !assertion.Young(ch, d.At):
		return nil, code.ChallengeOver
	case k == nil:
		return nil, code.PasskeyUnknown
	case !assertion.Ahead(k, assertion.Count(a)):
		return nil, code.PasskeyCounterBack
	}
	return k, code.OK
}
