package cli

import (
	"context"
	"flag"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

var staffSignIn = Command{
	Name: "staff signin", Short: "open a session with your own token", JSON: true, Admin: true,
	Long: `For the member whose token --token-file holds. What opens is shown here, or written
to --out FILE, and takes the token's place in --token-file from then on; it ends by
itself.`,
	Examples: []Example{{"holdfast staff signin --token-file wang.token --for 8h --label laptop --out today.token", "for a day's work"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		life := fs.Duration("for", 12*time.Hour, "how long, a `TIME` of a minute to 24h; 720h for a merchant's people")
		label := fs.String("label", "", "`WHERE` you are, as it is listed")
		var out string
		fileVar(fs, &out, "out", "write it to this new `FILE` instead of showing it")
		return func(ctx context.Context, env *Env, _ []string) error {
			desk, err := env.Desk()
			if err != nil {
				return err
			}
			to, err := secretFile(out)
			if err != nil {
				return err
			}
			a, err := desk.SignIn(ctx, connect.NewRequest(&pb.SignInRequest{LifeS: int64(*life / time.Second), Label: *label}))
			if err != nil {
				return to.drop(env.callError(err))
			}
			return to.put(env, a.Msg.Session, "session", a.Msg)
		}
	},
}
