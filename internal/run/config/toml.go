package config

import (
	"bytes"
	"errors"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// parseTOML decodes strictly and returns the line of each key that is set.
func (t *Tree) parseTOML(path string, data []byte) (map[string]int, error) {
	dec := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	err := dec.Decode(t.Into)
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		var list Problems
		for _, e := range strict.Errors {
			line, _ := e.Position()
			list = append(list, t.unknownKey(path, line, strings.Join(e.Key(), ".")))
		}
		return nil, list.err()
	}
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		line, _ := bad.Position()
		text := strings.TrimPrefix(bad.Error(), "toml: ")
		return nil, Problems{{File: path, Line: line, Key: strings.Join(bad.Key(), "."), Text: text}}
	}
	if err != nil {
		return nil, Problems{{File: path, Text: strings.TrimPrefix(err.Error(), "toml: ")}}
	}
	lines, bare := linesTOML(data)
	return lines, t.unitless(path, lines, bare).err()
}

// unitless refuses times written as bare numbers: the decoder would take them
// for nanoseconds.
func (t *Tree) unitless(path string, lines map[string]int, bare map[string]bool) (list Problems) {
	for _, s := range t.Settings() {
		if _, isTime := s.value.(*Duration); isTime && bare[s.Key] {
			list = append(list, Problem{File: path, Line: lines[s.Key], Key: s.Key, Text: "a number without a unit is not a time like 10s, 5m or 48h"})
		}
	}
	return list
}

// linesTOML finds the line of every key of a document that has been decoded,
// and which values are bare numbers.
func linesTOML(data []byte) (lines map[string]int, bare map[string]bool) {
	lines, bare = map[string]int{}, map[string]bool{}
	var p unstable.Parser
	p.Reset(data)
	section := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			section, _ = keyTOML(&p, e.Key())
			section += "."
		case unstable.KeyValue:
			name, line := keyTOML(&p, e.Key())
			name = strings.TrimPrefix(section+name, ".")
			lines[name] = line
			bare[name] = numberTOML(e.Value())
			inlineTOML(&p, e.Value(), name, lines, bare)
		}
	}
	return lines, bare
}

func numberTOML(v *unstable.Node) bool { return v.Kind == unstable.Integer || v.Kind == unstable.Float }

// inlineTOML descends into { inline = tables }.
func inlineTOML(p *unstable.Parser, v *unstable.Node, name string, lines map[string]int, bare map[string]bool) {
	if v.Kind != unstable.InlineTable {
		return
	}
	for it := v.Children(); it.Next(); {
		child := it.Node()
		sub, line := keyTOML(p, child.Key())
		lines[name+"."+sub], bare[name+"."+sub] = line, numberTOML(child.Value())
		inlineTOML(p, child.Value(), name+"."+sub, lines, bare)
	}
}

// keyTOML is a dotted key and its line.
func keyTOML(p *unstable.Parser, key unstable.Iterator) (name string, line int) {
	var parts []string
	for key.Next() {
		n := key.Node()
		if line == 0 {
			line = p.Shape(n.Raw).Start.Line
		}
		parts = append(parts, string(n.Data))
	}
	return strings.Join(parts, "."), line
}
