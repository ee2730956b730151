package wallet_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey/passkeytest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
	rule "github.com/holdfast-pay/holdfast/internal/rule/till"
)

// The owner of a shop signs in a screen that shows a code, with the PIN or a passkey that
// is asked for just that, and signs it out from afar; nobody else does.
func TestOwnerSignsAScreenIn(t *testing.T) {
	t.Parallel()
	b := open(t)
	ming, hua := b.enrolled("+8613800000001", 0), b.enrolled("+8613800000002", 0)
	if l := must(t, ming.ListWork, &pb.ListWorkRequest{}); len(l.Work) != 0 {
		t.Errorf("who works nowhere is %v", l)
	}
	must(t, ming.ApplyShop, &pb.ApplyShopRequest{Name: "面馆", Kind: "stall", Picture: face(t, 40), ClientId: "s1"})
	b.core.Must(catalogue.ShopDecide, &pb.ShopDecide{Id: 1, Approve: true, TillToken: bytes.Repeat([]byte{7}, rule.TokenSize)})
	l := must(t, ming.ListWork, &pb.ListWorkRequest{})
	if len(l.Work) != 1 || l.Work[0].Merchant != "面馆" || l.Work[0].Mchid != "2100000001" || l.Work[0].Roles[0] != "owner" || len(l.Work[0].Sessions) != 0 {
		t.Fatalf("the owner works at %v", l)
	}
	hash := sha256.Sum256([]byte("drawn by the screen"))
	q := &pb.SignInStaffRequest{Staff: l.Work[0].Staff, Hash: hash[:], LifeS: 3600, Label: "till"}
	for range 2 {
		if v := must(t, ming.SignInStaff, q); len(v.Sessions) != 1 || v.Sessions[0].Until != b.core.Now()+stamp.Hour || v.Sessions[0].Label != "till" {
			t.Errorf("signed in: %v", v)
		}
	}
	b.holds(hash[:], q.Staff)
	for name, got := range map[string]code.Code{
		"another":      refused(t, hua.SignInStaff, q),
		"another ends": refused(t, hua.EndWorkSession, &pb.EndWorkSessionRequest{Staff: q.Staff}),
		"nobody":       refused(t, ming.SignInStaff, &pb.SignInStaffRequest{Staff: 99, Hash: hash[:]}),
	} {
		if got != code.StaffNotFound {
			t.Errorf("%s: %s", name, got)
		}
	}
	if v := must(t, ming.EndWorkSession, &pb.EndWorkSessionRequest{Staff: q.Staff, Number: 1}); len(v.Sessions) != 0 {
		t.Errorf("signed out from afar: %v", v)
	}
	b.holds(hash[:], 0)

	// Where there is a passkey it is asked for, for this sign-in alone.
	a := passkeytest.New(t, page)
	ming.add(t, a, 0)
	if got := refused(t, ming.SignInStaff, q); got != code.PinNeeded {
		t.Errorf("without the passkey: %s", got)
	}
	asked := must(t, ming.AskPasskey, &pb.AskPasskeyRequest{Call: &pb.AskPasskeyRequest_SignInStaff{SignInStaff: q}})
	grant := must(t, ming.CheckPasskey, &pb.CheckPasskeyRequest{Token: asked.Token, Credential: a.Get(asked.Options)}).Grant
	other := sha256.Sum256([]byte("drawn by another screen"))
	if got := refused(t, ming.SignInStaff, &pb.SignInStaffRequest{Staff: q.Staff, Hash: other[:], LifeS: 3600, Label: "till", Grant: grant}); got != code.PinTryUnknown {
		t.Errorf("another screen with the grant: %s", got)
	}
	q.Grant = grant
	must(t, ming.SignInStaff, q)
}

// holds checks whose session a hash opens; 0 is nobody's.
func (b *bank) holds(hash []byte, id uint64) {
	b.t.Helper()
	if err := b.core.Read(func(r table.Reader) error {
		m, ok := staff.BySession(r, hash)
		if ok != (id != 0) || ok && m.Id != id {
			b.t.Errorf("the hash signs in %v", m)
		}
		return nil
	}); err != nil {
		b.t.Fatal(err)
	}
}
