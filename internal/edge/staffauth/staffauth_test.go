package staffauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// office is a platform with a member of staff.
type office struct {
	*edgetest.Core
	*staffauth.Auth
	t     *testing.T
	id    uint64
	token string
	hash  []byte
}

func open(t *testing.T) *office {
	t.Helper()
	core := edgetest.New(t, true)
	core.Merchant()
	o := &office{Core: core, t: t}
	o.Auth = staffauth.New(staffauth.Config{Core: core, Now: core.Now, Wall: func() time.Time { return time.UnixMilli(core.Now()) }})
	m := core.Must(catalogue.StaffAdd, &pb.StaffAdd{Mchid: edgetest.Mchid, Ref: "li", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_CASHIER}}).(*pb.StaffMember)
	o.id = m.Id
	o.token, o.hash = staffauth.NewSecret(staffauth.Token, o.id)
	core.Must(catalogue.StaffToken, &pb.StaffToken{Id: o.id, Hash: o.hash})
	return o
}

func (o *office) signIn() (session string) {
	session, hash := staffauth.NewSecret(staffauth.Session, o.id)
	o.Must(catalogue.SessionOpen, &pb.SessionOpen{Id: o.id, Hash: hash, LifeMs: stamp.Hour, Label: "till 1", Token: o.hash})
	return session
}

func bearer(secret string) http.Header {
	return http.Header{"Authorization": {"Bearer " + secret}}
}

func (o *office) who(secret, address string) (staffauth.Member, error) {
	return o.Authenticate(o.t.Context(), bearer(secret), address)
}

func (o *office) refused(secret string, want code.Code) {
	o.t.Helper()
	_, err := o.who(secret, "192.0.2.1")
	var got *code.Error
	if !errors.As(err, &got) || got.Code != want {
		o.t.Errorf("got %v, want %s", err, want)
	}
	if err != nil && secret != "" && strings.Contains(err.Error(), secret) {
		o.t.Error("the error says the secret")
	}
}

func TestTokenAndSessionSayWhoCalls(t *testing.T) {
	t.Parallel()
	o := open(t)
	m, err := o.who(o.token, "192.0.2.1")
	if err != nil || m.Actor() != "staff/1" || m.Mchid != edgetest.Mchid || m.Ref != "li" || m.Session != 0 || !m.Has(pb.StaffRole_STAFF_ROLE_CASHIER) || m.Has(pb.StaffRole_STAFF_ROLE_OWNER) {
		t.Errorf("the token is of %+v, %v", m, err)
	}
	if m.Require(pb.StaffRole_STAFF_ROLE_OWNER) == nil || m.Require(pb.StaffRole_STAFF_ROLE_OWNER, pb.StaffRole_STAFF_ROLE_CASHIER) != nil {
		t.Error("a cashier is taken for an owner, or for none")
	}
	if m, err = o.who(o.signIn(), "192.0.2.1"); err != nil || m.Session != 1 {
		t.Errorf("a session is of %+v, %v", m, err)
	}
	if m, err = o.AuthenticateHere(t.Context(), bearer(o.token), ""); err != nil || m.ID != 1 {
		t.Errorf("here the token is of %+v, %v", m, err)
	}
}

// What was taken away counts at once.
func TestEndsAreSeenAtOnce(t *testing.T) {
	t.Parallel()
	o := open(t)
	session := o.signIn()
	o.Must(catalogue.SessionEnd, &pb.SessionEnd{Id: o.id, Number: 1})
	o.refused(session, code.StaffSecretInvalid)

	session = o.signIn()
	o.Sleep(stamp.Hour)
	o.refused(session, code.StaffSecretInvalid)

	session = o.signIn()
	o.Must(catalogue.StaffSetRoles, &pb.StaffSetRoles{Id: o.id, Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_DEVELOPER}})
	if m, err := o.who(session, "192.0.2.1"); err != nil || m.Has(pb.StaffRole_STAFF_ROLE_CASHIER) {
		t.Errorf("with other roles: %+v, %v", m, err)
	}
	_, hash := staffauth.NewSecret(staffauth.Token, o.id)
	o.Must(catalogue.StaffToken, &pb.StaffToken{Id: o.id, Hash: hash})
	o.refused(session, code.StaffSecretInvalid)
	o.refused(o.token, code.StaffSecretInvalid)
	o.Must(catalogue.StaffEnd, &pb.StaffEnd{Id: o.id})
	o.refused(o.token, code.StaffSecretInvalid)
}

