package merchant

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// The commands.
var (
	Add        = catalogue.Returning(catalogue.MerchantAdd, "merchant_add", ApplyAdd)
	Set        = catalogue.Returning(catalogue.MerchantSet, "merchant_set", ApplySet)
	BindAppid  = catalogue.Returning(catalogue.MerchantAppid, "merchant_appid", ApplyAppid)
	AddCert    = catalogue.Returning(catalogue.MerchantCert, "merchant_cert", ApplyCert)
	RevokeCert = catalogue.Returning(catalogue.MerchantCertRevoke, "merchant_cert_revoke", ApplyCertRevoke)
	UseKey     = catalogue.Returning(catalogue.MerchantKey, "merchant_key", ApplyKey)
)

// Rule is what this package brings.
var Rule = catalogue.Rule{
	Name:     "merchant",
	Commands: []*catalogue.Spec{Add.Spec, Set.Spec, BindAppid.Spec, AddCert.Spec, RevokeCert.Spec, UseKey.Spec},
	Tables:   []table.ID{table.Merchants, table.Certs},

	Invariants: invariants,
}
