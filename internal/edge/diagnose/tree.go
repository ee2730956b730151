package diagnose

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
)

// node is a JSON value that remembers the order of its names.
type node struct {
	// open is '{', '[', or 0 for a scalar.
	open  byte
	names []string
	items []*node
	// text is a scalar as it is written, but for strings.
	text     string
	isString bool
}

var errJSON = errors.New("not one JSON value")

// parseTree reads exactly one value, at most 32 deep.
func parseTree(data []byte) (*node, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	n, err := readNode(dec, 32)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errJSON
	}
	return n, nil
}

func readNode(dec *json.Decoder, depth int) (*node, error) {
	token, err := dec.Token()
	if err != nil || depth == 0 {
		return nil, errJSON
	}
	switch v := token.(type) {
	case json.Delim:
		return readItems(dec, byte(v), depth-1)
	case string:
		return &node{text: v, isString: true}, nil
	case json.Number:
		return &node{text: v.String()}, nil
	case bool:
		return &node{text: fmt.Sprint(v)}, nil
	}
	return &node{text: "null"}, nil
}

func readItems(dec *json.Decoder, open byte, depth int) (*node, error) {
	n := &node{open: open}
	for dec.More() {
		if open == '{' {
			name, err := dec.Token()
			text, ok := name.(string)
			if err != nil || !ok {
				return nil, errJSON
			}
			n.names = append(n.names, text)
		}
		item, err := readNode(dec, depth)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, item)
	}
	if _, err := dec.Token(); err != nil {
		return nil, errJSON
	}
	return n, nil
}

// sorted is the tree with its names in order, as libraries with maps write it.
func (n *node) sorted() *node {
	s := &node{open: n.open, names: slices.Clone(n.names), text: n.text, isString: n.isString}
	order := make([]int, len(n.items))
	for i := range order {
		order[i] = i
	}
	if n.open == '{' {
		slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(n.names[a], n.names[b]) })
	}
	for k, i := range order {
		if n.open == '{' {
			s.names[k] = n.names[i]
		}
		s.items = append(s.items, n.items[i].sorted())
	}
	return s
}

// layout is where a writer puts white space.
type layout struct{ comma, colon, indent string }

// writer writes a tree as one library does.
type writer struct {
	layout
	quote func(string) string
	out   strings.Builder
}

func (n *node) write(l layout, quote func(string) string) []byte {
	w := &writer{layout: l, quote: quote}
	w.node(n, 1)
	return []byte(w.out.String())
}

func (w *writer) node(n *node, depth int) {
	switch {
	case n.isString:
		w.out.WriteString(w.quote(n.text))
		return
	case n.open == 0:
		w.out.WriteString(n.text)
		return
	}
	w.out.WriteByte(n.open)
	for i, item := range n.items {
		if i > 0 {
			w.out.WriteString(w.comma)
		}
		w.line(depth)
		if n.open == '{' {
			w.out.WriteString(w.quote(n.names[i]) + w.colon)
		}
		w.node(item, depth+1)
	}
	if len(n.items) > 0 {
		w.line(depth - 1)
	}
	w.out.WriteByte(n.open + 2) // the closing bracket in ASCII
}

func (w *writer) line(depth int) {
	if w.indent != "" {
		w.out.WriteString("\n" + strings.Repeat(w.indent, depth))
	}
}

// The ways to write a string: as it is; with <, > and & escaped (Go); with all
// that is not ASCII escaped (Python); and with the slash too (PHP).
func quotePlain(s string) string { return quoteWith(s, nil) }

func quoteHTML(s string) string {
	return quoteWith(s, func(r rune) (string, bool) {
		return fmt.Sprintf(`\u%04x`, r), r == '<' || r == '>' || r == '&' || r == '\u2028' || r == '\u2029'
	})
}

func quoteASCII(s string) string {
	return quoteWith(s, func(r rune) (string, bool) { return escapeRune(r), r > 0x7e })
}

func quotePHP(s string) string {
	return quoteWith(s, func(r rune) (string, bool) {
		if r == '/' {
			return `\/`, true
		}
		return escapeRune(r), r > 0x7e
	})
}

func quoteSlash(s string) string {
	return quoteWith(s, func(r rune) (string, bool) { return `\/`, r == '/' })
}

func escapeRune(r rune) string {
	if high, low := utf16.EncodeRune(r); high != 0xfffd {
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// short are the escapes that every library writes alike.
var short = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

func quoteWith(s string, escape func(rune) (string, bool)) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if text, ok := short[r]; ok {
			b.WriteString(text)
			continue
		}
		if r < 0x20 {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		if escape != nil {
			if text, ok := escape(r); ok {
				b.WriteString(text)
				continue
			}
		}
		b.WriteRune(r)
	}
	return b.String() + `"`
}
