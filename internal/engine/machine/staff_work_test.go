package machine_test

import (
	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
)

// staff adds an operator who goes, and one of a merchant's people who stays.
func (w *workload) staff() {
	wang := w.ok(catalogue.StaffAdd, &pb.StaffAdd{Ref: "wang", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_SUPPORT}, Details: &pb.Sealed{
		KeyId: "000000000000000000000000000000aa", Box: filled(40, 7), Hash: filled(16, 7),
	}}).(*pb.StaffMember)
	w.ok(catalogue.StaffSetRoles, &pb.StaffSetRoles{Id: wang.Id, Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_FINANCE}})
	li := w.ok(catalogue.StaffAdd, &pb.StaffAdd{Mchid: workMchid, Ref: "li", Uid: 1, Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_OWNER}}).(*pb.StaffMember)
	for _, m := range []*pb.StaffMember{wang, li} {
		w.ok(catalogue.StaffToken, &pb.StaffToken{Id: m.Id, Hash: filled(staff.SecretSize, byte(m.Id))})
		for n := range byte(2) {
			w.ok(catalogue.SessionOpen, &pb.SessionOpen{
				Id: m.Id, Hash: filled(staff.SecretSize, 100+10*byte(m.Id)+n), LifeMs: hour, Label: "till 1", Token: filled(staff.SecretSize, byte(m.Id)),
			})
		}
		w.ok(catalogue.SessionEnd, &pb.SessionEnd{Id: m.Id, Number: 1})
	}
	w.ok(catalogue.StaffEnd, &pb.StaffEnd{Id: wang.Id})
	w.officeKey(li.Id)
}

// officeKey has a passkey added that signs in, another that goes.
func (w *workload) officeKey(id uint64) {
	var now int64 // business time, which may be ahead
	for n := range byte(2) {
		m := w.ok(catalogue.StaffPasskeyAdd, &pb.StaffPasskeyAdd{
			Id: id, Passkey: &pb.Passkey{Credential: filled(16, 50+n), PublicKey: filled(77, 50+n), Label: "指纹"}, Secret: filled(staff.SecretSize, byte(id)),
		}).(*pb.StaffMember)
		now = m.Passkeys[n].AddedAt
	}
	hash := filled(staff.SecretSize, 90)
	w.ok(catalogue.SessionOpen, &pb.SessionOpen{Id: id, Hash: hash, LifeMs: hour, Label: "till 1", Assertion: &pb.Assertion{
		Credential: filled(16, 50), AuthenticatorData: append(filled(32, 1), assertion.UserPresent|assertion.UserVerified, 0, 0, 0, 1), ClientData: filled(8, 1), Signature: filled(8, 1),
		Challenge: &pb.Challenge{Subject: staff.Subject, Number: 1, Until: now + assertion.Life, Act: hash[:assertion.ActSize], Mac: filled(assertion.MACSize, 1)},
	}})
	w.ok(catalogue.StaffPasskeyEnd, &pb.StaffPasskeyEnd{Id: id, Credential: filled(16, 51)})
}
