package cli

import (
	"io"
	"os"
)

// readText reads a file no larger than a key or certificate can be; "-" is
// standard input and "" is nothing.
func readText(env *Env, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	return readBounded(env, name, 64<<10)
}

// readBounded reads a file of at most so many bytes; "-" is standard input.
func readBounded(env *Env, name string, most int64) (string, error) {
	r := env.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", usage("", "%w", err)
		}
		defer f.Close()
		r = f
	}
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return "", usage("", "read %s: %w", place(name), unwrapPath(err))
	}
	if len(text) == 0 {
		return "", usage("", "%s is empty", place(name))
	}
	if int64(len(text)) > most {
		return "", usage("", "%s has more than %d bytes: it is the wrong file", place(name), most)
	}
	return string(text), nil
}

// place is a file as messages name it.
func place(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}
