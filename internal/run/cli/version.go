package cli

import (
	"context"
	"flag"
	"fmt"
	"runtime"

	"github.com/holdfast-pay/holdfast/internal/run/build"
)

var version = Command{
	Name: "version", Short: "print the version of this binary", JSON: true,
	Long: "Prints the release or the commit the binary was built from, the Go version and the platform.",
	Examples: []Example{
		{"holdfast version", "for a bug report"},
	},
	Flags: func(*flag.FlagSet) RunFunc { return runVersion },
}

func runVersion(_ context.Context, env *Env, _ []string) error {
	b := build.Read()
	if env.JSON {
		return env.Object(map[string]any{
			"version": b.Version, "commit": b.Commit, "modified": b.Modified,
			"go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
		})
	}
	_, err := fmt.Fprintf(env.Out, "holdfast %s (%s, %s/%s)\n", b, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
