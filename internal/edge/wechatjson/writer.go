package wechatjson

import (
	"strconv"
	"unicode/utf8"
)

// Writer appends JSON object members to a buffer in the order they are given.
// Keys are literals of the program and are written without escaping.
// The zero value starts an empty buffer; Buf may be set to reuse one.
type Writer struct {
	// Buf is what has been written so far.
	Buf []byte
}

// Open begins an object; key is empty for the outermost one.
func (w *Writer) Open(key string) {
	w.key(key)
	w.Buf = append(w.Buf, '{')
}

// Close ends the innermost object.
func (w *Writer) Close() { w.Buf = append(w.Buf, '}') }

// Str writes a string member.
func (w *Writer) Str(key, value string) {
	w.key(key)
	w.Buf = AppendString(w.Buf, value)
}

// Opt writes a string member unless the value is empty.
func (w *Writer) Opt(key, value string) {
	if value != "" {
		w.Str(key, value)
	}
}

// Int writes a number without exponent or decimals, as every SDK decodes it.
func (w *Writer) Int(key string, value int64) {
	w.key(key)
	w.Buf = strconv.AppendInt(w.Buf, value, 10)
}

// Raw writes a member whose value is JSON already.
func (w *Writer) Raw(key, value string) {
	w.key(key)
	w.Buf = append(w.Buf, value...)
}

func (w *Writer) key(key string) {
	if n := len(w.Buf); n > 0 && w.Buf[n-1] != '{' && w.Buf[n-1] != '[' {
		w.Buf = append(w.Buf, ',')
	}
	if key != "" {
		w.Buf = append(append(append(w.Buf, '"'), key...), '"', ':')
	}
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Only what JSON demands is escaped
// (quote, backslash, control characters); bytes that are no UTF-8 become
// U+FFFD, so that the result is always valid JSON.
func AppendString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				buf = append(append(buf, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += size
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		buf = appendEscaped(append(buf, s[from:i]...), c)
		i++
		from = i
	}
	return append(append(buf, s[from:]...), '"')
}

func appendEscaped(buf []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(buf, '\\', c)
	case '\n':
		return append(buf, '\\', 'n')
	case '\r':
		return append(buf, '\\', 'r')
	case '\t':
		return append(buf, '\\', 't')
	}
	return append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
