package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/run/build"
	"github.com/holdfast-pay/holdfast/internal/run/logsink"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

var serve = Command{
	Name: "serve", Short: "run a node", JSON: true,
	Exits: []int{ExitDamaged, ExitStopped, ExitOutdated, ExitHeld},
	Long: `Runs one node from a configuration file: the merchant API with the cashier's pages, the
administration with health and metrics, and the inner address for the courier. A new
data folder gets its keys and the first command of its log; an existing one is checked
and replayed, and refused when anything acknowledged is missing.

SIGHUP reloads keys, TLS certificates and admin tokens. SIGTERM and Ctrl-C stop
listening, let requests under way finish, and write everything to disk; what has not
ended after half a minute is named and cut off. kill -9 loses nothing that was
acknowledged.

Notices leave through ` + "`holdfast courier`" + `, a process of its own. With --json one line is
printed when the node is ready. Log lines go to standard error.`,
	Examples: []Example{
		{"holdfast serve --config /etc/holdfast/node.toml", "in production"},
		{"holdfast serve --config node.toml --print-config", "what is in force, and where each value came from"},
		{"holdfast serve --config node.toml --set log.level=debug", "override one setting"},
	},
	Flags: func(fs *flag.FlagSet) RunFunc {
		file, sets := configFlags(fs)
		show := fs.Bool("print-config", false, "print the configuration in force and stop")
		return func(ctx context.Context, env *Env, _ []string) error {
			cfg, err := loadConfig(*file, *sets)
			if err != nil {
				return err
			}
			if *show {
				return printConfig(env, cfg)
			}
			return runNode(ctx, env, cfg)
		}
	},
}

func printConfig(env *Env, cfg *node.Config) error {
	if env.JSON {
		return env.Object(map[string]any{"settings": cfg.Values()})
	}
	_, err := fmt.Fprint(env.Out, cfg.Print())
	return err
}

func runNode(ctx context.Context, env *Env, cfg *node.Config) error {
	node.PaceCollector()
	log, sink := processLog(env, cfg.Log)
	var running atomic.Pointer[node.Node]
	stop := onHangup(func() {
		if n := running.Load(); n != nil {
			_ = n.Reload() // it logs what it could not read
		}
	})
	defer stop()
	opt := node.Options{Config: cfg, Version: build.Read().String(), Log: log, LogDropped: sink.Dropped, Fatal: lastWords(sink)}
	err := node.Serve(ctx, opt, func(n *node.Node) {
		if first := running.Swap(n) == nil; first && env.JSON {
			if err := env.Object(map[string]any{"ready": true, "addresses": n.Addresses()}); err != nil {
				log.Warn("nobody reads standard output", "err", err)
			}
		}
	})
	return NodeError(err)
}

// onHangup calls reload on every SIGHUP until stop is called.
func onHangup(reload func()) (stop func()) {
	hangups, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-hangups:
				reload()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(done)
	}
}

// processLog is the log of a process that goes on for long: whoever reads it may
// stop or die without holding the process up. What the command says last goes the
// same way; Main waits for it.
func processLog(env *Env, cfg logsink.Config) (*slog.Logger, *logsink.Sink) {
	sink := logsink.New(env.Err)
	env.Err = sink
	return newLog(sink, cfg), sink
}

// lastWords ends the process after a fault of the disk, once the log is written.
func lastWords(sink *logsink.Sink) func(error) {
	return func(err error) {
		sink.Flush(time.Second)
		diskguard.Exit(err)
	}
}

// newLog writes log lines as the configuration says.
func newLog(w io.Writer, cfg logsink.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Level)) // Check has seen it
	opt := &slog.HandlerOptions{Level: level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opt))
	}
	return slog.New(slog.NewTextHandler(w, opt))
}

// NodeError says in the CLI's words why a node did not start or go on.
func NodeError(err error) error {
	var broken *machine.Broken
	var old *machine.Outdated
	var damage *keystore.Damage
	var start *node.StartError
	var held *node.HeldError
	switch {
	case err == nil, errors.Is(err, context.Canceled) && !errors.As(err, &held):
		return nil
	case errors.As(err, &old):
		return tooOld(old, err)
	case errors.As(err, &broken):
		return &Failure{Exit: ExitStopped, Msg: "the node stopped: " + broken.Error(),
			Hint: fmt.Sprintf("start it again; if it stops at index %d again it starts read-only, and `holdfast quarantine %d` lets it go on", broken.Index, broken.Index), Cause: err}
	case errors.As(err, &held):
		return &Failure{Exit: ExitHeld, Msg: err.Error(), Hint: "nothing that was acknowledged is lost; start it again", Cause: err}
	case errors.As(err, &damage) && damage.Hint != "":
		return &Failure{Exit: ExitDamaged, Msg: err.Error(), Hint: damage.Hint, Cause: err}
	case errors.As(err, &start) && start.InUse:
		return refused("`holdfast status --data DIR` tells about the one that is running", "another process uses this data folder: %w", err)
	case errors.As(err, &start) && start.Damage:
		return &Failure{Exit: ExitDamaged, Msg: err.Error(), Hint: "nothing that counts was changed; `holdfast verify DIR` says what else is wrong", Cause: err}
	}
	return clusterFailure(err)
}

// tooOld is the failure of a binary that is older than the data folder.
func tooOld(old *machine.Outdated, cause error) error {
	return &Failure{Exit: ExitOutdated, Msg: "this binary is too old: " + old.Error(), Hint: old.Start() + "; nothing was changed", Cause: cause}
}
