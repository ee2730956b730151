package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

var invariants = []catalogue.Invariant{
	{Name: "people are found by reference, openid and phone", Check: found},
	{Name: "a phone number finds who has it", Check: phonesPoint},
	{Name: "nothing is left of erased details", Check: gone},
	{Name: "everybody has a balance", Check: banked},
}

func found(r table.Reader, _ *pb.Head, report catalogue.Report) {
	List(r, func(p *pb.Person) bool {
		if by, ok := ByRef(r, p.Ref); p.Ref != "" && (!ok || by.Uid != p.Uid) {
			return report(entity(p.Uid), "is not found by the reference")
		}
		if by, ok := ByPhone(r, p.PhoneTag); len(p.PhoneTag) > 0 && (!ok || by.Uid != p.Uid) {
			return report(entity(p.Uid), "is not found by the phone number")
		}
		for _, o := range p.Openids {
			if by, ok := ByOpenid(r, o.Appid, o.Openid); !ok || by.Uid != p.Uid {
				return report(entity(p.Uid), "is not found by the openid of %s", o.Appid)
			}
		}
		return true
	})
}

func phonesPoint(r table.Reader, _ *pb.Head, report catalogue.Report) {
	from, to := table.Range(table.PersonPhones)
	phones.Scan(r, from, to, func(k []byte, ref *pb.PersonRef) bool {
		if p, ok := Get(r, ref.Uid); !ok || string(phoneKey(p.PhoneTag)) != string(k) {
			return report(entity(ref.Uid), "is found by another's phone number")
		}
		return true
	})
}

func gone(r table.Reader, _ *pb.Head, report catalogue.Report) {
	List(r, func(p *pb.Person) bool {
		if p.ErasedAt != 0 && (p.Name != "" || p.Details != nil || len(p.PhoneTag) > 0 || len(p.Salt) > 0) {
			return report(entity(p.Uid), "was erased and still has details")
		}
		return true
	})
}

func banked(r table.Reader, _ *pb.Head, report catalogue.Report) {
	List(r, func(p *pb.Person) bool {
		if a, ok := ledger.Get(r, ledger.UserBalance(p.Uid), money.CNY); !ok || !a.NoOverdraft {
			return report(entity(p.Uid), "has no account, or one that may be overdrawn")
		}
		return true
	})
}
