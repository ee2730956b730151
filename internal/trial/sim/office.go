package sim

import (
	"crypto/sha256"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
	"github.com/holdfast-pay/holdfast/internal/rule/standing"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// What is done in offices: members of staff, W1 and so on, who sign in; friends who are
// blocked and appeal; and what friends report about their transfers.

// inOffice are the verbs about it.
var inOffice = map[string]bool{
	"hire": true, "dismiss": true, "reassign": true, "token": true, "enter-office": true, "leave-office": true, "work": true,
	"office-key": true, "end-office-key": true, "key-office": true,
	"block": true, "unblock": true, "appeal": true, "decide": true,
	"report": true, "reply-report": true, "close-report": true,
}

// offices are what was told there.
type offices struct {
	asked     map[string]bool
	ids       map[string]uint64 // of members and reports
	over      map[string]bool
	dismissed map[string]bool
}

func newOffices() offices {
	return offices{asked: map[string]bool{}, ids: map[string]uint64{}, over: map[string]bool{}, dismissed: map[string]bool{}}
}

// waitFor has a request wait until something has an id.
func (c *clients) waitFor(r *request, name string) {
	r.in.order = name
	r.ready = func() bool { return c.offices.ids[name] != 0 }
	r.hopeless = func() bool { return c.offices.over[name] && c.offices.ids[name] == 0 }
	r.told = func(output) {}
}

// rolesOf are those that a number stands for.
func rolesOf(number uint64) []pb.StaffRole {
	if number%2 == 0 {
		return []pb.StaffRole{pb.StaffRole_STAFF_ROLE_OWNER}
	}
	return []pb.StaffRole{pb.StaffRole_STAFF_ROLE_CASHIER}
}

// secret is what a member has by a name: a token, a session.
func secret(what, name string, number uint64) []byte {
	sum := sha256.Sum256([]byte(fmt.Sprint(what, name, number)))
	return sum[:]
}

func (c *clients) hire(r *request, step script.Step) {
	name := step.Arg("MEMBER")
	c.waitFor(r, name)
	r.ready, r.hopeless, r.in.number = nil, nil, script.Number(step.Arg("NUMBER"))
	c.offices.asked[name] = true
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.StaffAdd, "admin/sim", "", &pb.StaffAdd{Mchid: shopOf(name), Ref: name, Roles: rolesOf(r.in.number)})
	}
	r.told = func(output) { c.offices.over[name] = true }
}

func (c *clients) dismiss(r *request, step script.Step) {
	name := step.Arg("MEMBER")
	c.waitFor(r, name)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.StaffEnd, "admin/sim", "", &pb.StaffEnd{Id: c.offices.ids[name]})
	}
	r.told = func(out output) { c.offices.dismissed[name] = c.offices.dismissed[name] || out.code == code.OK }
}

// reassign gives a member other roles, and token another token.
func (c *clients) reassign(r *request, step script.Step) {
	name := step.Arg("MEMBER")
	c.waitFor(r, name)
	r.in.number = script.Number(step.Arg("NUMBER"))
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.StaffSetRoles, "admin/sim", "", &pb.StaffSetRoles{Id: c.offices.ids[name], Roles: rolesOf(r.in.number)})
	}
}

func (c *clients) token(r *request, step script.Step) {
	name := step.Arg("MEMBER")
	c.waitFor(r, name)
	r.in.number = script.Number(step.Arg("NUMBER"))
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.StaffToken, "admin/sim", "", &pb.StaffToken{Id: c.offices.ids[name], Hash: secret("token", name, r.in.number)})
	}
}

// enterOffice opens a session with a token, leaveOffice ends all of them.
func (c *clients) enterOffice(r *request, step script.Step) {
	name, numbers := step.Arg("MEMBER"), step.All("NUMBER")
	c.waitFor(r, name)
	r.in.number, r.in.key = script.Number(numbers[0]), numbers[1]
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.SessionOpen, "till", "", &pb.SessionOpen{
			Id: c.offices.ids[name], Hash: secret("session", name, r.in.number), LifeMs: stamp.Hour, Label: "till",
			Token: secret("token", name, script.Number(r.in.key)),
		})
	}
}

