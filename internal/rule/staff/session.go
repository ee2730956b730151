package staff

import (
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

// ApplySessionOpen signs a member in: with their token, or with the consent of a
// device of the person the member is. The hash is the identity. Sessions
// that have lapsed are forgotten.
//
// Refuses, in this order: CommandMalform (hash), TextInvalid (label); StaffNotFound,
// StaffEnded; SessionLifeInvalid; StaffSecretInvalid (the token is not theirs, or no
// person is named); what wallet.CheckAct refuses; SessionsTooMany.
func ApplySessionOpen(d *deed.Deed, c *pb.SessionOpen) (code.Code, *pb.StaffMember) {
	switch {
	case len(c.Hash) != SecretSize:
		return code.CommandMalform, nil
	case !wallet.Text(c.Label, maxLabel):
		return code.TextInvalid, nil
	}
	m, out := active(d, c.Id)
	switch {
	case out != code.OK:
		return out, nil
	case !lasts(m, c.LifeMs):
		return code.SessionLifeInvalid, nil
	case Session(m, c.Hash, d.At) != nil:
		return code.OK, m
	}
	leave, out := proven(d, m, c)
	if out != code.OK {
		return out, nil
	}
	m.Sessions = open(m, d.At)
	if len(m.Sessions) >= MaxSessions {
		return code.SessionsTooMany, nil
	}
	// From here the command succeeds.
	m.LastSession++
	s := &pb.StaffSession{Number: m.LastSession, Hash: c.Hash, OpenedAt: d.At, Until: d.At + c.LifeMs, Label: c.Label}
	m.Sessions = append(m.Sessions, s)
	if leave != nil {
		s.Device = c.Consent.Device
		leave.Use(d)
	}
	put(d, m)
	if leave != nil {
		d.Consent(c.Consent)
	}
	return code.OK, m
}

func lasts(m *pb.StaffMember, life int64) bool {
	most := int64(maxLife)
	if m.Mchid != "" {
		most = maxMerchantsLife
	}
	return life >= minLife && life <= most
}

// proven says whether it is the member who signs in: leave is nil with a token.
func proven(d *deed.Deed, m *pb.StaffMember, c *pb.SessionOpen) (*wallet.Leave, code.Code) {
	if c.Consent == nil {
		if !HasToken(m, c.Token) {
			return nil, code.StaffSecretInvalid
		}
		return nil, code.OK
	}
	if m.Uid == 0 {
		return nil, code.StaffSecretInvalid
	}
	leave, out := wallet.CheckAct(d, m.Uid, c.Consent, true)
	return &leave, out
}

// open are the sessions that have not lapsed.
func open(m *pb.StaffMember, at int64) (left []*pb.StaffSession) {
	for _, s := range m.Sessions {
		if at < s.Until {
			left = append(left, s)
		}
	}
	return left
}

// ApplySessionEnd ends one session, or all of them; what has ended is done.
//
// Refuses, in this order: StaffNotFound.
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
	// From here the command succeeds.
	m.Sessions = left
	put(d, m)
	return code.OK, m
}
