package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

var invariants = []catalogue.Invariant{
	{Name: "people are found by reference and openid", Check: found},
	{Name: "everybody has a balance", Check: banked},
}

func found(r table.Reader, _ *pb.Head, report catalogue.Report) {
	List(r, func(p *pb.Person) bool {
		if by, ok := ByRef(r, p.Ref); !ok || by.Uid != p.Uid {
			return report(entity(p.Uid), "is not found by the reference")
		}
		for _, o := range p.Openids {
			if by, ok := ByOpenid(r, o.Appid, o.Openid); !ok || by.Uid != p.Uid {
				return report(entity(p.Uid), "is not found by the openid of %s", o.Appid)
			}
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
