package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// The exit codes, the same for every subcommand.
const (
	ExitOK           = 0
	ExitRefused      = 1
	ExitUsage        = 2
	ExitVerification = 3
	ExitUnreachable  = 4
	ExitDamaged      = 5
	ExitStopped      = 6
	ExitOutdated     = 7
	ExitHeld         = 8
)

// exitMeanings is printed by the help and the manual, in this order.
var exitMeanings = []struct {
	code    int
	meaning string
}{
	{ExitOK, "done"},
	{ExitRefused, "refused: nothing was changed, the error says why"},
	{ExitUsage, "the command line or the configuration is wrong"},
	{ExitVerification, "verification failed: something is not as it was written"},
	{ExitUnreachable, "the node did not answer, or not in time: the outcome is unknown, repeat the same command"},
	{ExitDamaged, "the data folder is damaged or not whole: refused to start, the error names the file"},
	{ExitStopped, "the node stopped on a broken invariant before anything was written"},
	{ExitOutdated, "this binary is too old for the data folder: start the one that the error names"},
	{ExitHeld, "the stop was held up and the process ended as if killed: nothing that was acknowledged is lost, the error names what did not end"},
}

// Failure is an error as a person reads it: one lower-case line that says what
// is wrong, a hint that says what to do, and the exit code for scripts.
type Failure struct {
	Exit int
	Msg  string
	Hint string
	// Cause stays matchable by errors.Is; it is not printed.
	Cause error
}

// Error is the line without its hint.
func (f *Failure) Error() string { return f.Msg }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// refused is a failure with exit code 1.
func refused(hint, format string, args ...any) error {
	return failure(ExitRefused, hint, format, args...)
}

// usage is a failure with exit code 2.
func usage(hint, format string, args ...any) error {
	return failure(ExitUsage, hint, format, args...)
}

// failure builds a Failure; an error among args formatted with %w is its cause.
func failure(exit int, hint, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Failure{Exit: exit, Msg: err.Error(), Hint: hint, Cause: errors.Unwrap(err)}
}

// report prints err to w in the CLI's one form and returns the exit code.
// Several lines become one, so that `error:` always begins what a script
// greps for.
func report(w io.Writer, err error) int {
	var f *Failure
	if !errors.As(err, &f) {
		f = &Failure{Exit: ExitRefused, Msg: err.Error()}
	} else if f.Error() != err.Error() {
		f = &Failure{Exit: f.Exit, Msg: err.Error(), Hint: f.Hint}
	}
	fmt.Fprintf(w, "error: %s\n", oneLine(f.Msg))
	if f.Hint != "" {
		fmt.Fprintf(w, "hint: %s\n", oneLine(f.Hint))
	}
	return f.Exit
}

// oneLine joins lines and lowers the first letter of a plain word, leaving
// names and acronyms alone.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "\n", "; ")), " ")
	s = strings.TrimSuffix(s, ".")
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && (s[1] >= 'a' && s[1] <= 'z' || s[1] == ' ') {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}