// officeKey adds a passkey with a token, endOfficeKey removes it.
func (c *clients) officeKey(r *request, step script.Step) {
	name, numbers := step.Arg("MEMBER"), step.All("NUMBER")
	c.waitFor(r, name)
	r.in.number, r.in.key = script.Number(numbers[0]), numbers[1]
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.StaffPasskeyAdd, "till", "", &pb.StaffPasskeyAdd{
			Id: c.offices.ids[name], Secret: secret("token", name, script.Number(r.in.key)),
			Passkey: &pb.Passkey{Credential: credential(name, r.in.number), PublicKey: fill(77, byte(r.in.number)), Label: "key"},
		})
	}
}

func (c *clients) endOfficeKey(r *request, step script.Step) {
	name := step.Arg("MEMBER")
	c.waitFor(r, name)
	r.in.number = script.Number(step.Arg("NUMBER"))
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.StaffPasskeyEnd, "till", "", &pb.StaffPasskeyEnd{Id: c.offices.ids[name], Credential: credential(name, r.in.number)})
	}
}

// keyOffice opens a session with a passkey, which signs a challenge that is made now.
func (c *clients) keyOffice(r *request, step script.Step) {
	name, numbers := step.Arg("MEMBER"), step.All("NUMBER")
	c.waitFor(r, name)
	r.in.number, r.in.key, r.in.amount = script.Number(numbers[0]), numbers[1], c.w.now
	until := c.w.now + challengeFor
	r.command = func() *pb.Command {
		hash := secret("session", name, r.in.number)
		return catalogue.NewCommand(catalogue.SessionOpen, "till", "", &pb.SessionOpen{
			Id: c.offices.ids[name], Hash: hash, LifeMs: stamp.Hour, Label: "till", Assertion: signedChallenge(credential(name, script.Number(r.in.key)), 0, &pb.Challenge{
				Subject: staff.Subject, Number: uint64(r.in.amount), Until: until, Act: hash[:assertion.ActSize], Mac: fill(assertion.MACSize, 1),
			}),
		})
	}
}

func (c *clients) leaveOffice(r *request, step script.Step) {
	name := step.Arg("MEMBER")
	c.waitFor(r, name)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.SessionEnd, "till", "", &pb.SessionEnd{Id: c.offices.ids[name]})
	}
}

// work asks a node whether a session is good, as each call of a member does.
func (c *clients) work(r *request, step script.Step) {
	name := step.Arg("MEMBER")
	c.waitFor(r, name)
	r.in.number = script.Number(step.Arg("NUMBER"))
	r.looks = func(p *process, reader table.Reader) code.Code {
		hash := secret("session", name, r.in.number)
		if c.w.broken.remembersSessions && p.sessions[string(hash)] {
			return code.OK
		}
		m, ok := staff.Peek(reader, c.offices.ids[name])
		if !ok || staff.Session(m, hash, p.wall()) == nil {
			return code.StaffSecretInvalid
		}
		if c.w.broken.remembersSessions {
			p.sessions[string(hash)] = true
		}
		return code.OK
	}
}

func standingName(who string) string { return "standing " + who }

func (c *clients) block(r *request, step script.Step) {
	who, blocked := step.Arg("FRIEND"), step.Verb() == "block"
	r.in.order, r.told = standingName(who), func(output) {}
	reason := ""
	if blocked {
		reason = "asked for by the police"
	}
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.PersonBlock, "admin/sim", "", &pb.PersonBlock{Uid: friendUid(who), Blocked: blocked, Reason: reason})
	}
}

// sealedWords are words of a name.
func sealedWords(name string) *pb.Sealed {
	return &pb.Sealed{KeyId: fmt.Sprintf("%032x", 7), Box: []byte("sealed"), Hash: []byte(fmt.Sprintf("%16s", name))}
}

func (c *clients) appeal(r *request, step script.Step) {
	who, name := step.Arg("FRIEND"), step.Arg("APPEAL")
	consent := c.friends.consent(friendUid(who))
	r.in.order, r.in.key, r.in.number, r.told = standingName(who), name, consent.Counter, func(output) {}
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.AppealFile, "wallet", "", &pb.AppealFile{
			Uid: friendUid(who), ClientId: name, Words: sealedWords(name), Consent: consent,
		})
	}
}

