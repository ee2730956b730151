package staff_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staff"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// office is a platform with two merchants, one of which has an owner.
type office struct {
	*edgetest.Core
	t      *testing.T
	url    string
	owner  pbconnect.StaffServiceClient
	token  string // the owner's
	frames *frames
	people *personal.Sealer
}

// frames tells of frames when a test says so.
type frames struct {
	*edgetest.Core
	mu      sync.Mutex
	changed chan struct{}
}

func (f *frames) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// Tell says that a frame was applied.
func (o *office) Tell() {
	o.frames.mu.Lock()
	defer o.frames.mu.Unlock()
	close(o.frames.changed)
	o.frames.changed = make(chan struct{})
}

const another = "1900000002"

func open(t *testing.T) *office {
	t.Helper()
	core := edgetest.New(t, true)
	core.Merchant()
	core.Must(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: another, Name: "Other", Appids: []string{edgetest.Appid}})
	auth := staffauth.New(staffauth.Config{Core: core, Now: core.Now, Wall: func() time.Time { return time.UnixMilli(core.Now()) }})
	people := edgetest.Sealer(t, core)
	told := &frames{Core: core, changed: make(chan struct{})}
	party, err := passkey.New(passkey.Site{ID: "pay.example.com", Origins: []string{page}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(staff.NewServer(staff.Config{
		Applied: told, Passkeys: party,
		Desk: &staff.Desk{Core: core, People: people, Now: core.Now, Link: func(token string) string { return paylink.SignIn("https://pay.example.com", token) }}, Auth: auth, Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(server.Close)
	o := &office{Core: core, t: t, url: server.URL, people: people, frames: told}
	o.token = o.member(edgetest.Mchid, "li", pb.StaffRole_STAFF_ROLE_OWNER)
	o.owner = o.as(o.token)
	return o
}

// member adds somebody and returns their token.
func (o *office) member(mchid, ref string, roles ...pb.StaffRole) (token string) {
	m := o.Must(catalogue.StaffAdd, &pb.StaffAdd{Mchid: mchid, Ref: ref, Roles: roles}).(*pb.StaffMember)
	token, hash := staffauth.NewSecret(staffauth.Token, m.Id)
	o.Must(catalogue.StaffToken, &pb.StaffToken{Id: m.Id, Hash: hash})
	return token
}

func (o *office) as(secret string) pbconnect.StaffServiceClient {
	return o.sending("Authorization", "Bearer "+secret)
}

// sending calls with these headers, names and values.
func (o *office) sending(headers ...string) pbconnect.StaffServiceClient {
	return pbconnect.NewStaffServiceClient(http.DefaultClient, o.url, connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, q connect.AnyRequest) (connect.AnyResponse, error) {
			for pair := range slices.Chunk(headers, 2) {
				q.Header().Set(pair[0], pair[1])
			}
			return next(ctx, q)
		}
	})))
}

func must[Q, A any](t *testing.T, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) *A {
	t.Helper()
	a, err := f(t.Context(), connect.NewRequest(q))
	if err != nil {
		t.Fatal(err)
	}
	return a.Msg
}

func refused[Q, A any](t *testing.T, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q, want code.Code) {
	t.Helper()
	_, err := f(t.Context(), connect.NewRequest(q))
	if c, ok := rpc.CodeOf(err); !ok || c != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	o := open(t)
	refused(t, o.owner.SignOut, &pb.SignOutRequest{}, code.StaffSecretInvalid) // a token is no session
	in := must(t, o.owner.SignIn, &pb.SignInRequest{LifeS: 30 * 24 * 3600, Label: "shop"})
	session := o.as(in.Session)
	refused(t, session.SignIn, &pb.SignInRequest{}, code.StaffSecretInvalid) // none from another
	refused(t, o.owner.SignIn, &pb.SignInRequest{LifeS: 31 * 24 * 3600}, code.SessionLifeInvalid)
	refused(t, o.owner.SignIn, &pb.SignInRequest{LifeS: -1}, code.SessionLifeInvalid)
	refused(t, o.owner.SignIn, &pb.SignInRequest{LifeS: 1 << 62}, code.SessionLifeInvalid)
	refused(t, o.owner.SignIn, &pb.SignInRequest{Label: "a\u202eb"}, code.TextInvalid)
	if m := must(t, session.WhoAmI, &pb.WhoAmIRequest{}); m.Ref != "li" || len(m.Sessions) != 1 || m.Sessions[0].Until != o.Now()+30*stamp.DayMs {
		t.Errorf("the caller is %v", m)
	}
	must(t, o.owner.SignIn, &pb.SignInRequest{})
	must(t, session.SignOut, &pb.SignOutRequest{})
	refused(t, session.WhoAmI, &pb.WhoAmIRequest{}, code.StaffSecretInvalid)
	if m := must(t, o.owner.SignOut, &pb.SignOutRequest{All: true}); len(m.Sessions) != 0 {
		t.Errorf("after all ended: %v", m)
	}
}

