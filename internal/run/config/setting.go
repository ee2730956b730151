package config

import (
	"encoding"
	"fmt"
	"strconv"
)

// Setting is one key of the configuration.
type Setting struct {
	// Key is its name: the dotted one, like "merchant_api.address", in a Tree's list.
	Key string
	// Doc says what it does, in which bounds, in one sentence or two.
	Doc string
	// value points to the value.
	value any
	// path: relative names in a file are relative to the file's folder.
	path bool
}

// Key declares a setting: its name in its section, its text in the reference, and
// where its value is.
func Key(name, doc string, value any) Setting { return Setting{Key: name, Doc: doc, value: value} }

// File declares a setting that names a file or folder; a relative name in a file is
// relative to that file's folder.
func File(name, doc string, value *string) Setting {
	return Setting{Key: name, Doc: doc, value: value, path: true}
}

// Text is the setting's present value as the file writes it.
func (s Setting) Text() string {
	switch v := s.value.(type) {
	case *string:
		return *v
	case *bool:
		return strconv.FormatBool(*v)
	case *int:
		return strconv.Itoa(*v)
	case fmt.Stringer:
		return v.String()
	}
	panic(fmt.Sprintf("setting %s has a value of type %T", s.Key, s.value))
}

// quoted says whether the value stands in quotes in TOML.
func (s Setting) quoted() bool {
	switch s.value.(type) {
	case *bool, *int:
		return false
	}
	return true
}

// toml is the value as TOML writes it.
func (s Setting) toml() string {
	if l, ok := s.value.(*List); ok {
		return l.toml()
	}
	if s.quoted() {
		return quoteTOML(s.Text())
	}
	return s.Text()
}

// set reads text into the value.
func (s Setting) set(text string) error {
	switch v := s.value.(type) {
	case *string:
		*v = text
		return nil
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%.40q is neither true nor false", text)
		}
		*v = b
		return nil
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%.40q is not a whole number", text)
		}
		*v = n
		return nil
	case *List:
		v.read(text)
		return nil
	case encoding.TextUnmarshaler:
		return v.UnmarshalText([]byte(text))
	}
	panic(fmt.Sprintf("setting %s has a value of type %T", s.Key, s.value))
}
