package admin_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// A salt opens what the journal commits to. No answer has it, under whatever
// name: the bytes themselves are looked for.
func TestSaltsStayInside(t *testing.T) {
	t.Parallel()
	d := admintest.Open(t, false)
	d.Merchant()
	alice := ask(t, d.Client.PersonAdd, &pb.AdminPersonAddRequest{Ref: "alice", Name: "Alice", Appids: []string{appid}})
	o := d.Order("T2026-0001", nil)
	var salts [][]byte
	if err := d.Read(func(r table.Reader) error {
		p, _ := person.Get(r, alice.Person.Uid)
		o, _ := order.Get(r, o.Id)
		salts = [][]byte{p.Salt, o.Salt}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]proto.Message{
		"person": ask(t, d.Client.PersonShow, &pb.AdminPersonShowRequest{Ref: "alice"}),
		"order":  ask(t, d.Client.InspectOrder, &pb.InspectRequest{Id: "order/1"}),
	} {
		raw, err := proto.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		for i, salt := range salts {
			if len(salt) == 0 || bytes.Contains(raw, salt) {
				t.Errorf("%s: salt %d (%x) is in the answer", name, i, salt)
			}
		}
	}
}
