package machine_test

import (
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
	li := w.ok(catalogue.StaffAdd, &pb.StaffAdd{Mchid: workMchid, Ref: "li", Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_OWNER}}).(*pb.StaffMember)
	for _, m := range []*pb.StaffMember{wang, li} {
		w.ok(catalogue.StaffToken, &pb.StaffToken{Id: m.Id, Hash: filled(staff.SecretSize, byte(m.Id))})
		for n := range byte(2) {
			w.ok(catalogue.SessionOpen, &pb.SessionOpen{
				Id: m.Id, Hash: filled(staff.SecretSize, 100+n), LifeMs: hour, Label: "till 1", Token: filled(staff.SecretSize, byte(m.Id)),
			})
		}
		w.ok(catalogue.SessionEnd, &pb.SessionEnd{Id: m.Id, Number: 1})
	}
	w.ok(catalogue.StaffEnd, &pb.StaffEnd{Id: wang.Id})
}
