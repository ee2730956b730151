package cli

import (
	"io"
	"os"

	"github.com/holdfast-pay/holdfast/internal/base/code"
)

// Env is all a subcommand sees of the world outside its arguments.
//
// Only the result goes to Out; everything said on the way goes to Err, so that
// a script may read Out whole.
type Env struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	// Getenv reads the environment.
	Getenv func(string) string
	// JSON is set by --json: Out gets one JSON object and nothing else.
	JSON bool
	// Lang is "en" or "zh", from --lang or else from LC_ALL, LC_MESSAGES, LANG.
	Lang      string
	langNamed bool // by --lang
	// Node is where the administration of a running node is found.
	Node Dial
}

// OS is the environment of a real process.
func OS() *Env {
	return &Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}
}

// languageOf reads the language off the environment the way locale(7) does.
func languageOf(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			return language(v)
		}
	}
	return "en"
}

// language reduces a locale to a language we speak; English for all others.
func language(locale string) string {
	if len(locale) >= 2 && locale[:2] == "zh" {
		return "zh"
	}
	return "en"
}

// Sentence is what a code means, in the person's language.
func (e *Env) Sentence(c code.Code) string {
	i, ok := code.Lookup(c)
	if !ok {
		return c.String()
	}
	if e.Lang == "zh" {
		return i.ZH
	}
	return i.EN
}
