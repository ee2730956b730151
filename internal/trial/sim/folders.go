package sim

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// folder is the book of what an office verb is about, before anything happened to it.
func folder(verb string) book {
	switch verb {
	case "block", "unblock", "appeal", "decide":
		return blockBook{}
	case "report", "reply-report", "close-report":
		return reportBook{}
	}
	return staffBook{}
}

// staffBook is a member of staff as the checker's own bookkeeper has it.
type staffBook struct {
	hired, roles uint64 // as numbers for roles, 0 for none
	token        uint64
	sessions     uint16 // that the token opened, by their numbers
	ended        bool

	keys  [officeKeys]bool   // passkeys, by their numbers
	keyed [officeKeys]uint16 // the sessions that each opened
	met   int64              // the number of the last challenge
}

// officeKeys is more than the highest number of a member's passkey.
const officeKeys = 3

// open are all sessions.
func (s staffBook) open() uint16 {
	all := s.sessions
	for _, some := range s.keyed {
		all |= some
	}
	return all
}

func (s staffBook) step(in input, out output, unknown bool) (bool, book) {
	if out.code == code.ChallengeOver && !unknown {
		return in.verb == "key-office", s // too late, or after a later one
	}
	want, next := s.expect(in)
	shows := showMember(rolesOf(next.roles), bits.OnesCount16(next.open()), next.ended)
	return unknown || out.code == want && (want != code.OK || in.verb == "work" || out.shows == shows), next
}

func (s staffBook) expect(in input) (code.Code, staffBook) {
	session := uint16(1) << (in.number % 16)
	switch {
	case in.verb == "hire":
		return s.hire(in.number)
	case s.hired == 0:
		return code.StaffNotFound, s
	case in.verb == "dismiss":
		return code.OK, staffBook{hired: s.hired, roles: s.roles, ended: true}
	case in.verb == "leave-office":
		s.sessions, s.keyed = 0, [officeKeys]uint16{}
	case in.verb == "end-office-key":
		s.keys[in.number], s.keyed[in.number] = false, 0
	case in.verb == "work":
		if s.open()&session == 0 {
			return code.StaffSecretInvalid, s
		}
	case s.ended:
		return code.StaffEnded, s
	case in.verb == "reassign":
		s.roles = in.number
	case in.verb == "token" && s.token != in.number:
		s = staffBook{hired: s.hired, roles: s.roles, token: in.number, met: s.met}
	case in.verb == "enter-office" && s.open()&session == 0:
		if s.token != script.Number(in.key) {
			return code.StaffSecretInvalid, s
		}
		s.sessions |= session
	case in.verb == "office-key" && !s.keys[in.number]:
		if s.token != script.Number(in.key) {
			return code.StaffSecretInvalid, s
		}
		s.keys[in.number] = true
	case in.verb == "key-office" && s.open()&session == 0:
		return s.enterByKey(script.Number(in.key), session, in.amount)
	}
	return code.OK, s
}

func (s staffBook) enterByKey(key uint64, session uint16, challenge int64) (code.Code, staffBook) {
	switch {
	case challenge <= s.met:
		return code.ChallengeOver, s
	case !s.keys[key]:
		return code.PasskeyUnknown, s
	}
	s.keyed[key] |= session
	s.met = challenge
	return code.OK, s
}

func (s staffBook) hire(roles uint64) (code.Code, staffBook) {
	switch {
	case s.hired == 0:
		s.hired, s.roles = roles, roles
	case s.hired%2 != roles%2:
		return code.StaffExists, s
	}
	return code.OK, s
}

// blockBook is a friend who may be blocked, as the checker's own bookkeeper has it.
type blockBook struct {
	blocked bool
	blocks  int // how often it was
	appeal  appealed
	used    string // counters of consents, "2 5"
}

type appealed struct {
	number  uint64
	name    string
	is      string // open, upheld or granted
	block   int    // it is about
	inBlock int
}

func (s blockBook) step(in input, out output, unknown bool) (bool, book) {
	want, next := s.expect(in)
	shows := fmt.Sprint("blocked: ", next.blocked)
	if in.verb == "appeal" || in.verb == "decide" {
		shows = fmt.Sprintf("appeal %d %s", next.appeal.number, next.appeal.is)
	}
	return unknown || out.code == want && (want != code.OK || out.shows == shows), next
}

func (s blockBook) expect(in input) (code.Code, blockBook) {
	switch in.verb {
	case "block":
		if !s.blocked {
			s.blocked, s.blocks = true, s.blocks+1
		}
	case "unblock":
		if s.blocked && s.appeal.is == "open" {
			s.appeal.is = "granted"
		}
		s.blocked = false
	case "appeal":
		return s.file(in)
	default:
		return s.decide(in)
	}
	return code.OK, s
}

// maxAppeals is how often a friend may appeal against one block.
const maxAppeals = 3

func (s blockBook) file(in input) (code.Code, blockBook) {
	counter := strconv.FormatUint(in.number, 10)
	used := strings.Fields(s.used)
	a := s.appeal
	again := a.number > 0 && a.block == s.blocks
	switch {
	case a.name == in.key:
		return code.OK, s
	case slices.Contains(used, counter):
		return code.CounterUsed, s
	case !s.blocked:
		return code.NotBlocked, s
	case a.is == "open":
		return code.AppealWaits, s
	case again && a.inBlock >= maxAppeals:
		return code.AppealsTooMany, s
	}
	s.appeal = appealed{number: a.number + 1, name: in.key, is: "open", block: s.blocks, inBlock: 1}
	if again {
		s.appeal.inBlock = a.inBlock + 1
	}
	used = append(used, counter)
	slices.Sort(used)
	s.used = strings.Join(used, " ")
	return code.OK, s
}

func (s blockBook) decide(in input) (code.Code, blockBook) {
	to := map[string]string{"grant": "granted", "uphold": "upheld"}[in.by]
	a := &s.appeal
	switch {
	case a.number == 0 || a.number != in.number || a.is != "open" && a.is != to:
		return code.AppealNotFound, s
	case a.is == to:
		return code.OK, s
	}
	a.is = to
	s.blocked = s.blocked && to == "upheld"
	return code.OK, s
}

// reportBook is a report as the checker's own bookkeeper has it.
type reportBook struct {
	about  string
	answer uint64
	is     pb.ReportState
}

func (s reportBook) step(in input, out output, unknown bool) (bool, book) {
	want, next := s.expect(in)
	return unknown || out.code == want && (want != code.OK || out.shows == next.is.String()), next
}

func (s reportBook) expect(in input) (code.Code, reportBook) {
	closed := s.is == pb.ReportState_REPORT_STATE_CLOSED
	switch {
	case in.verb == "report" && s.about == "":
		return code.OK, reportBook{about: in.key, is: pb.ReportState_REPORT_STATE_OPEN}
	case in.verb == "report" && s.about != in.key:
		return code.ReportExists, s
	case in.verb == "report":
	case s.about == "":
		return code.ReportNotFound, s
	case in.verb == "close-report":
		s.is = pb.ReportState_REPORT_STATE_CLOSED
	case s.answer == in.number:
	case closed:
		return code.ReportClosed, s
	case s.answer != 0:
		return code.ReportAnswered, s
	default:
		s.answer, s.is = in.number, pb.ReportState_REPORT_STATE_ANSWERED
	}
	return code.OK, s
}
