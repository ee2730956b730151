package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

var platformShow = Command{
	Name: "platform show", Short: "show the platform's certificates and public key", JSON: true, Admin: true,
	Long: "Shows the platform certificates that answers and notices are signed with, and the public key of public-key mode, as merchants need them. All of it is public.",
	Examples: []Example{
		{"holdfast platform show --pem > platform.pem", "the signing certificate for a merchant's configuration"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		pem := fs.Bool("pem", false, "print only the signing certificate, PEM")
		return func(ctx context.Context, env *Env, _ []string) error {
			a, err := call(ctx, env, pbconnect.AdminServiceClient.PlatformShow, &pb.PlatformShowRequest{})
			if err != nil {
				return err
			}
			if *pem && !env.JSON {
				return printSigning(env, a)
			}
			return printPlatform(env, a)
		}
	},
}

func printSigning(env *Env, a *pb.PlatformKeys) error {
	for _, c := range a.Certs {
		if c.Signing {
			_, err := fmt.Fprint(env.Out, c.CertPem)
			return err
		}
	}
	return refused("holdfast platform rotate    makes one", "no platform certificate signs at present")
}

func printPlatform(env *Env, a *pb.PlatformKeys) error {
	if env.JSON {
		return env.Message(a)
	}
	var b strings.Builder
	for _, c := range a.Certs {
		fmt.Fprintf(&b, "certificate  %s  valid %s to %s%s\n", c.Serial, when(c.EffectiveAt), when(c.ExpireAt), choose(c.Signing, "  signing", ""))
	}
	fields(&b, "public key", a.PublicKeyId)
	b.WriteString(a.PublicKeyPem)
	return write(env, &b)
}
