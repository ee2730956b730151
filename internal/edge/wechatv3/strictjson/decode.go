package strictjson

import (
	"strconv"
	"strings"
)

// Mode says what to do with keys the schema does not have.
type Mode bool

const (
	// Strict refuses them.
	Strict Mode = false
	// Lenient skips them; they must still be valid JSON.
	Lenient Mode = true
)

// Decode reads body into to and returns nil, or the first issue in the order of
// the document; missing fields are found when their object ends. An empty body
// reads as an empty object, because clients send none where nothing is needed.
// After an issue, to holds what had been read by then.
func (o *Object[T]) Decode(body []byte, to *T, mode Mode) *Issue {
	d := decoder{data: body, lenient: mode == Lenient}
	d.space()
	if d.pos == len(body) {
		d.data, d.pos = []byte("{}"), 0
	}
	if issue := o.decode(&d, to); issue != nil {
		return issue
	}
	d.space()
	if d.pos != len(d.data) {
		return d.issue(Malformed, whyTrailing, nil)
	}
	return nil
}

func (o *Object[T]) decode(d *decoder, to *T) *Issue {
	var seen uint64
	issue := d.object(func(key []byte) *Issue {
		for i := range o.fields {
			f := &o.fields[i]
			if string(key) != f.name {
				continue
			}
			if seen&(1<<i) != 0 {
				return d.issue(Malformed, whyDuplicate, nil)
			}
			seen |= 1 << i
			if d.null() {
				return d.issue(Malformed, whyNull, nil)
			}
			return f.decode(d, to)
		}
		if !d.lenient {
			return d.issue(Unknown, whyUnknown, nil)
		}
		return d.skip(0)
	})
	if issue != nil {
		return issue
	}
	for i := range o.fields {
		if f := &o.fields[i]; f.required && seen&(1<<i) == 0 {
			d.path = append(d.path, step{name: []byte(f.name), index: -1})
			return d.issue(Missing, whyMissing, nil)
		}
	}
	return nil
}

// step is one part of the way to the value being read.
type step struct {
	name  []byte
	index int // -1 for a member
}

// decoder reads data from pos on. path is only read to report an issue.
type decoder struct {
	data    []byte
	pos     int
	lenient bool
	path    []step
	steps   [8]step
}

func (d *decoder) issue(kind Kind, why *Why, value []byte) *Issue {
	return &Issue{Kind: kind, Pointer: d.pointer(), Value: cut(value), Why: *why}
}

func (d *decoder) pointer() string {
	var b strings.Builder
	for _, s := range d.path {
		b.WriteByte('/')
		if s.index >= 0 {
			b.WriteString(strconv.Itoa(s.index))
			continue
		}
		b.WriteString(escapePointer.Replace(cut(s.name)))
	}
	return b.String()
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// object reads an object and hands each key over, the decoder being before
// the key's value.
func (d *decoder) object(member func(key []byte) *Issue) *Issue {
	if !d.eat('{') {
		return d.wrongType(whyObject)
	}
	if d.space(); d.eat('}') {
		return nil
	}
	if d.path == nil {
		d.path = d.steps[:0]
	}
	for {
		d.space()
		key, issue := d.stringBytes()
		if issue != nil {
			return issue
		}
		d.space()
		if !d.eat(':') {
			return d.syntax()
		}
		d.space()
		d.path = append(d.path, step{name: key, index: -1})
		if issue := member(key); issue != nil {
			return issue
		}
		d.path = d.path[:len(d.path)-1]
		d.space()
		if d.eat('}') {
			return nil
		}
		if !d.eat(',') {
			return d.syntax()
		}
	}
}

// array reads an array and calls item with the decoder being before each value.
func (d *decoder) array(item func(i int) *Issue) *Issue {
	if !d.eat('[') {
		return d.wrongType(whyArray)
	}
	if d.space(); d.eat(']') {
		return nil
	}
	for i := 0; ; i++ {
		d.space()
		d.path = append(d.path, step{index: i})
		if d.null() {
			return d.issue(Malformed, whyNull, nil)
		}
		if issue := item(i); issue != nil {
			return issue
		}
		d.path = d.path[:len(d.path)-1]
		d.space()
		if d.eat(']') {
			return nil
		}
		if !d.eat(',') {
			return d.syntax()
		}
	}
}
