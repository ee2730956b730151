package admin_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const people = "name,phone,ref,amount\n李小明,13800000001,ming,100.00\n王花,+86 138 0000 0002,,5.5\n"

func TestPeopleAndBalancesAreImported(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	dry := ask(t, d.Client.PersonImport, &pb.AdminImportRequest{File: []byte(people), DryRun: true})
	if dry.Rows != 2 || dry.Fresh != 2 || dry.Total != 105_50 || dry.Applied || len(dry.Problems) != 0 {
		t.Fatalf("the dry run says %v", dry)
	}
	for n := range uint32(2) { // again is the same
		done := ask(t, d.Client.PersonImport, &pb.AdminImportRequest{File: []byte(people)})
		if !done.Applied || done.Fresh != 2-2*n || done.Known != 2*n || done.Id != dry.Id {
			t.Fatalf("import %d says %v", n, done)
		}
	}
	ming := ask(t, d.Client.PersonShow, &pb.AdminPersonShowRequest{Ref: "ming"})
	if ming.Person.Name != "李小明" || ming.Accounts[0].Balance != 100_00 {
		t.Errorf("imported was %v", ming)
	}

	file := "\ufeffphone,amount,key\r\n13800000001,10.00,a\r\n13800000001,1,b\r\n13800000002,2,c\r\n"
	for n := range uint32(2) {
		done := ask(t, d.Client.TopupImport, &pb.AdminImportRequest{File: []byte(file), Id: "march"})
		if !done.Applied || !done.Bom || done.Total != 13_00 || done.Known != 3*n {
			t.Fatalf("top-up %d says %v", n, done)
		}
	}
	// A file that was mended under the same id: what is there stays, the rest comes.
	done := ask(t, d.Client.TopupImport, &pb.AdminImportRequest{File: []byte(file + "13800000002,3,d\r\n"), Id: "march"})
	if done.Fresh != 1 || done.Known != 3 {
		t.Errorf("the mended file says %v", done)
	}
	if ming = ask(t, d.Client.PersonShow, &pb.AdminPersonShowRequest{Ref: "ming"}); ming.Accounts[0].Balance != 111_00 {
		t.Errorf("the balance is %d", ming.Accounts[0].Balance)
	}
}

func TestFilesAreRefusedWhole(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	ask(t, d.Client.PersonImport, &pb.AdminImportRequest{File: []byte(people)})
	for _, c := range []struct {
		person     bool
		rows, says string
		line       uint32
	}{
		{rows: "phone,amount\n13800000001,1\n13800000009,1\n", line: 3, says: "nobody is known"},
		{rows: "phone,amount\n13800000001,1\n138 0000 0001,1\n", line: 3, says: "the same person"},
		{rows: "phone,amount\n12345,1\n", line: 2, says: "no phone number"},
		{rows: "phone,amount\n13800000001,10000.01\n", line: 2, says: "above 10000.00"},
		{rows: "ref,amount\nming,-1\n", line: 2, says: "negative"},
		{rows: "phone,ref,amount\n13800000002,ming,1\n", line: 2, says: "two people's"},
		{person: true, rows: "name,phone\nA,13800000003\nB,+8613800000003\n", line: 3, says: "same phone number"},
		{person: true, rows: "name,phone,ref\nA,13800000001,other\n", line: 2, says: "somebody else"},
		{person: true, rows: "name,phone,ref\nSomebody,13800000001,ming\n", line: 2, says: "another name"},
		{person: true, rows: "name,phone\nA,13800000004\n\u202eB,13800000005\n", line: 3, says: "not allowed"},
		{person: true, rows: "name,phone\n,13800000004\n", line: 2, says: "name is missing"},
	} {
		call := d.Client.TopupImport
		if c.person {
			call = d.Client.PersonImport
		}
		a := ask(t, call, &pb.AdminImportRequest{File: []byte(c.rows)})
		if a.Applied || len(a.Problems) == 0 || a.Problems[0].Line != c.line || !strings.Contains(a.Problems[0].Says, c.says) {
			t.Errorf("%q: %v, want line %d to be told %q", c.rows, a, c.line, c.says)
		}
	}
	if ming := ask(t, d.Client.PersonShow, &pb.AdminPersonShowRequest{Ref: "ming"}); ming.Accounts[0].Balance != 100_00 {
		t.Errorf("a refused file left %d", ming.Accounts[0].Balance)
	}
	used := &pb.AdminImportRequest{File: []byte("ref,amount\nming,1\n"), Id: "x"}
	ask(t, d.Client.TopupImport, used)
	used.File = []byte("ref,amount\nming,2\n")
	if a := ask(t, d.Client.TopupImport, used); len(a.Problems) != 1 || !strings.Contains(a.Problems[0].Says, "another amount") {
		t.Errorf("another amount under a used id: %v", a)
	}
}

var errPower = errors.New("the power went off")

// An import that is cut off in the middle is completed by the same call.
// Whoever raises the most for one row to all that there is can't make the sum wrap round.
func TestAFilesSumIsChecked(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	ask(t, d.Client.PersonImport, &pb.AdminImportRequest{File: []byte(people)})
	file := "phone,amount\n13800000001,90000000000000000.00\n13800000002,90000000000000000.00\n"
	dry := ask(t, d.Client.TopupImport, &pb.AdminImportRequest{File: []byte(file), Most: math.MaxInt64, DryRun: true})
	if len(dry.Problems) != 1 || dry.Problems[0].Line != 3 || !strings.Contains(dry.Problems[0].Says, "add up") || dry.Total < 0 {
		t.Errorf("the sum of the file is %d, its problems %v", dry.Total, dry.Problems)
	}
}

func TestImportCutOff(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	var b strings.Builder
	b.WriteString("name,phone,amount\n")
	for n := range 40 {
		fmt.Fprintf(&b, "P%d,138000001%02d,1.00\n", n, n)
	}
	q, left := &pb.AdminImportRequest{File: []byte(b.String())}, 30
	d.Core.Break(func(*pb.Command) (bool, error) {
		if left--; left < 0 {
			return left%2 == 0, errPower // some were applied all the same
		}
		return true, nil
	})
	if err := try(t, d.Client.PersonImport, q); err == nil || !strings.Contains(err.Error(), "repeat the same call") {
		t.Fatalf("cut off: %v", err)
	}
	d.Core.Break(nil)
	if a := ask(t, d.Client.PersonImport, q); !a.Applied || a.Known == 0 || a.Known == 40 {
		t.Errorf("completed: %v", a)
	}
	if a := ask(t, d.Client.PersonImport, q); a.Known != 40 {
		t.Errorf("again: %v", a)
	}
	acc := ask(t, d.Client.InspectAccount, &pb.InspectRequest{Id: "bank/topup/clearing"})
	if acc.Account.Balance != 40_00 {
		t.Errorf("%d were credited in all", acc.Account.Balance)
	}
}
