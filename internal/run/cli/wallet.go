package cli

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// walletFlags are what all wallet commands take.
type walletFlags struct {
	file    string
	timeout time.Duration
}

func (w *walletFlags) flags(fs *flag.FlagSet) {
	fileVar(fs, &w.file, "wallet", "`FILE` with the device's key (HOLDFAST_WALLET, else wallet.json in holdfast's folder of your configuration)")
	fs.DurationVar(&w.timeout, "timeout", 15*time.Second, "give up after this `TIME`; the outcome is then unknown")
}

// path is the wallet's file.
func (w *walletFlags) path(env *Env) (string, error) {
	if w.file != "" {
		return w.file, nil
	}
	if named := env.Getenv("HOLDFAST_WALLET"); named != "" {
		return named, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", usage("--wallet FILE", "no folder for your configuration is known: %w", err)
	}
	return filepath.Join(dir, "holdfast", "wallet.json"), nil
}

// client opens the wallet's file and returns the API.
func (w *walletFlags) client(env *Env) (*walletclient.Client, error) {
	file, err := w.open(env)
	if err != nil {
		return nil, err
	}
	return w.dial(env, file), nil
}

// open opens the wallet's file.
func (w *walletFlags) open(env *Env) (*walletclient.File, error) {
	path, err := w.path(env)
	if err != nil {
		return nil, err
	}
	file, err := walletclient.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, failure(ExitRefused, "make one: holdfast wallet enrol PHONE --to URL", "there is no wallet in %s", path)
	}
	return file, err
}

// dial asks the file's nodes. Where there is but one, whoever types is told at once
// that it does not answer.
func (w *walletFlags) dial(env *Env, f *walletclient.File) *walletclient.Client {
	o := walletclient.Options{URLs: f.URLs(), Lang: env.Lang, Attempt: w.timeout, Patience: -1}
	if n := len(o.URLs); n > 1 {
		o.Attempt, o.Patience = w.timeout/time.Duration(n), w.timeout
	}
	return walletclient.New(f, o)
}

// walletCall makes one call and turns its error into a Failure.
func walletCall[Q, A any](ctx context.Context, env *Env, f func(context.Context, *Q) (*A, error), q *Q) (*A, error) {
	answer, err := f(ctx, q)
	if err != nil {
		return nil, env.walletError(err)
	}
	return answer, nil
}

// walletError is callError with hints for people.
func (e *Env) walletError(err error) error {
	err = e.callError(err)
	var f *Failure
	if errors.As(err, &f) && f.Exit == ExitUnreachable {
		f.Hint = "repeat it with the same --id: nobody is charged twice"
	}
	return err
}

// prompted reads a line from whoever types, when a flag did not give it.
func prompted(env *Env, given, what string) (string, error) {
	if given != "" {
		return given, nil
	}
	fmt.Fprintf(env.Err, "%s: ", what)
	line, err := bufio.NewReader(env.In).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		return "", fmt.Errorf("read the %s: %w", what, err)
	}
	return line, nil
}

func showWallet(env *Env, v *pb.WalletView) error {
	if env.JSON {
		return env.Message(v)
	}
	var b strings.Builder
	fields(&b, "name", v.Name, "balance", money.Format(v.Balance), "held", choose(v.Held != 0, money.Format(v.Held), ""), "pin", choose(v.HasPin, "set", "not set"),
		"pin locked until", choose(v.PinLockedUntil != 0, when(v.PinLockedUntil), ""), "pin may be set anew", choose(v.PinResetAt != 0, when(v.PinResetAt), ""),
		"without pin", "up to "+money.Format(v.FreeLimit), "a payment", "up to "+money.Format(v.PerAct),
		"today", money.Format(v.SpentDay)+" of "+money.Format(v.PerDay), "this year", money.Format(v.SpentYear)+" of "+money.Format(v.PerYear))
	printBlock(&b, v.Block)
	for _, k := range v.Passkeys {
		fmt.Fprintf(&b, "passkey  %s, since %s\n", k.Label, when(k.AddedAt))
	}
	for _, d := range v.Devices {
		fmt.Fprintf(&b, "device  %x  %s%s, since %s\n", d.Device, d.Label, choose(d.This, " (this one)", ""), when(d.AddedAt))
	}
	_, err := env.Out.Write([]byte(b.String()))
	return err
}

var walletShow = Command{
	Name: "wallet show", Short: "show your balance, limits and devices", JSON: true,
	Long:     "Asks the wallet API in the name of the device that `holdfast wallet enrol` made.",
	Examples: []Example{{"holdfast wallet show", "the wallet of this machine's device"}},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var w walletFlags
		w.flags(fs)
		return func(ctx context.Context, env *Env, _ []string) error {
			c, err := w.client(env)
			if err != nil {
				return err
			}
			v, err := walletCall(ctx, env, c.ShowWallet, &pb.ShowWalletRequest{})
			if err != nil {
				return err
			}
			return showWallet(env, v)
		}
	},
}

// clientID is the identity of an act: what was given, or a fresh one.
func clientID(given string) string {
	if given == "" {
		return "cli-" + rand.Text()
	}
	return given
}
