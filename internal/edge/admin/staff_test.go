package admin_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// operator adds an operator with the roles, and is a client with their token.
func operator(t *testing.T, d *admintest.Site, ref string, roles ...pb.StaffRole) (client pbconnect.AdminServiceClient, token string) {
	t.Helper()
	m := ask(t, d.Client.StaffAdd, &pb.AdminStaffAddRequest{Ref: ref, Roles: roles})
	token = ask(t, d.Client.StaffToken, &pb.AdminStaffRequest{Id: m.Id}).Token
	return clientWith(t, d, token), token
}

func clientWith(t *testing.T, d *admintest.Site, token string) pbconnect.AdminServiceClient {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := admin.Dial(admin.Address{URL: d.URL, TokenFile: file})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// journalled are the actors in the journal.
func journalled(t *testing.T, d *admintest.Site) (actors []string) {
	t.Helper()
	if err := d.Read(func(r table.Reader) error {
		head, _ := machine.Head(r)
		for seq := range head.JournalSize {
			e, _ := journal.Read(r, seq)
			actors = append(actors, e.GetActor())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return actors
}

// An operator's acts are theirs in the journal; the token is in no log.
func TestStaffActsUnderTheirOwnNumber(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	wang, token := operator(t, d, "wang", pb.StaffRole_STAFF_ROLE_SUPPORT, pb.StaffRole_STAFF_ROLE_FINANCE)
	ask(t, wang.PersonAdd, &pb.AdminPersonAddRequest{Ref: "bob", Name: "Bob", Topup: 100})
	ask(t, wang.PersonBlock, &pb.AdminPersonBlockRequest{PersonRef: "bob", Blocked: true, Reason: "lost"})
	ask(t, wang.MerchantAdd, &pb.AdminMerchantAddRequest{Mchid: mchid, Name: "Shop", Appids: []string{appid}})
	actors := journalled(t, d)
	if n := len(actors); !slices.Equal(actors[n-4:], []string{"staff/1", "staff/1", "staff/1", "staff/1"}) {
		t.Errorf("the actors are %v", actors)
	}
	if log := d.Log.String(); strings.Contains(log, token) || !strings.Contains(log, "actor=staff/1") {
		t.Errorf("the log has the token, or not the actor")
	}
	ask(t, d.Client.StaffEnd, &pb.AdminStaffRequest{Ref: "wang"})
	if err := try(t, wang.PersonShow, &pb.AdminPersonShowRequest{Ref: "bob"}); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("who was ended: %v", err)
	}
}

func TestStaffIsShownAndChanged(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	add := &pb.AdminStaffAddRequest{Ref: "wang", Name: "王小明", Phone: "13800000000", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_FINANCE, pb.StaffRole_STAFF_ROLE_ON_CALL}}
	for range 2 {
		if m := ask(t, d.Client.StaffAdd, add); m.Id != 1 || m.Name != "王小明" || m.Phone != "+8613800000000" || m.Roles[0] != pb.StaffRole_STAFF_ROLE_ON_CALL || m.TokenAt != 0 {
			t.Errorf("added %v", m)
		}
	}
	refusedWith(t, try(t, d.Client.StaffAdd, &pb.AdminStaffAddRequest{Ref: "wang", Name: "Li", Roles: add.Roles}), code.StaffExists)
	refusedWith(t, try(t, d.Client.StaffAdd, &pb.AdminStaffAddRequest{Ref: "li", Name: "a\u202eb", Roles: add.Roles}), code.TextInvalid)
	refusedWith(t, try(t, d.Client.StaffAdd, &pb.AdminStaffAddRequest{Ref: "li", Phone: "12", Roles: add.Roles}), code.PhoneTagInvalid)
	refusedWith(t, try(t, d.Client.StaffAdd, &pb.AdminStaffAddRequest{Ref: "li", Mchid: "1999999999", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_OWNER}}), code.MerchantNotFound)
	refusedWith(t, try(t, d.Client.StaffShow, &pb.AdminStaffRequest{Ref: "li"}), code.StaffNotFound)
	if m := ask(t, d.Client.StaffSetRoles, &pb.AdminStaffSetRolesRequest{Member: &pb.AdminStaffRequest{Ref: "wang"}, Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_READ_ONLY}}); len(m.Roles) != 1 {
		t.Errorf("with other roles: %v", m)
	}
	ask(t, d.Client.StaffAdd, &pb.AdminStaffAddRequest{Ref: "zhao", Roles: add.Roles})
	one := ask(t, d.Client.StaffList, &pb.AdminStaffListRequest{Limit: 1})
	two := ask(t, d.Client.StaffList, &pb.AdminStaffListRequest{Limit: 1, After: one.Next})
	if len(one.Members) != 1 || one.Next != 1 || len(two.Members) != 1 || two.Members[0].Ref != "zhao" {
		t.Errorf("pages are %v and %v", one, two)
	}
	if rest := ask(t, d.Client.StaffList, &pb.AdminStaffListRequest{After: 1, All: true}); len(rest.Members) != 1 || rest.Next != 0 {
		t.Errorf("the rest is %v", rest)
	}
}

