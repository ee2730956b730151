package cli

import (
	"flag"
	"fmt"
	"strings"
)

// help answers `holdfast help [WORD...]`.
func help(env *Env, words []string) error {
	for i, w := range words {
		if isHelp(w) {
			words = words[:i]
			break
		}
	}
	if len(words) == 0 {
		fmt.Fprint(env.Out, overview())
		return nil
	}
	if c, rest := find(words); c != nil && len(rest) == 0 {
		fmt.Fprint(env.Out, commandHelp(c))
		return nil
	}
	if g := group(words[0]); len(words) == 1 && len(g) > 0 {
		fmt.Fprint(env.Out, groupHelp(words[0], g))
		return nil
	}
	typed := strings.Join(words, " ")
	known := names(Commands())
	for _, c := range Commands() {
		first, _, _ := strings.Cut(c.Name, " ")
		known = append(known, first)
	}
	return usage(meant(typed, known, "holdfast help"), "no help for %q: there is no such command", typed)
}

// overview is what `holdfast help` prints.
func overview() string {
	var b strings.Builder
	b.WriteString("holdfast: a mobile-payment platform in one binary\n\nusage: holdfast COMMAND [flags] [words]\n")
	width := nameWidth(Commands())
	for _, p := range purposes() {
		fmt.Fprintf(&b, "\n%s:\n", p.title)
		listCommands(&b, p.commands, width)
	}
	b.WriteString("\nmore: holdfast help COMMAND\n\n")
	exits(&b, nil)
	return b.String()
}

// groupHelp lists the commands that share a first word.
func groupHelp(word string, g []*Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: holdfast %s COMMAND [flags] [words]\n\ncommands:\n", word)
	listCommands(&b, g, nameWidth(g))
	fmt.Fprintf(&b, "\nmore: holdfast help %s COMMAND\n", word)
	return b.String()
}

func nameWidth(commands []*Command) (width int) {
	for _, c := range commands {
		width = max(width, len(c.Name))
	}
	return width
}

func listCommands(b *strings.Builder, commands []*Command, width int) {
	for _, c := range commands {
		fmt.Fprintf(b, "  %-*s  %s\n", width, c.Name, c.Short)
	}
}

// exits prints the codes a command may end with; nil prints all.
func exits(b *strings.Builder, also []int) {
	b.WriteString("exit codes:\n")
	for _, e := range exitMeanings {
		if also == nil || e.code <= ExitUsage || contains(also, e.code) {
			fmt.Fprintf(b, "  %d  %s\n", e.code, e.meaning)
		}
	}
}

func contains(list []int, n int) bool {
	for _, v := range list {
		if v == n {
			return true
		}
	}
	return false
}

// usageLine is the command as one types it.
func usageLine(c *Command) string {
	line := "holdfast " + c.Name + " [flags]"
	if c.Args != "" {
		line += " " + c.Args
	}
	return line
}

// commandHelp is what `holdfast help COMMAND` and `--help` print.
func commandHelp(c *Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\nusage: %s\n", c.Name, c.Short, usageLine(c))
	if c.Long != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(c.Long))
	}
	b.WriteString("\nflags:\n")
	for _, f := range flagLines(c) {
		fmt.Fprintf(&b, "  %s\n        %s\n", f.form, f.text)
	}
	if len(c.Examples) > 0 {
		b.WriteString("\nexamples:\n")
		for _, e := range c.Examples {
			fmt.Fprintf(&b, "  # %s\n  %s\n", e.Why, e.Line)
		}
	}
	b.WriteString("\n")
	exits(&b, exitsOf(c))
	return b.String()
}

// exitsOf lists the codes of a command beyond the common ones, never nil.
func exitsOf(c *Command) []int {
	list := append([]int{}, c.Exits...)
	if c.Admin {
		list = append(list, ExitUnreachable)
	}
	return list
}

// flagLine is one flag as the help shows it.
type flagLine struct{ form, text string }

// flagLines lists a command's flags in alphabetical order.
func flagLines(c *Command) []flagLine {
	fs := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	c.Flags(fs)
	common(fs, c, &Env{})
	var lines []flagLine
	fs.VisitAll(func(f *flag.Flag) {
		placeholder, text := flag.UnquoteUsage(f)
		form := "--" + f.Name
		if placeholder != "" && !isBool(f) {
			form += " " + placeholder
		}
		if d := f.DefValue; d != "" && d != "false" && d != "0" {
			text += " (default " + d + ")"
		}
		lines = append(lines, flagLine{form, text})
	})
	return lines
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}
