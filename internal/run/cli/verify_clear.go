package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/run/verify"
)

// found is one place, as it is printed: the value by its line, so that the report can
// be shown to others.
type found struct {
	Line  int    `json:"line"`
	Where string `json:"where"`
	What  string `json:"what"`
}

// searchClear looks for the values that stand in a file, one a line.
func searchClear(env *Env, dir, file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return usage("--clear FILE, one value a line", "%w", err)
	}
	lines := map[string]int{}
	var values []string
	for i, line := range strings.Split(string(raw), "\n") {
		if v := strings.TrimSpace(line); v != "" && lines[v] == 0 {
			lines[v] = i + 1
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return usage("--clear FILE, one value a line", "%s has no values", file)
	}
	finds, err := verify.Clear(dir, values)
	if err != nil {
		return refused("verify works on a stopped node, or on a copy of its folder", "%w", err)
	}
	list := make([]found, 0, len(finds))
	for _, f := range finds {
		list = append(list, found{Line: lines[f.Value], Where: f.Where, What: f.What})
	}
	return printFound(env, dir, len(values), list)
}

func printFound(env *Env, dir string, values int, list []found) error {
	if env.JSON {
		if err := env.Object(map[string]any{"ok": len(list) == 0, "values": values, "finds": list}); err != nil {
			return err
		}
	} else {
		for _, f := range list {
			fmt.Fprintf(env.Out, "FOUND the value of line %d: %s, %s\n", f.Line, f.Where, f.What)
		}
		if len(list) == 0 {
			fmt.Fprintf(env.Out, "ok: none of %d values is in %s\n", values, dir)
		}
	}
	if len(list) > 0 {
		return failure(ExitVerification, "docs/concepts/personal-data.md says what is left where, and until when", "%d places in %s have a value", len(list), dir)
	}
	return nil
}
