package cli

import (
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/run/dev"
)

// Manual is docs/reference/cli.md: the registry in Markdown. A test compares
// it with the file, `-rewrite` writes it anew.
func Manual() string {
	var b strings.Builder
	b.WriteString("# The `holdfast` command line\n\n")
	b.WriteString("Generated from the registry of subcommands (`internal/run/cli`); `go test ./internal/run/cli -run Manual -rewrite` writes it anew.\n\n")
	b.WriteString("Results go to standard output; with `--json` they are one JSON object. Errors go to standard error as one line\n")
	b.WriteString("`error: ...`, mostly with a line `hint: ...`. Flags may stand before or after the words; after `--` everything is a word.\n\n")
	b.WriteString("| exit code | meaning |\n|---|---|\n")
	for _, e := range exitMeanings {
		fmt.Fprintf(&b, "| %d | %s |\n", e.code, e.meaning)
	}
	b.WriteString("\nCommands marked *node* talk to a running node. They find it by `--admin` and `--token-file`, else by the environment\n")
	b.WriteString("(`HOLDFAST_ADMIN`, `HOLDFAST_TOKEN_FILE`, `HOLDFAST_CA`), else in the data folder: `--data`, `HOLDFAST_DATA`, `./data`, or\n`./" + dev.DefaultData + "`, which `holdfast dev` uses (of both, the one a node runs on). In the folder of a sandbox cluster\nthe first node that runs is asked.\n\n")
	b.WriteString("| to | commands |\n|---|---|\n")
	for _, p := range purposes() {
		fmt.Fprintf(&b, "| %s | `%s` |\n", p.title, strings.Join(names(p.commands), "`, `"))
	}
	b.WriteString("\n")
	for _, c := range Commands() {
		manualCommand(&b, c)
	}
	return b.String()
}

func manualCommand(b *strings.Builder, c *Command) {
	fmt.Fprintf(b, "## holdfast %s\n\n", c.Name)
	mark := ""
	if c.Admin {
		mark = " (*node*)"
	}
	fmt.Fprintf(b, "%s%s\n\n```\n%s\n```\n\n", capital(c.Short)+".", mark, usageLine(c))
	if c.Long != "" {
		fmt.Fprintf(b, "%s\n\n", strings.TrimSpace(c.Long))
	}
	b.WriteString("| flag | meaning |\n|---|---|\n")
	for _, f := range flagLines(c) {
		fmt.Fprintf(b, "| `%s` | %s |\n", f.form, strings.ReplaceAll(f.text, "|", "\\|"))
	}
	b.WriteString("\n")
	if len(c.Examples) > 0 {
		b.WriteString("```sh\n")
		for _, e := range c.Examples {
			fmt.Fprintf(b, "# %s\n%s\n", e.Why, e.Line)
		}
		b.WriteString("```\n\n")
	}
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
