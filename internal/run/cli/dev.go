package cli

import (
	"context"
	"errors"
	"flag"
	"os"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/build"
	"github.com/holdfast-pay/holdfast/internal/run/dev"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

// started is about when the process began: dev tells times from then.
var started = time.Now()

var devCommand = Command{
	Name: "dev", Short: "run the whole platform on this machine, with a demo purchase", JSON: true,
	Bilingual: true,
	Exits:     []int{ExitDamaged, ExitStopped, ExitOutdated, ExitHeld},
	Long: `The sandbox that WeChat Pay's APIv3 lacks, in one command: a node and a courier as
processes of their own, a demo merchant with keys and certificate, demo payers with
money, and a demo shop. It buys once over real HTTP and tells each step with its time:
the order, a QR code, the payment, the postings, the notice that the shop verifies, the
same order paid again (¥0.00 move), and the receipt verified offline. Then it stays up
and prints the addresses, and how to point your own code at them.

Everything a merchant's code needs is in DIR/sandbox.json. The endpoints under /sandbox/
pay without a phone, list notices with the reason why each was or was not delivered,
send them again, and move the clock.

A program needs no change to use it: eval "$(holdfast dev --print-env)" in its shell, and
https://api.mch.weixin.qq.com leads to the sandbox, by a proxy and a certificate authority
of its own (DIR/sandbox-ca.pem, good for the API's names only).

With --nodes 3 or 5 it is a cluster: so many nodes, each with a data folder of its own
(DIR/n1 ...), two couriers, and a small balancer at the sandbox's address. A node that is
killed is started again, one whose folder is deleted joins anew; the guide at the end
says who leads and what to try. The object that --json prints has "nodes" and
"digests_equal" too: whether all nodes were found to hold the same after the purchase.

The folder keeps merchant, payers, orders and keys; the next run goes on with it. To
start over, delete it: no real money is in it. Default ports are 9080 to 9084; busy ones
are replaced by free ones. With --json the story goes to standard error and the last
line of standard output is one JSON object.`,
	Examples: []Example{
		{"holdfast dev", "see a purchase, then develop against it"},
		{"holdfast dev --once --json", "in a test: one purchase, one line of JSON, nothing left running"},
		{"holdfast dev --data /tmp/sandbox --addr 127.0.0.1:0", "a folder and a free port of your own"},
		{"holdfast dev --print-env", "what a second shell has to set, so that what runs there talks to the sandbox"},
		{"holdfast dev --nodes 3 --data /tmp/cluster", "three nodes, to kill some of them"},
		{"holdfast dev --addr 0.0.0.0:9080", "scan the code with a phone in the same network"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		var opt dev.Options
		fs.StringVar(&opt.Data, "data", "", "folder `DIR` of the sandbox (./"+dev.DefaultData+")")
		fs.StringVar(&opt.Addr, "addr", "", "where the platform listens, `HOST:PORT` (127.0.0.1:9080, or a free port)")
		fs.IntVar(&opt.Nodes, "nodes", 0, "run a cluster of `N` nodes, 1, 3 or 5 (what the folder was made with, else 1)")
		fs.BoolVar(&opt.Once, "once", false, "stop after the demo purchase")
		fs.StringVar(&opt.TLS, "tls", "", "answer for the API's names on `HOST:PORT` too, for programs that go by the hosts file (127.0.0.1:443)")
		printEnv := fs.Bool("print-env", false, "start nothing; print what a shell sets so that an unchanged program talks to the sandbox")
		level := logLevelFlag(fs, "`LEVEL` of the node's log in DIR/logs: debug (each request with its Request-ID), info, warn or error")
		return func(ctx context.Context, env *Env, _ []string) error {
			if *printEnv {
				return devFailure(dev.PrintEnv(opt.Data, env.Out, env.Err))
			}
			opt.LogLevel = level.value
			return runDev(ctx, env, opt)
		}
	},
}

func runDev(ctx context.Context, env *Env, opt dev.Options) error {
	node.PaceCollector()
	self, err := os.Executable()
	if err != nil {
		return refused("", "find this binary: %w", err)
	}
	opt.Executable, opt.Began, opt.Chinese = self, started, env.Lang == "zh"
	opt.Tell = env.Out
	if env.JSON {
		opt.Tell = env.Err
		opt.Bought = func(p *dev.Purchase) error { return env.Object(p) }
	}
	if file, ok := opt.Tell.(*os.File); ok && env.Getenv("NO_COLOR") == "" {
		info, err := file.Stat()
		opt.Colour = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return devFailure(dev.Run(ctx, opt))
}

// devFailure says in the CLI's words why a sandbox did not start or go on.
func devFailure(err error) error {
	var f *dev.Failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f) && f.Usage:
		return &Failure{Exit: ExitUsage, Msg: err.Error(), Hint: f.Hint, Cause: err}
	case errors.As(err, &f) && (f.Exit == ExitDamaged || f.Exit == ExitStopped):
		return &Failure{Exit: f.Exit, Msg: err.Error(), Hint: f.Hint, Cause: err}
	case errors.As(err, &f):
		return &Failure{Exit: ExitRefused, Msg: err.Error(), Hint: f.Hint, Cause: err}
	}
	return NodeError(err)
}

var devNode = Command{
	Name: "dev node", Short: "the node process that `holdfast dev` starts", Exits: []int{ExitDamaged, ExitStopped, ExitOutdated, ExitHeld},
	Long: `Runs a node like ` + "`holdfast serve`" + `, but as a sandbox: its log begins as one, its clock can be
moved, and /sandbox/ answers. ` + "`holdfast dev`" + ` starts it and keeps it running; start it
yourself only to look at it alone. One line of JSON says that it is ready.`,
	Examples: []Example{
		{"holdfast dev node --config holdfast-data/node.toml", "the node of an existing sandbox, without courier and shop"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		file, sets := configFlags(fs)
		base := fs.String("base-url", "", "`URL` at which payers reach the cashier, instead of cashier.base_url; plain HTTP will do")
		listen := fs.String("listen", "", "listen on `HOST:PORT` instead of merchant_api.address, in plain HTTP on any interface")
		return func(ctx context.Context, env *Env, _ []string) error {
			cfg, err := loadConfig(*file, *sets)
			if err != nil {
				return err
			}
			log, sink := processLog(env, cfg.Log)
			p := dev.NodeProcess{Config: cfg, Listen: *listen, BaseURL: *base, Version: build.Read().String(), Out: env.Out,
				Log: log, LogDropped: sink.Dropped, Fatal: lastWords(sink)}
			return NodeError(p.Run(ctx))
		}
	},
}
