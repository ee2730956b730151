package cli

import (
	"context"
	"flag"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var merchantAdd = Command{
	Name: "merchant add", Args: "MCHID", Short: "add a merchant", JSON: true, Admin: true,
	Long: `Adds a merchant with its appids and settings, and, when given, its first API
certificate and its APIv3 key. MCHID is 8 to 10 digits. Adding the same merchant
again changes nothing and answers what is there; other content is refused. Settings
that are not named are as the node's configuration says (merchants.*).

The certificate is the merchant's own (RSA, at least 2048 bits); its private key
stays with the merchant. The APIv3 key (32 letters and digits) seals notices: it
goes to the node's keystore only and is never shown again, so hand it to the
merchant at once when --new-apiv3-key draws it.`,
	Examples: []Example{
		{"holdfast merchant add 1900000001 --name 'Corner shop' --appid wx8888888888888888 --cert shop.pem --new-apiv3-key", "everything at once; prints the drawn key"},
		{"holdfast merchant add 1900000001 --name 'Corner shop' --apiv3-key-file - < key.txt", "with a key the merchant chose"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var q pb.AdminMerchantAddRequest
		var appids listFlag
		var keys keyFlags
		var set settingFlags
		fs.StringVar(&q.Name, "name", "", "the merchant's `NAME` as payers see it, at most 127 characters")
		fs.Var(&appids, "appid", "bind this `APPID` (wx and 16 hex digits); may be repeated")
		certFile := new(string)
		fileVar(fs, certFile, "cert", "`FILE` with the merchant's API certificate, PEM")
		keys.flags(fs)
		set.flags(fs)
		return func(ctx context.Context, env *Env, args []string) error {
			q.Mchid, q.Appids = args[0], appids
			if q.Name == "" {
				return usage("--name 'Corner shop'", "the merchant needs a --name")
			}
			var err error
			if q.CertPem, err = readText(env, *certFile); err != nil {
				return err
			}
			key, err := keys.read(env)
			if err != nil {
				return err
			}
			q.Apiv3Key = key
			if q.Given = set.names(); len(q.Given) > 0 {
				q.Settings = set.apply(new(pb.MerchantSettings))
			}
			a, err := call(ctx, env, pbconnect.AdminServiceClient.MerchantAdd, &q)
			if err != nil {
				return err
			}
			return showMerchant(env, a, keys.drawn(key))
		}
	},
}

// drawnKey is printed once, beside the merchant.
type drawnKey string

// line is what a person has to write down.
func (k drawnKey) line() string {
	if k == "" {
		return ""
	}
	return fmt.Sprintf("APIv3 key (shown once, hand it to the merchant): %s\n", string(k))
}