func (c *clients) decide(r *request, step script.Step) {
	who := step.Arg("FRIEND")
	r.in.order, r.in.number, r.told = standingName(who), script.Number(step.Arg("NUMBER")), func(output) {}
	if r.in.by = "uphold"; step.Has("grant") {
		r.in.by = "grant"
	}
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.AppealDecide, "admin/sim", "", &pb.AppealDecide{Uid: friendUid(who), Number: r.in.number, Grant: r.in.by == "grant"})
	}
}

// report is what the payer of a transfer says of it.
func (c *clients) report(r *request, step script.Step) {
	name, about := step.Arg("REPORT"), step.Arg("TRANSFER")
	uid := c.friends.payers[about]
	consent := c.friends.consent(uid)
	c.waitFor(r, reportName(name, uid))
	c.offices.asked[r.in.order] = true
	r.in.key, r.in.uid = about, uid
	r.ready = func() bool { return c.friends.ids[about] != 0 }
	r.hopeless = func() bool { return c.friends.over[about] && c.friends.ids[about] == 0 }
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.ReportCreate, "wallet", "", &pb.ReportCreate{
			Uid: uid, ClientId: name, Subject: &pb.Subject{Kind: pb.Kind_KIND_TRANSFER, Id: c.friends.ids[about]},
			Trouble: pb.Trouble_TROUBLE_CHARGED_TWICE, Consent: consent,
		})
	}
	r.told = func(output) { c.offices.over[r.in.order] = true }
}

// reportName is a report of a friend's: each has names of their own for them.
func reportName(name string, uid uint64) string { return name + " of " + friendName(uid) }

func (c *clients) replyReport(r *request, step script.Step) {
	c.waitFor(r, reportName(step.Arg("REPORT"), friendUid(step.Arg("FRIEND"))))
	r.in.number = script.Number(step.Arg("NUMBER"))
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.ReportAnswer, "staff/1", "", &pb.ReportAnswer{Id: c.offices.ids[r.in.order], Words: sealedWords(fmt.Sprint(r.in.number))})
	}
}

func (c *clients) closeReport(r *request, step script.Step) {
	uid := friendUid(step.Arg("FRIEND"))
	c.waitFor(r, reportName(step.Arg("REPORT"), uid))
	consent := c.friends.consent(uid)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.ReportClose, "wallet", "", &pb.ReportClose{Id: c.offices.ids[r.in.order], Uid: uid, Consent: consent})
	}
}

// learn notes what an answer shows of it.
func (o *offices) learn(name string, a answer, out *output) {
	switch rec := a.body.(type) {
	case *pb.StaffMember:
		if rec.GetId() != 0 {
			o.ids[name] = rec.Id
		}
		out.shows = showMember(rec.GetRoles(), len(rec.GetSessions()), rec.GetEndedAt() != 0)
	case *pb.Person:
		out.shows = fmt.Sprint("blocked: ", rec.GetBlocked())
	case *pb.Appeal:
		out.shows = fmt.Sprintf("appeal %d %s", rec.GetNumber(), standing.Word(rec.GetState()))
	case *pb.ProblemReport:
		if rec.GetId() != 0 {
			o.ids[name] = rec.Id
		}
		out.shows = rec.GetState().String()
	}
}

func showMember(roles []pb.StaffRole, sessions int, ended bool) string {
	return fmt.Sprintf("%v, sessions: %d, ended: %v", roles, sessions, ended)
}

// checkOffices: who was dismissed is.
func (w *World) checkOffices(n *node, r table.Reader) {
	for name := range w.clients.offices.dismissed { // order does not matter: any one is a failure
		m, ok := staff.ByRef(r, shopOf(name), name)
		if w.clients.offices.dismissed[name] && (!ok || m.EndedAt == 0 || len(m.Sessions) > 0) {
			w.fail("acknowledged", "%s does not have %s as dismissed, which was acknowledged", n.name, name)
		}
	}
}
