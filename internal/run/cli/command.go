package cli

import (
	"context"
	"flag"
)

// RunFunc does a subcommand's work once its flags are parsed. args are the
// words that are not flags, in order, as many as Command.Args allows.
type RunFunc func(ctx context.Context, env *Env, args []string) error

// Command is one subcommand: one value in one file. Commands() lists them all
// in the order of the help and the manual.
type Command struct {
	// Name is what one types, e.g. "merchant add".
	Name string
	// Args shows the words that are not flags, e.g. "MCHID". A word in
	// brackets may be left out; one that ends in "..." may be repeated.
	Args string
	// Short is one line in lower case, without a full stop.
	Short string
	// Long is prose for a person who has not used the command before.
	Long string
	// Examples are shown by --help, each with what it is for.
	Examples []Example
	// Exits lists exit codes beyond 0, 1 and 2 that the command may end with.
	Exits []int
	// JSON says that the command has a --json form: one JSON object on
	// standard output.
	JSON bool
	// Admin says that the command talks to a running node, and so takes the
	// flags that find it.
	Admin bool
	// Bilingual says that all it prints is in both languages, so that --lang chooses.
	// Refusals of any command are sentences in the language of the environment.
	Bilingual bool
	// Flags declares the flags and returns what runs after they are parsed.
	Flags func(fs *flag.FlagSet) RunFunc
}

// Example is a command line with the reason to type it.
type Example struct {
	Line string
	Why  string
}