// Signing in with a token makes a session, which does what the token may, and is ended.
func TestOperatorsSignIn(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	_, token := operator(t, d, "wang", pb.StaffRole_STAFF_ROLE_ON_CALL)
	withToken := connect.WithInterceptors(admin.Bearer(token))
	desk := pbconnect.NewStaffServiceClient(http.DefaultClient, d.URL, withToken)
	in := ask(t, desk.SignIn, &pb.SignInRequest{Label: "laptop"})
	if in.Number != 1 || in.Until != d.Now()+12*60*60*1000 {
		t.Errorf("signed in: number %d until %d", in.Number, in.Until)
	}
	session := clientWith(t, d, in.Session)
	if m := ask(t, session.StaffShow, &pb.AdminStaffRequest{Ref: "wang"}); len(m.Sessions) != 1 || m.Sessions[0].Label != "laptop" {
		t.Errorf("shown: %v", m)
	}
	ask(t, d.Client.StaffEndSession, &pb.AdminStaffEndSessionRequest{Member: &pb.AdminStaffRequest{Ref: "wang"}, Number: 1})
	if err := try(t, session.Status, &pb.AdminStatusRequest{}); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("after its end: %v", err)
	}
	if strings.Contains(d.Log.String(), in.Session) {
		t.Error("a session's secret is in the log")
	}
}

// Every procedure is in the table of roles, and each operator may call what it says
// and nothing else. The node's own token may call everything.
func TestEveryProcedureHasItsRoles(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	d.Merchant()
	tokens := map[pb.StaffRole]string{}
	for number, name := range pb.StaffRole_name {
		role, q := pb.StaffRole(number), &pb.AdminStaffAddRequest{Ref: strings.ToLower(name), Roles: []pb.StaffRole{pb.StaffRole(number)}}
		if role == 0 {
			continue
		}
		if role >= pb.StaffRole_STAFF_ROLE_OWNER {
			q.Mchid = mchid
		}
		tokens[role] = ask(t, d.Client.StaffToken, &pb.AdminStaffRequest{Id: ask(t, d.Client.StaffAdd, q).Id}).Token
	}
	methods := pb.File_holdfast_v1_admin_proto.Services().ByName("AdminService").Methods()
	for i := range methods.Len() {
		procedure := "/" + pbconnect.AdminServiceName + "/" + string(methods.Get(i).Name())
		allowed, listed := admin.Roles[procedure]
		if !listed {
			t.Errorf("%s is in no line of the table of roles: say who may call it, or that only the node's own tokens may", procedure)
		}
		for role, token := range tokens {
			want := slices.Contains(allowed, role)
			if got := lets(t, d, procedure, token); got != want {
				t.Errorf("%s lets %s in: %v, want %v", procedure, role, got, want)
			}
		}
	}
	if len(admin.Roles) != methods.Len()+2 {
		t.Errorf("the table has %d lines, for %d procedures, metrics and profiles", len(admin.Roles), methods.Len())
	}
}

// lets says whether a call of nothing gets past the table of roles.
func lets(t *testing.T, d *admintest.Site, procedure, token string) bool {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.URL+procedure, strings.NewReader(`not JSON`))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+token)
	q.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	switch a.StatusCode {
	case http.StatusForbidden:
		return false
	case http.StatusBadRequest:
		return true
	}
	t.Fatalf("%s: %s", procedure, a.Status)
	return false
}

// An operator who may add people and not top them up can't do so by the way.
func TestOpeningBalanceNeedsTheRoleOfATopup(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	li, _ := operator(t, d, "li", pb.StaffRole_STAFF_ROLE_SUPPORT)
	refusedWith(t, try(t, li.PersonAdd, &pb.AdminPersonAddRequest{Ref: "bob", Name: "Bob", Topup: 1}), code.StaffRoleMissing)
	ask(t, li.PersonAdd, &pb.AdminPersonAddRequest{Ref: "bob", Name: "Bob"})
}

// Metrics are for who runs the platform, profiles for who is on call.
func TestFiguresHaveTheirRoles(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	for role, want := range map[pb.StaffRole][2]int{
		pb.StaffRole_STAFF_ROLE_ON_CALL: {200, 200}, pb.StaffRole_STAFF_ROLE_READ_ONLY: {200, 403}, pb.StaffRole_STAFF_ROLE_SUPPORT: {403, 403},
	} {
		_, token := operator(t, d, strings.ToLower(role.String()), role)
		for i, path := range []string{"/metrics", "/debug/pprof/cmdline"} {
			if got := status(t, d, path, "Bearer "+token); got != want[i] {
				t.Errorf("%s lets %s in: %d, want %d", path, role, got, want[i])
			}
		}
	}
}
