package admin_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// enrolled is somebody with a device.
func enrolled(d *admintest.Site) (uid uint64, device []byte) {
	tag, point := bytes.Repeat([]byte{7}, 32), append([]byte{4}, make([]byte, 64)...)
	d.Must(catalogue.CodeSend, &pb.CodeSend{PhoneTag: tag, AddressTag: tag, Proof: tag, Key: tag[:16]})
	e := d.Must(catalogue.DeviceEnrol, &pb.DeviceEnrol{PhoneTag: tag, Proof: tag, PublicKey: point, Label: "phone",
		Details: &pb.Sealed{KeyId: strings.Repeat("a", 32), Box: []byte("box"), Hash: tag[:16]}}).(*pb.Enrolment)
	return e.Uid, wallet.DeviceID(point)
}

// An operator sets limits and grades, decides what the blocked say, and erases.
func TestStandingAndLimits(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	uid, device := enrolled(d)

	before := ask(t, d.Client.LimitsList, &pb.AdminLimitsListRequest{})
	if len(before.Grades) != 3 || before.Grades[0].PerAct != 1_000_00 {
		t.Errorf("the limits are %v", before.Grades)
	}
	own := &pb.Limits{Grade: 2, PerAct: 1, PerDay: 2, PerYear: 3, PerMinute: 4, Velocity: []*pb.Velocity{{WindowMs: 60_000, Acts: 1}}}
	if after := ask(t, d.Client.LimitsSet, &pb.AdminLimitsSetRequest{Limits: own}).Grades[1]; after.PerYear != 3 || len(after.Velocity) != 1 {
		t.Errorf("the limits of grade 2 are %v", after)
	}
	refusedWith(t, try(t, d.Client.LimitsSet, &pb.AdminLimitsSetRequest{}), code.LimitsInvalid)
	if p := ask(t, d.Client.PersonGrade, &pb.AdminPersonGradeRequest{Uid: uid, Grade: 2}); p.Grade != 2 {
		t.Errorf("the grade is %d", p.Grade)
	}

	refusedWith(t, try(t, d.Client.PersonBlock, &pb.AdminPersonBlockRequest{Uid: uid, Blocked: true, Reason: "x", Why: "so"}), code.ReasonNeeded)
	p := ask(t, d.Client.PersonBlock, &pb.AdminPersonBlockRequest{Uid: uid, Blocked: true, Reason: "odd", Why: "suspected"})
	if p.Person.BlockWhy != "suspected" || p.Person.BlockReason != "odd" || p.Person.BlockedAt == 0 {
		t.Errorf("the block is %v", p.Person)
	}
	if list := ask(t, d.Client.AppealList, &pb.AdminAppealListRequest{}); len(list.Appeals) != 0 {
		t.Errorf("nobody appealed, listed are %v", list.Appeals)
	}
	d.Must(catalogue.AppealFile, &pb.AppealFile{Uid: uid, ClientId: "a1", Words: &pb.Sealed{KeyId: strings.Repeat("a", 32), Box: []byte("box"), Hash: make([]byte, 16)},
		Consent: &pb.Consent{Device: device, Counter: 1, Signed: make([]byte, 32), Signature: make([]byte, 64)}})
	list := ask(t, d.Client.AppealList, &pb.AdminAppealListRequest{Limit: 1})
	if len(list.Appeals) != 1 || list.More || list.Appeals[0].State != "open" || list.Appeals[0].Why != "suspected" {
		t.Errorf("listed are %v", list)
	}
	refusedWith(t, try(t, d.Client.AppealDecide, &pb.AdminAppealDecideRequest{Uid: uid, Number: 2, Grant: true}), code.AppealNotFound)
	p = ask(t, d.Client.AppealDecide, &pb.AdminAppealDecideRequest{Uid: uid, Number: 1, Grant: true})
	if p.Person.Blocked || p.Appeal.GetState() != "granted" {
		t.Errorf("decided it is %v", p)
	}

	p = ask(t, d.Client.PersonErase, &pb.AdminPersonShowRequest{Uid: uid})
	if p.Person.ErasedAt == 0 || p.Person.Name != "" || p.Person.Missing == "" {
		t.Errorf("erased it is %v", p.Person)
	}
	refusedWith(t, try(t, d.Client.PersonErase, &pb.AdminPersonShowRequest{Uid: 99}), code.PersonNotFound)
}
