package cli

import (
	"context"
	"flag"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var merchantKey = Command{
	Name: "merchant key", Args: "MCHID", Short: "add or revoke a merchant's certificate, change its APIv3 key, bind an appid", JSON: true, Admin: true,
	Long: `Several certificates may be valid side by side: add the new one, let the merchant
switch, then revoke the old one. A revoked certificate signs nothing from that
instant on.

A new APIv3 key takes effect for notices sealed after it; the merchant must know
it first. Old versions stay in the keystore by their ids, so that notices already
on their way can still be told apart.`,
	Examples: []Example{
		{"holdfast merchant key 1900000001 --cert new.pem", "the merchant renews its certificate"},
		{"holdfast merchant key 1900000001 --revoke 5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "the old private key leaked"},
		{"holdfast merchant key 1900000001 --new-apiv3-key", "draw a fresh APIv3 key and print it once"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminMerchantKeyRequest
		var keys keyFlags
		certFile := new(string)
		fileVar(fs, certFile, "cert", "add the API certificate in this PEM `FILE`")
		fs.StringVar(&q.RevokeSerial, "revoke", "", "revoke the certificate with this `SERIAL`")
		fs.StringVar(&q.AddAppid, "appid", "", "bind one more `APPID`")
		keys.flags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			q.Mchid = args[0]
			var err error
			if q.CertPem, err = readText(env, *certFile); err != nil {
				return err
			}
			if q.Apiv3Key, err = keys.read(env); err != nil {
				return err
			}
			if q.CertPem == "" && q.RevokeSerial == "" && q.AddAppid == "" && q.Apiv3Key == "" {
				return usage("--cert FILE, --revoke SERIAL, --apiv3-key-file FILE, --new-apiv3-key or --appid APPID", "nothing to change")
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.MerchantKey, &q)
			if err != nil {
				return err
			}
			return showMerchant(env, a, keys.drawn(q.Apiv3Key))
		}
	},
}
