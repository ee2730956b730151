package strictjson

import (
	"fmt"
	"unicode/utf8"
)

// Field is one member of an object that decodes into a T.
type Field[T any] struct {
	name     string
	required bool
	decode   func(d *decoder, to *T) *Issue
}

// Object is the schema of a JSON object that decodes into a T.
type Object[T any] struct{ fields []Field[T] }

// Of makes a schema. It panics on a schema that repeats a name or has more than
// 64 fields: a mistake of the program.
func Of[T any](fields ...Field[T]) *Object[T] {
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.name] || len(fields) > 64 {
			panic(fmt.Sprintf("schema has %d fields, %q perhaps twice", len(fields), f.name))
		}
		seen[f.name] = true
	}
	return &Object[T]{fields}
}

// Required makes a field mandatory.
func (f Field[T]) Required() Field[T] {
	f.required = true
	return f
}

// Text bounds a string, in characters. Check, when set, answers what is wrong
// with a string of allowed length, or nil; it is not asked about an empty string
// that Min allows, which means the same as leaving the field out.
type Text struct {
	Min, Max int
	Check    func(s string) *Why
}

// String is a member with a text value.
func String[T any](name string, at func(*T) *string, rule Text) Field[T] {
	short := &Why{fmt.Sprintf("长度应为 %d 到 %d 个字符", rule.Min, rule.Max),
		fmt.Sprintf("the length must be %d to %d characters", rule.Min, rule.Max)}
	return Field[T]{name: name, decode: func(d *decoder, to *T) *Issue {
		s, issue := d.text()
		if issue != nil {
			return issue
		}
		if n := utf8.RuneCountInString(s); n < rule.Min || n > rule.Max {
			return d.issue(Range, short, []byte(s))
		}
		if rule.Check != nil && s != "" {
			if why := rule.Check(s); why != nil {
				return d.issue(Malformed, why, []byte(s))
			}
		}
		*at(to) = s
		return nil
	}}
}

// Number bounds an integer.
type Number struct{ Min, Max int64 }

// Int is a member with an integer value.
func Int[T any](name string, at func(*T) *int64, rule Number) Field[T] {
	why := &Why{fmt.Sprintf("整数应在 %d 到 %d 之间", rule.Min, rule.Max),
		fmt.Sprintf("the integer must be between %d and %d", rule.Min, rule.Max)}
	if rule.Min == 1 {
		why = &Why{"应为正整数", "the integer must be positive"}
	}
	return Field[T]{name: name, decode: func(d *decoder, to *T) *Issue {
		start := d.pos
		n, issue := d.integer()
		if issue != nil {
			return issue
		}
		if n < rule.Min || n > rule.Max {
			return d.issue(Range, why, d.data[start:d.pos])
		}
		*at(to) = n
		return nil
	}}
}

// Bool is a member that is true or false.
func Bool[T any](name string, at func(*T) *bool) Field[T] {
	return Field[T]{name: name, decode: func(d *decoder, to *T) *Issue {
		b, issue := d.boolean()
		*at(to) = b
		return issue
	}}
}

// Nested is a member that is an object of its own.
func Nested[T, U any](name string, at func(*T) *U, schema *Object[U]) Field[T] {
	return Field[T]{name: name, decode: func(d *decoder, to *T) *Issue {
		return schema.decode(d, at(to))
	}}
}

// Keep wraps a field so that the value's bytes, as sent, are kept too.
func Keep[T any](f Field[T], at func(*T) *[]byte) Field[T] {
	inner := f.decode
	f.decode = func(d *decoder, to *T) *Issue {
		start := d.pos
		issue := inner(d, to)
		if issue == nil {
			*at(to) = append([]byte(nil), d.data[start:d.pos]...)
		}
		return issue
	}
	return f
}

// Strings is a member that is an array of at most max strings.
func Strings[T any](name string, at func(*T) *[]string, max int, rule Text) Field[T] {
	item := String("", func(s *string) *string { return s }, rule)
	return list(name, at, max, item.decode)
}

// Objects is a member that is an array of at most max objects.
func Objects[T, U any](name string, at func(*T) *[]U, max int, schema *Object[U]) Field[T] {
	return list(name, at, max, schema.decode)
}

func list[T, U any](name string, at func(*T) *[]U, max int, item func(*decoder, *U) *Issue) Field[T] {
	many := &Why{fmt.Sprintf("最多 %d 项", max), fmt.Sprintf("the array has at most %d items", max)}
	return Field[T]{name: name, decode: func(d *decoder, to *T) *Issue {
		var items []U
		issue := d.array(func(i int) *Issue {
			if i >= max {
				return d.issue(Range, many, nil)
			}
			var u U
			issue := item(d, &u)
			items = append(items, u)
			return issue
		})
		*at(to) = items
		return issue
	}}
}
