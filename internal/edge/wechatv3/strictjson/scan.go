package strictjson

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// maxDepth bounds the nesting of values that are skipped.
const maxDepth = 32

func (d *decoder) space() {
	for d.pos < len(d.data) {
		switch d.data[d.pos] {
		case ' ', '\t', '\r', '\n':
			d.pos++
		default:
			return
		}
	}
}

func (d *decoder) eat(c byte) bool {
	if d.pos < len(d.data) && d.data[d.pos] == c {
		d.pos++
		return true
	}
	return false
}

func (d *decoder) word(w string) bool {
	if bytes.HasPrefix(d.data[d.pos:], []byte(w)) {
		d.pos += len(w)
		return true
	}
	return false
}

func (d *decoder) null() bool { return d.word("null") }

// syntax reports broken JSON, with the place: the path alone says too little.
func (d *decoder) syntax() *Issue {
	at := strconv.Itoa(d.pos)
	issue := d.issue(Malformed, whySyntax, nil)
	issue.ZH += "，位置 " + at
	issue.EN += ", at byte " + at
	return issue
}

// wrongType reports a value of another type, or broken JSON if it is not even that.
func (d *decoder) wrongType(why *Why) *Issue {
	start := d.pos
	if issue := d.skip(0); issue != nil {
		return issue
	}
	return d.issue(Malformed, why, d.data[start:d.pos])
}

// text reads a string value.
func (d *decoder) text() (string, *Issue) {
	if d.pos >= len(d.data) || d.data[d.pos] != '"' {
		return "", d.wrongType(whyString)
	}
	s, issue := d.stringBytes()
	return string(s), issue
}

func (d *decoder) boolean() (bool, *Issue) {
	if d.word("true") {
		return true, nil
	}
	if d.word("false") {
		return false, nil
	}
	return false, d.wrongType(whyBool)
}

// integer reads an integer in the one form every client writes.
func (d *decoder) integer() (int64, *Issue) {
	start := d.pos
	if issue := d.number(); issue != nil {
		d.pos = start
		return 0, d.wrongType(whyInteger)
	}
	token := d.data[start:d.pos]
	if bytes.ContainsAny(token, ".eE") {
		return 0, d.issue(Malformed, whyInteger, token)
	}
	n, err := strconv.ParseInt(string(token), 10, 64)
	if err != nil {
		return 0, d.issue(Range, whyOverflow, token)
	}
	return n, nil
}

// number moves over a number as RFC 8259 writes it.
func (d *decoder) number() *Issue {
	d.eat('-')
	zero := d.eat('0')
	if more := d.digits(); zero && more > 0 || !zero && more == 0 {
		return d.syntax()
	}
	if d.eat('.') && d.digits() == 0 {
		return d.syntax()
	}
	if d.eat('e') || d.eat('E') {
		if !d.eat('+') {
			d.eat('-')
		}
		if d.digits() == 0 {
			return d.syntax()
		}
	}
	return nil
}

func (d *decoder) digits() (n int) {
	for d.pos < len(d.data) && d.data[d.pos] >= '0' && d.data[d.pos] <= '9' {
		d.pos++
		n++
	}
	return n
}

// skip moves over any value.
func (d *decoder) skip(depth int) *Issue {
	if depth > maxDepth {
		return d.issue(Malformed, whyDepth, nil)
	}
	if d.pos >= len(d.data) {
		return d.syntax()
	}
	switch c := d.data[d.pos]; {
	case c == '{':
		return d.object(func([]byte) *Issue { return d.skip(depth + 1) })
	case c == '[':
		return d.skipArray(depth)
	case c == '"':
		_, issue := d.stringBytes()
		return issue
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	case d.word("true"), d.word("false"), d.null():
		return nil
	}
	return d.syntax()
}

