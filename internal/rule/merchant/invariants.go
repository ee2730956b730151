package merchant

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

var invariants = []catalogue.Invariant{
	{Name: "every merchant has an account", Check: banked},
	{Name: "a merchant's certificates are there", Check: certified},
}

func banked(r table.Reader, _ *pb.Head, report catalogue.Report) {
	List(r, "", func(m *pb.Merchant) bool {
		if a, ok := ledger.Get(r, ledger.MerchantPending(m.Mchid), money.CNY); !ok || !a.NoOverdraft {
			return report("merchant "+m.Mchid, "has no account, or one that may be overdrawn")
		}
		return true
	})
}

func certified(r table.Reader, _ *pb.Head, report catalogue.Report) {
	List(r, "", func(m *pb.Merchant) bool {
		for _, serial := range m.Serials {
			if _, ok := GetCert(r, m.Mchid, serial); !ok {
				return report("merchant "+m.Mchid, "names certificate %s, which is not there", serial)
			}
		}
		return true
	})
}