// A browser's page keeps its session in a cookie, which is in no answer, counts for calls
// of the platform's own pages alone, and is gone when it signs out.
func TestSessionInACookie(t *testing.T) {
	t.Parallel()
	o := open(t)
	in, err := o.owner.SignIn(t.Context(), connect.NewRequest(&pb.SignInRequest{Cookie: true, LifeS: 3600}))
	if err != nil || in.Msg.Session != "" {
		t.Fatal(in, err)
	}
	kept, err := http.ParseSetCookie(in.Header().Get("Set-Cookie"))
	if err != nil || kept.Name != "__Host-holdfast-staff" || !kept.Secure || !kept.HttpOnly || kept.SameSite != http.SameSiteStrictMode || kept.Path != "/" || kept.Domain != "" || kept.MaxAge != 3600 {
		t.Fatalf("the cookie is %v, %v", kept, err)
	}
	from := func(headers ...string) pbconnect.StaffServiceClient {
		return o.sending(append(headers, "Cookie", kept.Name+"="+kept.Value)...)
	}
	for _, ours := range []pbconnect.StaffServiceClient{from("Sec-Fetch-Site", "same-origin"), from("Origin", o.url), from()} {
		if m := must(t, ours.WhoAmI, &pb.WhoAmIRequest{}); m.Ref != "li" {
			t.Errorf("the caller is %v", m)
		}
	}
	for _, theirs := range []pbconnect.StaffServiceClient{from("Sec-Fetch-Site", "cross-site"), from("Sec-Fetch-Site", "same-site"), from("Origin", "https://evil.example")} {
		refused(t, theirs.WhoAmI, &pb.WhoAmIRequest{}, code.StaffSecretInvalid)
	}
	out, err := from().SignOut(t.Context(), connect.NewRequest(&pb.SignOutRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	if gone, err := http.ParseSetCookie(out.Header().Get("Set-Cookie")); err != nil || gone.Name != kept.Name || gone.MaxAge >= 0 || gone.Value != "" {
		t.Errorf("the cookie becomes %v, %v", gone, err)
	}
	refused(t, from().WhoAmI, &pb.WhoAmIRequest{}, code.StaffSecretInvalid)
}

// Owners look after their own people, and nobody else does.
func TestOwnersLookAfterTheirPeople(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.member(another, "zhao", pb.StaffRole_STAFF_ROLE_CASHIER)
	cashier := []pb.StaffRole{pb.StaffRole_STAFF_ROLE_CASHIER}
	if m := must(t, o.owner.AddMember, &pb.AddMemberRequest{Ref: "till-1", Name: "小红", Roles: cashier}); m.Mchid != edgetest.Mchid || m.Name != "小红" {
		t.Errorf("added %v", m)
	}
	refused(t, o.owner.AddMember, &pb.AddMemberRequest{Ref: "wang", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_FINANCE}}, code.StaffRolesInvalid)
	refused(t, o.owner.AddMember, &pb.AddMemberRequest{Ref: "wang", Roles: cashier, Name: strings.Repeat("长", 41)}, code.TextInvalid)
	if l := must(t, o.owner.ListMembers, &pb.ListMembersRequest{}); len(l.Members) != 2 || l.Next != 0 {
		t.Errorf("the owner's people are %v", l)
	}
	refused(t, o.owner.NewMemberToken, &pb.NewMemberTokenRequest{Ref: "zhao"}, code.StaffNotFound)
	refused(t, o.owner.EndMember, &pb.EndMemberRequest{Ref: "zhao"}, code.StaffNotFound)
	refused(t, o.owner.SetMemberRoles, &pb.SetMemberRolesRequest{Ref: "zhao", Roles: cashier}, code.StaffNotFound)

	token := must(t, o.owner.NewMemberToken, &pb.NewMemberTokenRequest{Ref: "till-1"})
	if token.Link != "https://pay.example.com/till/#"+token.Token {
		t.Errorf("a tablet signs in by %q", token.Link)
	}
	till := o.as(token.Token)
	if m := must(t, till.WhoAmI, &pb.WhoAmIRequest{}); m.Ref != "till-1" {
		t.Errorf("the cashier is %v", m)
	}
	refused(t, till.AddMember, &pb.AddMemberRequest{Ref: "x", Roles: cashier}, code.StaffRoleMissing)
	refused(t, till.ListMembers, &pb.ListMembersRequest{}, code.StaffRoleMissing)
	refused(t, till.SetMemberRoles, &pb.SetMemberRolesRequest{Ref: "till-1", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_OWNER}}, code.StaffRoleMissing)
	refused(t, till.NewMemberToken, &pb.NewMemberTokenRequest{Ref: "li"}, code.StaffRoleMissing)
	refused(t, till.EndMember, &pb.EndMemberRequest{Ref: "li"}, code.StaffRoleMissing)

	must(t, o.owner.SetMemberRoles, &pb.SetMemberRolesRequest{Ref: "till-1", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_DEVELOPER}})
	must(t, o.owner.EndMember, &pb.EndMemberRequest{Ref: "till-1"})
	refused(t, till.WhoAmI, &pb.WhoAmIRequest{}, code.StaffSecretInvalid)
}