func TestWhatIsNoSecretIsRefused(t *testing.T) {
	t.Parallel()
	o := open(t)
	other, _ := staffauth.NewSecret(staffauth.Token, o.id)
	nobodys, _ := staffauth.NewSecret(staffauth.Token, 99)
	asSession := strings.Replace(o.token, "hft_", "hfs_", 1)
	ofAnother := strings.Replace(o.token, "hft_1_", "hft_2_", 1)
	for _, s := range []string{other, nobodys, asSession, ofAnother, o.token[:len(o.token)-1], o.token + "A", o.token + "=", "hft_1_", "hft", "hft_-1_AAAA", strings.Repeat("A", 5000)} {
		o.refused(s, code.StaffSecretInvalid)
	}
	o.refused("", code.StaffSecretInvalid)
	if _, err := o.Authenticate(t.Context(), http.Header{"Authorization": {"Basic " + o.token}}, ""); err == nil {
		t.Error("a token is taken as Basic")
	}
	if _, err := o.Authenticate(t.Context(), http.Header{}, ""); err == nil {
		t.Error("a call without a token gets through")
	}
}

// After 20 wrong ones an address waits for the next minute; another does not.
func TestWrongTokensAreCounted(t *testing.T) {
	t.Parallel()
	o := open(t)
	for i := range 20 {
		o.refused(fmt.Sprint("wrong", i), code.StaffSecretInvalid)
	}
	o.refused(o.token, code.StaffTriesTooMany)
	if _, err := o.who(o.token, "192.0.2.2"); err != nil {
		t.Errorf("another address: %v", err)
	}
	for i := range 20 { // any address of one IPv6 customer
		if _, err := o.who("wrong", fmt.Sprintf("2001:db8::%x", i)); err == nil {
			t.Error("a wrong token gets through")
		}
	}
	var got *code.Error
	if _, err := o.who(o.token, "2001:db8::ffff:1"); !errors.As(err, &got) || got.Code != code.StaffTriesTooMany {
		t.Errorf("the same customer: %v", err)
	}
	o.Sleep(stamp.Minute)
	if _, err := o.who(o.token, "192.0.2.1"); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	o := open(t)
	var seen staffauth.Member
	h := o.Guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen, _ = staffauth.From(r.Context()) }))
	for _, c := range []struct {
		secret, language string
		status           int
		says             string
	}{
		{o.token, "", http.StatusOK, ""},
		{"wrong", "", http.StatusUnauthorized, "登录凭证无效"},
		{"wrong", "en-GB,en", http.StatusUnauthorized, "not valid"},
	} {
		q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/holdfast.v1.TillService/Charge", strings.NewReader("{}"))
		q.Header = bearer(c.secret)
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("Accept-Language", c.language)
		a := httptest.NewRecorder()
		h.ServeHTTP(a, q)
		if a.Code != c.status || !strings.Contains(a.Body.String(), c.says) {
			t.Errorf("%q: %d %s", c.says, a.Code, a.Body)
		}
		if c.status != http.StatusOK && a.Header().Get(rpc.Header) != code.StaffSecretInvalid.String() {
			t.Errorf("the outcome is %q", a.Header().Get(rpc.Header))
		}
	}
	if seen.ID != o.id {
		t.Errorf("the call is made by %+v", seen)
	}
}
