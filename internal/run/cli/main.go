// Package cli is the holdfast command line. A subcommand is one file with one
// Command value; registry.go lists them; main.go finds the one that was meant
// and runs it; help.go and manual.go print the registry for people.
//
// Results go to standard output, in one JSON object with --json. Errors go to
// standard error as one lower-case line `error: ...`, mostly with a line
// `hint: ...` that says what to do next. Exit codes are listed in fail.go.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/run/logsink"
	"github.com/holdfast-pay/holdfast/internal/run/nearest"
)

// Main runs one command line (without the program's name) and returns the exit
// code. It never ends the process, so tests call it as a person would.
func Main(ctx context.Context, args []string, env *Env) int {
	e := *env
	e.Lang = languageOf(e.Getenv)
	defer func() {
		if s, ok := e.Err.(*logsink.Sink); ok {
			_ = s.Close() // it waits a second at most, and says nothing
		}
	}()
	if err := dispatch(ctx, args, &e); err != nil {
		return report(e.Err, err)
	}
	return ExitOK
}

// dispatch finds the subcommand with the most words that fits and runs it.
func dispatch(ctx context.Context, args []string, env *Env) error {
	args, err := leading(args, env)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		fmt.Fprint(env.Err, overview())
		return usage("holdfast dev    runs the whole platform on this machine", "no command given")
	}
	switch args[0] {
	case "help":
		if env.langNamed && env.Lang != "en" {
			return englishOnly("help")
		}
		return help(env, args[1:])
	case "-h", "-help", "--help":
		return help(env, nil)
	case "-version", "--version":
		args[0] = "version"
	}
	c, rest := find(args)
	if c == nil {
		return unknown(args, env)
	}
	if env.langNamed && env.Lang != "en" && !c.Bilingual {
		return englishOnly(c.Name)
	}
	return run(ctx, c, rest, env)
}

// leading takes the flags that may stand before the subcommand.
func leading(args []string, env *Env) ([]string, error) {
	for len(args) > 0 {
		name, value, hasValue := strings.Cut(strings.TrimLeft(args[0], "-"), "=")
		if !strings.HasPrefix(args[0], "-") || name != "lang" {
			return args, nil
		}
		args = args[1:]
		if !hasValue {
			if len(args) == 0 {
				return nil, usage("--lang en or --lang zh", "flag --lang needs a value")
			}
			value, args = args[0], args[1:]
		}
		if err := (*langFlag)(env).Set(value); err != nil {
			return nil, usage("--lang en or --lang zh", "flag --lang: %w", err)
		}
	}
	return args, nil
}

// englishOnly refuses a language in which a command would say only a part.
func englishOnly(name string) error {
	var both []string
	for _, c := range Commands() {
		if c.Bilingual {
			both = append(both, c.Name)
		}
	}
	return usage("these speak both languages: "+strings.Join(both, ", ")+"; with LANG=zh_CN.UTF-8 every command gives refusals in Chinese",
		"%q prints in English only: --lang zh is refused", name)
}

// find returns the command whose name is the longest prefix of args.
func find(args []string) (*Command, []string) {
	var best *Command
	words := 0
	for _, c := range Commands() {
		name := strings.Fields(c.Name)
		if len(name) > words && hasPrefix(args, name) {
			best, words = c, len(name)
		}
	}
	return best, args[words:]
}

func hasPrefix(args, name []string) bool {
	if len(args) < len(name) {
		return false
	}
	for i, w := range name {
		if args[i] != w {
			return false
		}
	}
	return true
}

// unknown explains a command line that names no command: the help of a group
// when a group was named, else the likeliest command.
func unknown(args []string, env *Env) error {
	if g := group(args[0]); len(g) > 0 {
		if len(args) > 1 && isHelp(args[1]) {
			fmt.Fprint(env.Out, groupHelp(args[0], g))
			return nil
		}
		if len(args) == 1 {
			fmt.Fprint(env.Err, groupHelp(args[0], g))
			return usage("", "choose what comes after %q: %s", args[0], choices(args[0], g))
		}
		typed := args[0] + " " + args[1]
		return usage(meant(typed, names(g), "holdfast help "+args[0]), "unknown command %q", typed)
	}
	var firsts []string
	for _, c := range Commands() {
		firsts = append(firsts, strings.Fields(c.Name)[0])
	}
	return usage(meant(args[0], append(firsts, "help"), "holdfast help"), "unknown command %q", args[0])
}

// choices lists the second words of a group as one reads them out.
func choices(word string, g []*Command) string {
	var words []string
	for _, c := range g {
		words = append(words, strings.TrimPrefix(c.Name, word+" "))
	}
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// meant is the hint for a mistyped word.
func meant(typed string, known []string, otherwise string) string {
	if w, ok := nearest.Word(typed, known); ok {
		return fmt.Sprintf("did you mean %q?", w)
	}
	return "see: " + otherwise
}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

// run parses the flags of c wherever they stand among the words and runs it.
func run(ctx context.Context, c *Command, args []string, env *Env) error {
	fs := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	do := c.Flags(fs)
	common(fs, c, env)
	words, err := parse(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(env.Out, commandHelp(c))
		return nil
	}
	if err != nil {
		return flagError(c, fs, err)
	}
	if err := countWords(c, words); err != nil {
		return err
	}
	return do(ctx, env, words)
}

// common adds the flags that many commands share.
func common(fs *flag.FlagSet, c *Command, env *Env) {
	if c.Bilingual {
		fs.Var((*langFlag)(env), "lang", "language, `en` or zh (from LC_ALL, LC_MESSAGES or LANG)")
	}
	if c.JSON {
		fs.BoolVar(&env.JSON, "json", env.JSON, "print one JSON object instead of text")
	}
	if c.Admin {
		env.Node.flags(fs)
	}
}

// parse lets flags and words alternate; after "--" everything is a word.
func parse(fs *flag.FlagSet, args []string) (words []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		rest := fs.Args()
		if len(rest) == 0 {
			return words, nil
		}
		if used := len(args) - len(rest); used > 0 && args[used-1] == "--" {
			return append(words, rest...), nil
		}
		words, args = append(words, rest[0]), rest[1:]
	}
}

// countWords compares the words given with those the command takes.
func countWords(c *Command, words []string) error {
	need, most := 0, 0
	for _, a := range strings.Fields(c.Args) {
		most++
		if !strings.HasPrefix(a, "[") {
			need++
		}
		if strings.Contains(a, "...") {
			most = 1 << 30
		}
	}
	hint := "see: holdfast help " + c.Name
	switch {
	case len(words) < need && c.Args != "":
		return usage(hint, "%q needs %s", c.Name, c.Args)
	case len(words) > most:
		return usage(hint, "%q takes no %q", c.Name, words[most])
	}
	return nil
}

// langFlag accepts the languages we speak, for what prints in both.
type langFlag Env

func (l *langFlag) String() string { return "" }

// Set implements flag.Value.
func (l *langFlag) Set(s string) error {
	if s != "en" && s != "zh" {
		return fmt.Errorf("language %q is not one of en, zh", s)
	}
	l.Lang, l.langNamed = s, true
	return nil
}
