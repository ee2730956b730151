package machine

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
)

// Number is a command's meaning and wire shape, for ever. Changed behaviour
// takes the next free number; a handler stays until no supported log holds it.
type Number uint32

// The commands.
const (
	Genesis      Number = 1
	Tick         Number = 2
	SetLevel     Number = 3
	Backfill     Number = 4
	AdvanceClock Number = 5
	MemberChange Number = 6

	MerchantAdd        Number = 10
	MerchantSet        Number = 11
	MerchantAppid      Number = 12
	MerchantCert       Number = 13
	MerchantCertRevoke Number = 14
	MerchantKey        Number = 15

	PersonAdd    Number = 20
	PersonOpenid Number = 21
	PersonTopup  Number = 22

	OrderCreate Number = 30
	OrderPay    Number = 31
	OrderClose  Number = 32

	RefundCreate Number = 40

	NoticeReport    Number = 50
	NoticeRedeliver Number = 51
	CourierLease    Number = 52

	AccountLimit  Number = 60
	TransferBatch Number = 61
)

// MaxLevel is the highest feature level this binary knows. Level 2 indexes
// refunds by order; level 3 knows members of a cluster and leases of couriers;
// level 4 keeps new counters in a table.
const MaxLevel = 4

// Result is the answer to one command. Body is the record concerned as it is
// now; see the catalogue for its type. On a refusal it may be nil.
type Result struct {
	Code code.Code
	Body any
}

// command is one row of the catalogue.
type command struct {
	name    string
	level   uint32 // the feature level that enables it
	sandbox bool   // only a sandbox runs it
	apply   handler
	result  func() table.Record // an empty Result.Body, where apply does not know it
}

// handler runs a command's body; result makes an empty record of the kind it
// answers, nil when it answers none.
type handler struct {
	run    func(d *deed.Deed, body []byte) (Result, error)
	result func() table.Record
}

// catalogue lists every command. The comment names the Result's body.
var catalogue = map[Number]command{
	Genesis:      {name: "genesis", apply: body(applyGenesis)},                                          // none
	Tick:         {name: "tick", level: 1, apply: body(applyTick)},                                      // none
	SetLevel:     {name: "set_level", level: 1, apply: body(applySetLevel)},                             // none
	Backfill:     {name: "backfill", level: 1, apply: body(applyBackfill), result: record[pb.Backfill]}, // *pb.Backfill: the next step, nil when done
	AdvanceClock: {name: "advance_clock", level: 1, sandbox: true, apply: body(applyAdvanceClock)},      // none
	MemberChange: {name: "member_change", level: 3, apply: body(applyMemberChange)},                     // none

	MerchantAdd:        {name: "merchant_add", level: 1, apply: answering(merchant.ApplyAdd)},                // *pb.Merchant
	MerchantSet:        {name: "merchant_set", level: 1, apply: answering(merchant.ApplySet)},                // *pb.Merchant
	MerchantAppid:      {name: "merchant_appid", level: 1, apply: answering(merchant.ApplyAppid)},            // *pb.Merchant
	MerchantCert:       {name: "merchant_cert", level: 1, apply: answering(merchant.ApplyCert)},              // *pb.Merchant
	MerchantCertRevoke: {name: "merchant_cert_revoke", level: 1, apply: answering(merchant.ApplyCertRevoke)}, // *pb.Merchant
	MerchantKey:        {name: "merchant_key", level: 1, apply: answering(merchant.ApplyKey)},                // *pb.Merchant

	PersonAdd:    {name: "person_add", level: 1, apply: answering(person.ApplyAdd)},       // *pb.Person
	PersonOpenid: {name: "person_openid", level: 1, apply: answering(person.ApplyOpenid)}, // *pb.Person
	PersonTopup:  {name: "person_topup", level: 1, apply: answering(person.ApplyTopup)},   // *pb.Account

	OrderCreate: {name: "order_create", level: 1, apply: answering(order.ApplyCreate)},               // *pb.Order
	OrderPay:    {name: "order_pay", level: 1, apply: body(applyOrderPay), result: record[pb.Order]}, // *pb.Order
	OrderClose:  {name: "order_close", level: 1, apply: answering(order.ApplyClose)},                 // *pb.Order, nil when there is none

	RefundCreate: {name: "refund_create", level: 1, apply: answering(refund.ApplyCreate)}, // *pb.Refund

	NoticeReport:    {name: "notice_report", level: 1, apply: coded(notice.ApplyReport)},           // none
	NoticeRedeliver: {name: "notice_redeliver", level: 1, apply: answering(notice.ApplyRedeliver)}, // *pb.Notice
	CourierLease:    {name: "courier_lease", level: lane.Level, apply: answering(lane.ApplyLease)}, // *pb.Courier, nil after leaving

	AccountLimit:  {name: "account_limit", level: 1, apply: answering(ledger.ApplyAccountLimit)}, // *pb.Account
	TransferBatch: {name: "transfer_batch", level: 1, apply: coded(ledger.ApplyTransferBatch)},   // none
}

// String is the command's name.
func (n Number) String() string {
	if c, ok := catalogue[n]; ok {
		return c.name
	}
	return fmt.Sprintf("command-%d", uint32(n))
}

// Known says whether this binary has a handler for the number.
func Known(n Number) bool { _, ok := catalogue[n]; return ok }

// message is a command body: a record that can be decoded.
type message[M any] interface {
	*M
	table.Record
}

// record makes an empty record.
func record[M any, P message[M]]() table.Record { return P(new(M)) }

// body adapts a function that answers a Result.
func body[M any, P message[M]](f func(*deed.Deed, P) Result) handler {
	return handler{run: func(d *deed.Deed, b []byte) (Result, error) {
		c := P(new(M))
		if err := c.UnmarshalVTUnsafe(b); err != nil {
			return Result{}, err
		}
		return f(d, c), nil
	}}
}

// answering adapts a rule that answers a code and a record.
func answering[M any, P message[M], R any, Q message[R]](f func(*deed.Deed, P) (code.Code, Q)) handler {
	h := body(func(d *deed.Deed, c P) Result {
		out, rec := f(d, c)
		if rec == nil {
			return Result{Code: out}
		}
		return Result{Code: out, Body: rec}
	})
	h.result = record[R, Q]
	return h
}

// coded adapts a rule that answers a code alone.
func coded[M any, P message[M]](f func(*deed.Deed, P) code.Code) handler {
	return body(func(d *deed.Deed, c P) Result { return Result{Code: f(d, c)} })
}

// NewCommand makes the envelope of a command. The leader adds time and seed.
func NewCommand(n Number, actor, requestID string, body table.Record) *pb.Command {
	return &pb.Command{Number: uint32(n), Actor: actor, RequestId: requestID, Body: table.Encode(body)}
}
