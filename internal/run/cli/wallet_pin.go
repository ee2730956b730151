package cli

import (
	"context"
	"crypto/rand"
	"flag"
	"os"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// readPIN reads a PIN from a file, or from whoever types.
func readPIN(env *Env, file, what string) (string, error) {
	if file == "" {
		return prompted(env, "", what)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(b)), nil
}

var walletPIN = Command{
	Name: "wallet pin", Short: "set or replace the PIN", JSON: true,
	Long: `Asks for six digits, and for the PIN of before if there is one. It takes neither one
digit six times nor six in a row.`,
	Examples: []Example{{"holdfast wallet pin", "asks for the new PIN"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		old := pinFlag(fs)
		fresh := new(string)
		fileVar(fs, fresh, "new-pin-file", "`FILE` with the new PIN; without it the PIN is asked for")
		return func(ctx context.Context, env *Env, _ []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			v, err := walletCall(ctx, env, c.ShowWallet, &pb.ShowWalletRequest{})
			if err != nil {
				return err
			}
			q := &pb.SetPinRequest{Blind: make([]byte, 16)}
			rand.Read(q.Blind)
			if v.HasPin {
				if q.Grant, err = grant(ctx, env, c, *old); err != nil {
					return err
				}
			}
			if q.Pin, err = readPIN(env, *fresh, "new PIN"); err != nil {
				return err
			}
			if v, err = walletCall(ctx, env, c.SetPin, q); err != nil {
				return err
			}
			return showWallet(env, v)
		}
	},
}
