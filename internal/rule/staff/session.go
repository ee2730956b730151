package staff

import (
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

const (
	// MaxSessions is how many sessions a member may have open.
	MaxSessions = 16
	// A session lasts at least a minute, an operator's at most a day, and that of a
	// merchant's own people, who stand at a till, 30 days.
	minLife          = stamp.Minute
	maxLife          = stamp.DayMs
	maxMerchantsLife = 30 * stamp.DayMs
	maxLabel         = 40
)

// ApplySessionOpen signs a member in: with their token, with a passkey, or with the
// consent of a device of the person the member is. The hash is the identity, of whoever
// signs in with it first. Sessions that have lapsed are forgotten.
//
// Refuses, in this order: CommandMalform (hash), TextInvalid (label), PasskeyInvalid (it
// did not sign, or did not check who is there); StaffNotFound, StaffEnded;
// SessionLifeInvalid; SessionTaken (it is another member's); StaffSecretInvalid (the
// token is not theirs, or no person is named); what wallet.CheckTrusted refuses;
// ChallengeOver, PasskeyUnknown, PasskeyCounterBack; SessionsTooMany.
func ApplySessionOpen(d *deed.Deed, c *pb.SessionOpen) (code.Code, *pb.StaffMember) {
	switch {
	case len(c.Hash) != SecretSize:
		return code.CommandMalform, nil
	case !wallet.Text(c.Label, maxLabel):
		return code.TextInvalid, nil
	case c.Assertion != nil && !assertion.Verified(c.Assertion):
		return code.PasskeyInvalid, nil
	}
	m, out := active(d, c.Id)
	switch {
	case out != code.OK:
		return out, nil
	case !lasts(m, c.LifeMs):
		return code.SessionLifeInvalid, nil
	case Session(m, c.Hash, d.At) != nil:
		return code.OK, m
	case taken(d, c):
		return code.SessionTaken, nil
	}
	by, out := proven(d, m, c)
	if out != code.OK {
		return out, nil
	}
	left := unlapsed(m, d.At)
	if len(left) >= MaxSessions {
		return code.SessionsTooMany, nil
	}
	// From here the command succeeds.
	keep(d, m, left)
	begin(d, m, c, by)
	return code.OK, m
}

// taken says whether another member signed in with the hash.
func taken(d *deed.Deed, c *pb.SessionOpen) bool {
	other, ok := BySession(d.Tx, c.Hash)
	return ok && other.Id != c.Id
}

// begin writes what a sign-in opens.
func begin(d *deed.Deed, m *pb.StaffMember, c *pb.SessionOpen, by proof) {
	m.LastSession++
	s := &pb.StaffSession{Number: m.LastSession, Hash: c.Hash, OpenedAt: d.At, Until: d.At + c.LifeMs, Label: c.Label}
	m.Sessions = append(m.Sessions, s)
	opened.Put(d.Tx, openedKey(s.Hash), &pb.OrderRef{Id: m.Id})
	switch {
	case by.leave != nil:
		s.Device = c.Consent.Device
		by.leave.Use(d)
		put(d, m)
		d.Consent(c.Consent)
	case by.passkey != nil:
		s.Passkey, m.Met = by.passkey.Credential, c.Assertion.Challenge.Number
		by.passkey.SignCount, by.passkey.UsedAt = assertion.Count(c.Assertion), d.At
		put(d, m)
		d.Consent(&pb.Consent{Assertion: c.Assertion})
	default:
		put(d, m)
	}
}

func lasts(m *pb.StaffMember, life int64) bool {
	most := int64(maxLife)
	if m.Mchid != "" {
		most = maxMerchantsLife
	}
	return life >= minLife && life <= most
}

// proof is what shows that it is the member who signs in; a token leaves neither.
type proof struct {
	leave   *wallet.Leave
	passkey *pb.Passkey
}

// proven says whether it is the member who signs in.
func proven(d *deed.Deed, m *pb.StaffMember, c *pb.SessionOpen) (proof, code.Code) {
	switch {
	case c.Assertion != nil:
		k, out := signed(d, m, c)
		return proof{passkey: k}, out
	case c.Consent != nil && m.Uid != 0:
		leave, out := wallet.CheckTrusted(d, m.Uid, c.Consent)
		return proof{leave: &leave}, out
	case c.Consent == nil && HasToken(m, c.Token):
		return proof{}, code.OK
	}
	return proof{}, code.StaffSecretInvalid
}

// unlapsed are the sessions that have not lapsed.
func unlapsed(m *pb.StaffMember, at int64) (left []*pb.StaffSession) {
	for _, s := range m.Sessions {
		if at < s.Until {
			left = append(left, s)
		}
	}
	return left
}

// keep ends the sessions that are not among those left.
func keep(d *deed.Deed, m *pb.StaffMember, left []*pb.StaffSession) {
	for _, s := range m.Sessions {
		if !slices.Contains(left, s) {
			d.Tx.Delete(openedKey(s.Hash))
		}
	}
	m.Sessions = left
}

// ApplySessionEnd ends one session, or all of them; what has ended is done. A device of
// the member's person may end them from afar, without the PIN: what was lost must be
// ended at once.
//
// Refuses, in this order: StaffNotFound; with a consent StaffSecretInvalid (no person is
// named), and what wallet.CheckAct refuses.
func ApplySessionEnd(d *deed.Deed, c *pb.SessionEnd) (code.Code, *pb.StaffMember) {
	m, ok := Get(d.Tx, c.Id)
	if !ok {
		return code.StaffNotFound, nil
	}
	var left []*pb.StaffSession
	for _, s := range m.Sessions {
		if c.Number != 0 && s.Number != c.Number {
			left = append(left, s)
		}
	}
	if len(left) == len(m.Sessions) {
		return code.OK, m
	}
	if c.Consent != nil {
		return endFromAfar(d, m, c.Consent, left)
	}
	// From here the command succeeds.
	keep(d, m, left)
	put(d, m)
	return code.OK, m
}

func endFromAfar(d *deed.Deed, m *pb.StaffMember, by *pb.Consent, left []*pb.StaffSession) (code.Code, *pb.StaffMember) {
	if m.Uid == 0 {
		return code.StaffSecretInvalid, nil
	}
	leave, out := wallet.CheckAct(d, m.Uid, by, false)
	if out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	keep(d, m, left)
	leave.Use(d)
	put(d, m)
	d.Consent(by)
	return code.OK, m
}
