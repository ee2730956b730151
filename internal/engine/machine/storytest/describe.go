package storytest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
	"github.com/holdfast-pay/holdfast/internal/rule/standing"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// find looks up what a see line names; nil when it is not there.
func (s *player) find(r table.Reader, l *line) any {
	name := l.arg(1)
	switch l.arg(0) {
	case "order":
		if o, ok := order.ByNumber(r, mchid(l.option("merchant", "M1")), name); ok {
			return o
		}
	case "refund":
		if f, ok := refund.ByNumber(r, mchid(l.option("merchant", "M1")), name); ok {
			return f
		}
	case "notice":
		id, _ := strconv.ParseUint(name, 10, 64)
		if n, ok := notice.Get(r, id); ok {
			return n
		}
	case "merchant":
		if m, ok := merchant.Get(r, mchid(name)); ok {
			return m
		}
	case "person":
		if p, ok := person.ByRef(r, name); ok {
			return p
		}
	case "cert":
		if c, ok := merchant.GetCert(r, mchid(name), l.arg(2)); ok {
			return c
		}
	case "wallet":
		if p, ok := somebody(r, name); ok {
			if w, ok := wallet.Get(r, p.Uid); ok {
				return w
			}
		}
	case "report":
		if p, ok := s.report(name); ok {
			return p
		}
	case "shop":
		if p, ok := s.shop(name); ok {
			return p
		}
	case "staff":
		if m, ok := member(r, name); ok {
			return m
		}
	case "codes":
		if p, ok := somebody(r, name); ok {
			return paycode.Of(r, p.Uid)
		}
	case "appeal":
		if p, ok := somebody(r, name); ok {
			if a, ok := standing.Of(r, p.Uid); ok {
				return a
			}
		}
	case "courier":
		if c, ok := lane.Get(r, name); ok {
			return c
		}
	}
	if found := s.findAtTill(r, l); found != nil {
		return found
	}
	return s.findSent(r, l)
}

// describe says what a record is, in the words of the stories.
func (s *player) describe(body any) map[string]string {
	switch r := body.(type) {
	case *pb.Order:
		return map[string]string{
			"merchant": short(r.Mchid), "id": num(r.Id), "state": word(r.State, "TRADE_STATE_"), "total": money.Format(r.Total), "refunded": money.Format(r.Refunded),
			"refunding": money.Format(r.Refunding), "refunds": num(r.RefundCount), "payer": num(r.PayerUid), "notice": num(r.NoticeId),
			"older": strconv.Itoa(len(r.OlderPrepayIds)), "expires": s.when(r.TimeExpire),
		}
	case *pb.Refund:
		return map[string]string{"merchant": short(r.Mchid), "id": num(r.Id), "status": word(r.Status, "REFUND_STATUS_"), "amount": money.Format(r.Refund), "notice": num(r.NoticeId)}
	case *pb.Notice:
		return map[string]string{
			"id": num(r.Id), "state": word(r.State, "NOTICE_STATE_"), "event": word(r.Event, "NOTICE_EVENT_"), "attempts": num(r.Attempts),
			"tries": num(r.Tries), "due": s.when(r.NextAt), "recent": strconv.Itoa(len(r.Recent)), "revived": strconv.FormatBool(r.Revived),
			"duplicates": num(r.Duplicates), "by": lastCourier(r),
		}
	case *pb.Merchant:
		return map[string]string{
			"name": r.Name, "status": word(r.Status, "MERCHANT_STATUS_"), "appids": strconv.Itoa(len(r.Appids)), "certs": strconv.Itoa(len(r.Serials)),
			"keys": strconv.Itoa(len(r.Keys)), "key": merchant.CurrentKey(r),
		}
	case *pb.Person:
		return describePerson(r)
	case *pb.PersonKeys:
		return map[string]string{"key": r.TagKey[:2]}
	case *pb.Account:
		return map[string]string{"balance": money.Format(ledger.Balance(r)), "frozen": strconv.FormatBool(r.Frozen), "no_overdraft": strconv.FormatBool(r.NoOverdraft), "cap": money.Format(r.Cap)}
	case *pb.Wallet:
		return s.describeWallet(r)
	case *pb.PayCodes:
		return s.describeCodes(r)
	case *pb.CodeTries:
		return map[string]string{"window": num(r.InWindow), "day": num(r.InDay)}
	case *pb.Passkeys:
		return map[string]string{"keys": strconv.Itoa(len(r.List)), "met": num(r.Met)}
	case *pb.Appeal:
		return s.describeAppeal(r)
	case *pb.PinTry:
		return map[string]string{"number": num(r.Number), "until": s.when(r.Until)}
	case *pb.SentCode:
		return map[string]string{"until": s.when(r.Until), "hour": num(r.Sends.InHour), "day": num(r.Sends.InDay)}
	case *pb.Enrolment:
		return map[string]string{"right": strconv.FormatBool(r.Right), "left": num(r.Left), "id": num(r.Uid), "fresh": strconv.FormatBool(r.Fresh)}
	case *pb.Courier:
		return s.describeCourier(r)
	case *pb.Cert:
		return map[string]string{"revoked": strconv.FormatBool(r.RevokedAt != 0)}
	case *pb.PersonTransfer:
		return map[string]string{"id": num(r.Id), "state": word(r.State, "TRANSFER_STATE_"), "amount": money.Format(r.Amount), "until": s.when(transfer.WaitsUntil(r))}
	case *pb.Payee:
		return map[string]string{"found": strconv.FormatBool(r.Uid != 0), "id": num(r.Uid)}
	case *pb.Reach:
		return map[string]string{"hidden": strconv.FormatBool(r.Hidden)}
	case *pb.Packet:
		return s.describePacket(r)
	case *pb.PacketShare:
		return map[string]string{"number": num(r.Number), "amount": money.Format(r.Amount)}
	case *pb.Till, *pb.Shift, *pb.CashMove:
		return describeAtTill(r)
	case *pb.Backfill:
		return map[string]string{"next": "yes"}
	case nil:
		return map[string]string{"next": "none"}
	}
	return s.describeOffice(body)
}

// lastCourier is who made the newest attempt.
func lastCourier(n *pb.Notice) string {
	if len(n.Recent) == 0 {
		return "nobody"
	}
	return n.Recent[len(n.Recent)-1].Courier
}

func num[N uint32 | uint64](n N) string { return strconv.FormatUint(uint64(n), 10) }

func word(v fmt.Stringer, prefix string) string { return strings.TrimPrefix(v.String(), prefix) }

// short is the name a story has for an mchid.
func short(mchid string) string {
	if n, ok := strings.CutPrefix(mchid, "190000000"); ok && len(n) == 1 {
		return "M" + n
	}
	return mchid
}

// when writes a time as it lies from now: now, +15s, -2h, or never.
func (s *player) when(at int64) string {
	if at == 0 {
		return "never"
	}
	sign, ms := "+", at-s.now
	if ms == 0 {
		return "now"
	}
	if ms < 0 {
		sign, ms = "-", -ms
	}
	out := sign
	for _, u := range []int{1, 2, 3, 4, 0} { // d h m s ms
		if n := ms / units[u].ms; n > 0 {
			out += strconv.FormatInt(n, 10) + units[u].name
			ms -= n * units[u].ms
		}
	}
	return out
}
