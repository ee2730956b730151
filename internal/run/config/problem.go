package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with a configuration.
type Problem struct {
	// File and Line say where; Line is 0 when the value came from elsewhere.
	File string
	Line int
	// Key is the dotted key concerned; it may be empty.
	Key string
	// Text is what is wrong, Hint what to do.
	Text string
	Hint string
}

// String is where, which key, what.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// Problems is an error that lists all of them, in the order of the file.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "; ")
}

// Hint is the first hint that one of them has.
func (p Problems) Hint() string {
	for _, q := range p {
		if q.Hint != "" {
			return q.Hint
		}
	}
	return ""
}

// err is nil for no problem.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return p
}
