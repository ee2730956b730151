package storytest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/stamp"
)

// line is one line of a story.
type line struct {
	number  int
	text    string
	given   bool
	verb    string
	args    []string
	options map[string]string
	want    []string // behind the arrow: a code and key=value pairs
}

// parse reads a story's lines; blank ones and comments are left out.
func parse(text string) (lines []*line, err error) {
	number := 0
	for raw := range strings.Lines(text) {
		number++
		tokens, err := split(raw)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if len(tokens) == 0 {
			continue
		}
		l := &line{number: number, text: strings.TrimSpace(raw), options: map[string]string{}}
		if tokens[0] == "given" {
			l.given, tokens = true, tokens[1:]
		}
		l.fill(tokens)
		if l.verb == "" {
			return nil, fmt.Errorf("line %d: no verb", number)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func (l *line) fill(tokens []string) {
	for i, token := range tokens {
		switch key, value, ok := strings.Cut(token, "="); {
		case token == "->":
			l.want = tokens[i+1:]
			return
		case i == 0:
			l.verb = token
		case ok:
			l.options[key] = value
		default:
			l.args = append(l.args, token)
		}
	}
}

// split cuts a line into tokens; a value may be quoted.
func split(raw string) (tokens []string, err error) {
	for {
		raw = strings.TrimLeft(raw, " \t\r\n")
		if raw == "" || raw[0] == '#' {
			return tokens, nil
		}
		token := raw
		if i := strings.IndexAny(raw, " \t\r\n"); i >= 0 {
			token = raw[:i]
		}
		quote := strings.IndexByte(token, '"')
		if quote < 0 {
			tokens, raw = append(tokens, token), raw[len(token):]
			continue
		}
		quoted, err := strconv.QuotedPrefix(raw[quote:])
		if err != nil {
			return nil, fmt.Errorf("a quote does not end: %s", raw)
		}
		value, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", quoted, err)
		}
		tokens, raw = append(tokens, raw[:quote]+value), raw[quote+len(quoted):]
	}
}

// arg is the i-th argument, "" when there are fewer.
func (l *line) arg(i int) string {
	if i < len(l.args) {
		return l.args[i]
	}
	return ""
}

// has says whether a bare word stands among the arguments.
func (l *line) has(word string) bool {
	for _, a := range l.args {
		if a == word {
			return true
		}
	}
	return false
}

// option is the value of key=value, or what is assumed without it.
func (l *line) option(key, otherwise string) string {
	if v, ok := l.options[key]; ok {
		return v
	}
	return otherwise
}

var units = []struct {
	name string
	ms   int64
}{{"ms", 1}, {"d", stamp.DayMs}, {"h", stamp.Hour}, {"m", stamp.Minute}, {"s", stamp.Second}}

// duration reads 7d, 2h30m or 7d-1ms as milliseconds.
func duration(s string) (int64, error) {
	plus, minus, less := strings.Cut(s, "-")
	sum, err := positive(plus)
	if err != nil || !less {
		return sum, err
	}
	back, err := positive(minus)
	return sum - back, err
}

func positive(s string) (sum int64, err error) {
	for rest := s; rest != ""; {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("time %q is not like 2h or 30m", s)
		}
		rest = rest[digits:]
		known := false
		for _, u := range units {
			if after, ok := strings.CutPrefix(rest, u.name); ok && !known {
				sum, rest, known = sum+n*u.ms, after, true
			}
		}
		if !known && (rest != "" || n != 0) {
			return 0, fmt.Errorf("time %q has no unit (ms, s, m, h, d)", s)
		}
	}
	return sum, nil
}
