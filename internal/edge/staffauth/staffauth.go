// Package staffauth says which member of staff makes a call, for every edge that staff
// call: the administration, tills, and consoles to come.
//
// A call has Authorization: Bearer and a token (hft_17_...), as programs do, or the
// session that was opened with one (hfs_17_...). A browser's page has its session in a
// cookie instead (cookie.go). The member's row is read anew for each
// call, with everything that was answered anywhere: who was ended, a session that was
// ended, roles that were taken away count from the moment on in which that was
// answered, on every node. A cache would save one row's look-up, and would have to be
// told.
package staffauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
)

// Core is what it needs of the replica.
type Core interface {
	// ReadLatest calls f with one snapshot that has every answered command; ReadLocal
	// with this node's own, whatever that has.
	ReadLatest(ctx context.Context, f func(table.Reader) error) error
	ReadLocal(ctx context.Context, f func(table.Reader) error) error
}

// Config says what an Auth works with.
type Config struct {
	Core Core
	// Now is business time, Unix milliseconds; Wall the wall clock.
	Now  func() int64
	Wall func() time.Time
}

// Auth finds out who calls. Its methods may be called from any goroutine.
type Auth struct {
	Config
	tries tries
}

// New returns an Auth over cfg.
func New(cfg Config) *Auth { return &Auth{Config: cfg} }

// Member is who makes a call.
type Member struct {
	ID uint64
	// Ref is the member's short name, Mchid the merchant whose own person it is, ""
	// for an operator.
	Ref, Mchid string
	Roles      []pb.StaffRole
	// Uid is the person the member is, 0 where that is not known.
	Uid uint64
	// Session is the number of a session that was presented, 0 where a token was.
	Session uint64

	presented secret
}

// Actor is who did it, as commands and the journal say it: "staff/17".
func (m Member) Actor() string { return staff.Entity(m.ID) }

// Has says whether the member has one of the roles.
func (m Member) Has(roles ...pb.StaffRole) bool {
	return slices.ContainsFunc(roles, func(r pb.StaffRole) bool { return slices.Contains(m.Roles, r) })
}

// Require is StaffRoleMissing as an error unless the member has one of the roles.
func (m Member) Require(roles ...pb.StaffRole) error {
	if !m.Has(roles...) {
		return code.StaffRoleMissing.Err()
	}
	return nil
}

// Authenticate says whose the bearer token in a call's header is; address is the
// caller's network address, for which wrong tokens are counted.
//
// The error is a *code.Error: StaffTriesTooMany, before anything is looked up, after 20
// wrong ones in a minute; StaffSecretInvalid, the same for each reason; NotLeader, when
// the node can't know right now.
func (a *Auth) Authenticate(ctx context.Context, h http.Header, address string) (Member, error) {
	return a.authenticate(ctx, h, address, a.Core.ReadLatest)
}

// AuthenticateHere is Authenticate by what this node knows itself, for calls about this
// node alone: they are answered although the group has no leader.
func (a *Auth) AuthenticateHere(ctx context.Context, h http.Header, address string) (Member, error) {
	return a.authenticate(ctx, h, address, a.Core.ReadLocal)
}

type reading func(ctx context.Context, f func(table.Reader) error) error

func (a *Auth) authenticate(ctx context.Context, h http.Header, address string, read reading) (Member, error) {
	text, found := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if !found || text == "" {
		return Member{}, code.StaffSecretInvalid.Err()
	}
	now := a.Wall()
	if a.tries.spent(address, now) {
		return Member{}, code.StaffTriesTooMany.Err()
	}
	s, ok := parse(text)
	if !ok {
		a.tries.wrong(address, now)
		return Member{}, code.StaffSecretInvalid.Err()
	}
	var m Member
	err := read(ctx, func(r table.Reader) error {
		m, ok = holder(r, s, a.Now())
		return nil
	})
	var known *code.Error
	switch {
	case errors.As(err, &known):
		return Member{}, err
	case err != nil:
		return Member{}, fmt.Errorf("read a member of staff: %w (%w)", err, code.NotLeader.Err())
	case !ok:
		a.tries.wrong(address, now)
		return Member{}, code.StaffSecretInvalid.Err()
	}
	return m, nil
}

// Presented is the token or session that a call's headers have, "" where a cookie has it.
func Presented(h http.Header) string {
	text, _ := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	return text
}

// Secret is the hash of what the member presented.
func (m Member) Secret() []byte { return m.presented.hash }

// Spent says whether an address has had its wrong tries of this minute, and Wrong counts
// one, for those who sign in with something else than a token.
func (a *Auth) Spent(address string) bool { return a.tries.spent(address, a.Wall()) }

// Wrong is said with Spent.
func (a *Auth) Wrong(address string) { a.tries.wrong(address, a.Wall()) }

// Again is the member as they are by r, for a call that goes on for long. The error is a
// *code.Error: StaffSecretInvalid, once they or what they presented was ended.
func (a *Auth) Again(r table.Reader, m Member) (Member, error) {
	now, ok := holder(r, m.presented, a.Now())
	if !ok {
		return Member{}, code.StaffSecretInvalid.Err()
	}
	return now, nil
}

// holder is whose a secret is at a time.
func holder(r table.Reader, s secret, at int64) (Member, bool) {
	m, ok := staff.Peek(r, s.id)
	if !ok {
		return Member{}, false
	}
	who := Member{ID: m.Id, Ref: m.Ref, Mchid: m.Mchid, Roles: m.Roles, Uid: m.Uid, presented: s}
	if s.of == Token {
		return who, staff.HasToken(m, s.hash)
	}
	session := staff.Session(m, s.hash, at)
	if session == nil {
		return Member{}, false
	}
	who.Session = session.Number
	return who, true
}
