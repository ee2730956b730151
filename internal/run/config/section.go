// Package config reads what a process is told: defaults, then the file (TOML or
// YAML by its extension, strictly decoded), then flags; checked with sentences
// that say what to do, and printed with where each value came from.
//
// It knows no setting. Whoever has settings declares a Section of them, with
// their defaults, their checks and their text for the reference; a Tree is
// several sections over the struct that files are decoded into.
package config

import "strings"

// Section is what one part of a process can be told.
type Section struct {
	// Name is the section's name in files; "" for keys that stand before any.
	Name string
	// Settings are its keys in the order of the reference.
	Settings []Setting
	// Default sets their values to what they are where nothing else is said.
	Default func()
	// Check tells what is wrong with the values; nil when any will do.
	Check func(*Checker)
}

// Tree is a whole configuration.
type Tree struct {
	// Into is the struct that files are decoded into, with tags for both formats.
	Into any
	// Sections point into it, in the order of the reference.
	Sections []Section
	// Sources say where values came from. It is the owner's, who keeps it.
	Sources Sources
}

// Sources are where values came from, by key; what isn't there is a default.
type Sources map[string]Source

// Default sets all values to their defaults.
func (t *Tree) Default() {
	for _, s := range t.Sections {
		s.Default()
	}
}

// Check tells everything that is wrong with the values, as Problems.
func (t *Tree) Check() error {
	k := &Checker{sources: t.Sources, listens: map[string]string{}}
	for _, s := range t.Sections {
		if k.section = s.Name; s.Check != nil {
			s.Check(k)
		}
	}
	return k.list.err()
}

// Settings lists every setting under its dotted key.
func (t *Tree) Settings() (list []Setting) {
	for _, sec := range t.Sections {
		for _, s := range sec.Settings {
			s.Key = join(sec.Name, s.Key)
			list = append(list, s)
		}
	}
	return list
}

// keys lists all keys and the sections that hold them.
func (t *Tree) keys() (keys []string, sections map[string]bool) {
	sections = map[string]bool{}
	for _, sec := range t.Sections {
		if sec.Name != "" {
			sections[sec.Name] = true
		}
		for _, s := range sec.Settings {
			keys = append(keys, join(sec.Name, s.Key))
		}
	}
	return keys, sections
}

// join is the dotted key of a section's key.
func join(section, key string) string { return strings.TrimPrefix(section+"."+key, ".") }
