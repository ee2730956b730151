package cli

import (
	"errors"
	"flag"
	"fmt"
	"strings"
)

// flagError says in our words what the flag package found wrong, with the
// flag that was probably meant.
func flagError(c *Command, fs *flag.FlagSet, err error) error {
	text := err.Error()
	see := "see: holdfast help " + c.Name
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		var known []string
		fs.VisitAll(func(f *flag.Flag) { known = append(known, "--"+f.Name) })
		name = "--" + strings.TrimLeft(name, "-")
		if name == "--lang" {
			return englishOnly(c.Name)
		}
		return usage(meant(name, known, "holdfast help "+c.Name), "unknown flag %s for %q", name, c.Name)
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return usage(see, "flag --%s needs a value", strings.TrimLeft(name, "-"))
	}
	if rest, ok := strings.CutPrefix(text, "invalid value "); ok {
		value, rest, _ := strings.Cut(rest, " for flag -")
		name, why, _ := strings.Cut(rest, ": ")
		return usage(see, "flag --%s: %s is not valid: %s", strings.TrimLeft(name, "-"), value, why)
	}
	if rest, ok := strings.CutPrefix(text, "invalid boolean value "); ok {
		value, rest, _ := strings.Cut(rest, " for -")
		name, _, _ := strings.Cut(rest, ": ")
		return usage(see, "flag --%s: %s is neither true nor false", strings.TrimLeft(name, "-"), value)
	}
	return &Failure{Exit: ExitUsage, Msg: text, Hint: see, Cause: err}
}

// listFlag collects a flag that may be given several times.
type listFlag []string

func (l *listFlag) String() string {
	if l == nil {
		return ""
	}
	return strings.Join(*l, ",")
}

// Set implements flag.Value.
func (l *listFlag) Set(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	*l = append(*l, s)
	return nil
}

// fileFlag names a file; an empty name, mostly a shell variable that is not set, is
// refused rather than taken for a flag that was not given.
type fileFlag string

func (f *fileFlag) String() string { return string(*f) }

// Set implements flag.Value.
func (f *fileFlag) Set(s string) error {
	if s == "" {
		return errors.New("it is empty; name a file")
	}
	*f = fileFlag(s)
	return nil
}

// fileVar declares a flag that names a file.
func fileVar(fs *flag.FlagSet, p *string, name, text string) { fs.Var((*fileFlag)(p), name, text) }

// choice accepts one of a fixed list of words.
type choice struct {
	value string
	of    []string
}

func (c *choice) String() string { return c.value }

// Set implements flag.Value.
func (c *choice) Set(s string) error {
	for _, o := range c.of {
		if s == o {
			c.value = s
			return nil
		}
	}
	return fmt.Errorf("it is not one of %s", strings.Join(c.of, ", "))
}

// logLevelFlag declares --log-level.
func logLevelFlag(fs *flag.FlagSet, text string) *choice {
	level := &choice{value: "info", of: []string{"debug", "info", "warn", "error"}}
	fs.Var(level, "log-level", text)
	return level
}

// optionalBool is a boolean flag that knows whether it was given.
type optionalBool struct{ value, set bool }

func (b *optionalBool) String() string {
	if b == nil || !b.set {
		return ""
	}
	return fmt.Sprint(b.value)
}

// IsBoolFlag lets --flag stand for --flag=true.
func (b *optionalBool) IsBoolFlag() bool { return true }

// Set implements flag.Value.
func (b *optionalBool) Set(s string) error {
	switch s {
	case "true", "yes", "on", "1":
		b.value, b.set = true, true
	case "false", "no", "off", "0":
		b.value, b.set = false, true
	default:
		return fmt.Errorf("it is neither true nor false")
	}
	return nil
}
