package machine_test

import (
	"errors"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
	"github.com/holdfast-pay/holdfast/internal/rule/report"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
	"github.com/holdfast-pay/holdfast/internal/rule/standing"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// TestAnIndexThatNamesNothingIsDamage: an index row whose record is not there is a
// broken book. Whoever reads by it stops, and does not go on as if nobody had that
// number: a second order would be placed under it, or a second person entered.
func TestAnIndexThatNamesNothingIsDamage(t *testing.T) {
	t.Parallel()
	ref, who := &pb.OrderRef{Id: 7}, &pb.PersonRef{Uid: 7}
	tag := []byte("tag")
	for name, c := range map[string]struct {
		key  table.Key
		row  table.Record
		read func(r table.Reader)
	}{
		"order.ByNumber":      {table.K(table.OrderNos).Str("m").Str("no"), ref, func(r table.Reader) { order.ByNumber(r, "m", "no") }},
		"refund.ByNumber":     {table.K(table.RefundNos).Str("m").Str("no"), ref, func(r table.Reader) { refund.ByNumber(r, "m", "no") }},
		"refund.ByOrder":      {table.K(table.OrderRefunds).U64(1).U64(7), nil, func(r table.Reader) { refund.ByOrder(r, 1) }},
		"person.ByRef":        {table.K(table.PersonRefs).Str("ming"), who, func(r table.Reader) { person.ByRef(r, "ming") }},
		"person.ByOpenid":     {table.K(table.Openids).Str("app").Str("open"), who, func(r table.Reader) { person.ByOpenid(r, "app", "open") }},
		"person.ByPhone":      {table.K(table.PersonPhones).Str("tag"), who, func(r table.Reader) { person.ByPhone(r, tag) }},
		"wallet.ByDevice":     {table.K(table.Devices).Str("tag"), who, func(r table.Reader) { wallet.ByDevice(r, tag) }},
		"paycode.ByAlias":     {table.K(table.PayAliases).U32(5), who, func(r table.Reader) { paycode.ByAlias(r, 5) }},
		"till.ByToken":        {table.K(table.TillRefs).U32(1).Str("tag"), ref, func(r table.Reader) { till.ByToken(r, tag) }},
		"till.Of":             {table.K(table.TillRefs).U32(2).Str("m").Str("counter"), ref, func(r table.Reader) { till.Of(r, "m", "", func(*pb.Till) bool { return true }) }},
		"till.Paid":           {table.K(table.TillRefs).U32(3).U64(1).Str("c1"), ref, func(r table.Reader) { till.Paid(r, 1, "c1") }},
		"transfer.ByClientID": {table.K(table.TransferNos).U64(1).Str("c1"), ref, func(r table.Reader) { transfer.ByClientID(r, 1, "c1") }},
		"packet.ByClientID":   {table.K(table.PacketNos).U64(1).Str("c1"), ref, func(r table.Reader) { packet.ByClientID(r, 1, "c1") }},
		"report.ByClientID":   {table.K(table.ReportNos).U64(1).Str("c1"), ref, func(r table.Reader) { report.ByClientID(r, 1, "c1") }},
		"staff.BySession":     {table.K(table.SessionRefs).Str("h"), ref, func(r table.Reader) { staff.BySession(r, []byte("h")) }},
		"staff.OfPerson":      {table.K(table.StaffPeople).U64(1).U64(7), nil, func(r table.Reader) { staff.OfPerson(r, 1) }},
		"staff.ByRef":         {table.K(table.StaffRefs).Str("m").Str("ming"), ref, func(r table.Reader) { staff.ByRef(r, "m", "ming") }},
		"standing.Waiting":    {table.K(table.OpenAppeals).I64(1).U64(7), nil, func(r table.Reader) { standing.Waiting(r, func(*pb.Appeal) bool { return true }) }},
	} {
		var value []byte
		if c.row != nil {
			value = table.Encode(c.row)
		}
		state := table.NewMem()
		if err := state.Commit([]table.Write{{Key: c.key, Stored: table.Seal(nil, c.key, value)}}); err != nil {
			t.Fatal(err)
		}
		snapshot := state.Snapshot()
		err := table.Read(snapshot, func(r table.Reader) error { c.read(r); return nil })
		var damage *table.Damage
		if !errors.As(err, &damage) {
			t.Errorf("%s of an index row without its record: %v", name, err)
		}
		snapshot.Close()
	}
}