// skipArray is array without its refusal of null items.
func (d *decoder) skipArray(depth int) *Issue {
	d.pos++
	if d.space(); d.eat(']') {
		return nil
	}
	for {
		d.space()
		if issue := d.skip(depth + 1); issue != nil {
			return issue
		}
		d.space()
		if d.eat(']') {
			return nil
		}
		if !d.eat(',') {
			return d.syntax()
		}
	}
}

// stringBytes reads a string and returns its content: a slice of the body where
// nothing was escaped.
func (d *decoder) stringBytes() ([]byte, *Issue) {
	if !d.eat('"') {
		return nil, d.syntax()
	}
	start := d.pos
	for d.pos < len(d.data) {
		switch c := d.data[d.pos]; {
		case c == '"':
			d.pos++
			return d.data[start : d.pos-1], nil
		case c == '\\':
			return d.unescape(start)
		case c < 0x20:
			return nil, d.syntax()
		case c < utf8.RuneSelf:
			d.pos++
		default:
			if issue := d.rune(); issue != nil {
				return nil, issue
			}
		}
	}
	return nil, d.syntax()
}

// rune moves over one character that is not ASCII.
func (d *decoder) rune() *Issue {
	r, size := utf8.DecodeRune(d.data[d.pos:])
	if r == utf8.RuneError && size == 1 {
		return d.issue(Malformed, whyUTF8, nil)
	}
	if size == 4 {
		return d.issue(Malformed, whyPlane, d.data[d.pos:d.pos+4])
	}
	d.pos += size
	return nil
}

// unescape goes on with a string from its first backslash.
func (d *decoder) unescape(start int) ([]byte, *Issue) {
	buf := append(make([]byte, 0, 2*(d.pos-start)+64), d.data[start:d.pos]...)
	for d.pos < len(d.data) {
		from := d.pos
		switch c := d.data[d.pos]; {
		case c == '"':
			d.pos++
			return buf, nil
		case c == '\\':
			r, issue := d.escape()
			if issue != nil {
				return nil, issue
			}
			buf = utf8.AppendRune(buf, r)
		case c < 0x20:
			return nil, d.syntax()
		case c < utf8.RuneSelf:
			d.pos++
			buf = append(buf, c)
		default:
			if issue := d.rune(); issue != nil {
				return nil, issue
			}
			buf = append(buf, d.data[from:d.pos]...)
		}
	}
	return nil, d.syntax()
}

const escapeFrom, escapeTo = `"\/bfnrt`, "\"\\/\b\f\n\r\t"

// escape reads one escaped character.
func (d *decoder) escape() (rune, *Issue) {
	d.pos++
	if d.pos >= len(d.data) {
		return 0, d.syntax()
	}
	if d.data[d.pos] != 'u' {
		i := bytes.IndexByte([]byte(escapeFrom), d.data[d.pos])
		if i < 0 {
			return 0, d.syntax()
		}
		d.pos++
		return rune(escapeTo[i]), nil
	}
	if d.pos+5 > len(d.data) {
		return 0, d.syntax()
	}
	n, err := strconv.ParseUint(string(d.data[d.pos+1:d.pos+5]), 16, 16)
	if err != nil {
		return 0, d.syntax()
	}
	d.pos += 5
	switch {
	case n == 0:
		return 0, d.issue(Malformed, whyNUL, nil)
	case n >= 0xD800 && n < 0xDC00 && d.lowSurrogate():
		return 0, d.issue(Malformed, whyPlane, nil)
	case n >= 0xD800 && n < 0xE000:
		return 0, d.issue(Malformed, whyUTF8, nil)
	}
	return rune(n), nil
}

// lowSurrogate says whether the second half of a pair follows.
func (d *decoder) lowSurrogate() bool {
	if len(d.data)-d.pos < 6 || d.data[d.pos] != '\\' || d.data[d.pos+1] != 'u' {
		return false
	}
	n, err := strconv.ParseUint(string(d.data[d.pos+2:d.pos+6]), 16, 16)
	return err == nil && n >= 0xDC00 && n < 0xE000
}
