package storytest

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
)

// member finds an operator by NAME, one of a merchant's people by M1/NAME.
func member(r table.Reader, name string) (*pb.StaffMember, bool) {
	first, rest, ofMerchant := strings.Cut(name, "/")
	if ofMerchant {
		return staff.ByRef(r, mchid(first), rest)
	}
	return staff.ByRef(r, "", first)
}

// memberID is the number of a member; nobody's is one that was never given.
func (s *player) memberID(name string) (id uint64, err error) {
	if name == "nobody" {
		return 999, nil
	}
	err = s.p.Read(func(r table.Reader) error {
		m, ok := member(r, name)
		if !ok {
			return fmt.Errorf("there is no member of staff %s", name)
		}
		id = m.Id
		return nil
	})
	return id, err
}

// roles reads support,finance; a name that is no role is one that nobody knows.
func roles(list string) (found []pb.StaffRole) {
	for name := range strings.SplitSeq(list, ",") {
		if name != "" {
			found = append(found, pb.StaffRole(cmp.Or(pb.StaffRole_value["STAFF_ROLE_"+strings.ToUpper(name)], 99)))
		}
	}
	return found
}

func staffAdd(s *player, l *line) (table.Record, error) {
	first, rest, ofMerchant := strings.Cut(l.arg(0), "/")
	c := &pb.StaffAdd{Ref: first, Roles: roles(l.option("roles", "support")), Details: sealedText(l, "name")}
	if ofMerchant {
		c.Mchid, c.Ref = mchid(first), rest
	}
	var err error
	if who, ok := l.options["uid"]; ok {
		c.Uid, err = s.uid(who)
	}
	return c, err
}

func staffEnd(s *player, l *line) (table.Record, error) {
	id, err := s.memberID(l.arg(0))
	return &pb.StaffEnd{Id: id}, err
}

func staffSetRoles(s *player, l *line) (table.Record, error) {
	id, err := s.memberID(l.arg(0))
	return &pb.StaffSetRoles{Id: id, Roles: roles(l.arg(1))}, err
}

// secret is the hash of what a name stands for; of "" it is none.
func secret(name string) []byte {
	if name == "" {
		return nil
	}
	sum := sha256.Sum256([]byte("secret " + name))
	return sum[:]
}

func staffToken(s *player, l *line) (table.Record, error) {
	id, err := s.memberID(l.arg(0))
	return &pb.StaffToken{Id: id, Hash: secret(l.arg(1))}, err
}

// consentOrNone is a consent, by=unsigned one that nobody signed.
func consentOrNone(l *line) (*pb.Consent, error) {
	if l.options["by"] == "unsigned" {
		return &pb.Consent{}, nil
	}
	return consent(l)
}

func sessionOpen(s *player, l *line) (table.Record, error) {
	id, err := s.memberID(l.arg(0))
	life, err2 := duration(l.option("life", "12h"))
	by, err3 := consentOrNone(l)
	c := &pb.SessionOpen{
		Id: id, Hash: secret(l.arg(1)), LifeMs: life, Label: l.option("label", "office"), Token: secret(l.option("token", "")), Consent: by,
	}
	var err4 error
	if k, ok := l.options["passkey"]; ok {
		act := secret(l.option("for", l.arg(1)))[:assertion.ActSize]
		c.Assertion, err4 = signedBy(s, l, k, &pb.Challenge{Subject: l.option("subject", staff.Subject), Act: act})
	}
	return c, errors.Join(err, err2, err3, err4)
}

func staffPasskeyAdd(s *player, l *line) (table.Record, error) {
	id, err := s.memberID(l.arg(0))
	return &pb.StaffPasskeyAdd{Id: id, Passkey: passkeyOf(l), Secret: secret(l.option("secret", ""))}, err
}

func staffPasskeyEnd(s *player, l *line) (table.Record, error) {
	id, err := s.memberID(l.arg(0))
	return &pb.StaffPasskeyEnd{Id: id, Credential: credential(l.arg(1))}, err
}

func sessionEnd(s *player, l *line) (table.Record, error) {
	id, err := s.memberID(l.arg(0))
	number, err2 := strconv.ParseUint(cmp.Or(l.arg(1), "0"), 10, 64)
	by, err3 := consentOrNone(l)
	return &pb.SessionEnd{Id: id, Number: number, Consent: by}, errors.Join(err, err2, err3)
}

// describeOffice says what a record is that staff deals with.
func (s *player) describeOffice(body any) map[string]string {
	switch r := body.(type) {
	case *pb.StaffMember:
		return s.describeStaff(r)
	case *pb.ProblemReport:
		return map[string]string{
			"id": num(r.Id), "state": word(r.State, "REPORT_STATE_"), "merchant": short(r.Mchid), "promised": s.when(r.PromisedAt),
			"evidence": strconv.Itoa(len(r.Evidence)), "by": r.AnsweredBy,
		}
	case *pb.Shop:
		return describeShop(r)
	}
	return map[string]string{"type": fmt.Sprintf("%T", body)}
}

func (s *player) describeStaff(m *pb.StaffMember) map[string]string {
	var names, sessions []string
	for _, r := range m.Roles {
		names = append(names, strings.ToLower(word(r, "STAFF_ROLE_")))
	}
	for _, one := range m.Sessions {
		if s.now < one.Until {
			sessions = append(sessions, num(one.Number))
		}
	}
	return map[string]string{
		"id": num(m.Id), "roles": strings.Join(names, ","), "token": strconv.FormatBool(len(m.Token) > 0), "rows": strconv.Itoa(len(m.Sessions)),
		"sessions": cmp.Or(strings.Join(sessions, ","), "none"), "ended": strconv.FormatBool(m.EndedAt != 0),
		"keys": strconv.Itoa(len(m.Passkeys)),
	}
}
