package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

var walletEnrol = Command{
	Name: "wallet enrol", Args: "PHONE", Short: "get a wallet for a phone number, or sign in with one", JSON: true,
	Long: `Makes a key for this machine, has a one-time code sent to the phone number, asks for
it, and enrols the key as a device of whoever has the number. A number that is new
becomes a new person, who gives a name. In a sandbox the code stands on the
platform's console.

The key is kept in a file that only you can read. Whoever has the file and your PIN
can pay from your balance: end the device from another one if you lose it.`,
	Examples: []Example{
		{"holdfast wallet enrol 13800000000 --to http://127.0.0.1:8446 --name 小明", "a new wallet in a sandbox; types the code when asked"},
		{"holdfast wallet enrol 13800000000 --code 123456", "goes on with a code that was sent already"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		var q pb.EnrolRequest
		w.flags(fs)
		to := fs.String("to", "", "`URL` of the wallet API, or of several nodes, between commas; needed the first time")
		fs.StringVar(&q.Name, "name", "", "your `NAME`, for a number that is new")
		fs.StringVar(&q.Label, "label", hostLabel(), "what to call this `DEVICE`")
		fs.StringVar(&q.Code, "code", "", "the six `DIGITS` that were sent; without it a code is sent and asked for")
		return func(ctx context.Context, env *Env, args []string) error {
			q.Phone = args[0]
			device, err := w.device(env, *to)
			if err != nil {
				return err
			}
			c := w.dial(env, device)
			if q.Code == "" {
				if _, err := walletCall(ctx, env, c.SendCode, &pb.SendCodeRequest{Phone: q.Phone, ClientId: clientID("")}); err != nil {
					return err
				}
				if q.Code, err = prompted(env, "", "code sent to "+q.Phone); err != nil {
					return err
				}
			}
			if q.PublicKey, err = device.PublicKey(); err != nil {
				return err
			}
			a, err := walletCall(ctx, env, c.Enrol, &q)
			if err != nil {
				return err
			}
			if env.JSON {
				return env.Message(a)
			}
			_, err = fmt.Fprintf(env.Out, "device  %x\nwallet  %s\n", a.Device, choose(a.Fresh, "new", "yours"))
			return err
		}
	},
}

// device opens the wallet's file, or makes it for a URL.
func (w *walletFlags) device(env *Env, to string) (*walletclient.File, error) {
	path, err := w.path(env)
	if err != nil {
		return nil, err
	}
	file, err := walletclient.Open(path)
	switch {
	case err == nil && to != "" && to != file.URL():
		return nil, failure(ExitRefused, "name another file with --wallet FILE", "%s is a device of %s", path, file.URL())
	case errors.Is(err, fs.ErrNotExist) && to == "":
		return nil, usage("--to http://127.0.0.1:8446", "where is the wallet API? a new device needs its address")
	case errors.Is(err, fs.ErrNotExist):
		file, err = walletclient.Create(path, to)
	}
	if err != nil {
		return nil, err
	}
	return file, nil
}

func hostLabel() string {
	name, err := os.Hostname()
	if err != nil || name == "" || len(name) > 40 {
		return "command line"
	}
	return name
}
