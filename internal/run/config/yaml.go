package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseYAML decodes strictly and returns the line of each key that is set.
func (t *Tree) parseYAML(path string, data []byte) (map[string]int, error) {
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil // an empty file sets nothing
	} else if err != nil {
		return nil, problemsYAML(path, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, Problems{{File: path, Text: "it holds more than one document"}}
	}
	lines := map[string]int{}
	list := t.walkYAML(path, &doc, "", lines)
	if len(list) > 0 {
		return nil, list.err()
	}
	strict := yaml.NewDecoder(bytes.NewReader(data))
	strict.KnownFields(true)
	if err := strict.Decode(t.Into); err != nil && !errors.Is(err, io.EOF) {
		return nil, problemsYAML(path, err)
	}
	return lines, nil
}

// walkYAML notes the line of every key and lists the unknown ones. Anchors,
// aliases and merge keys are refused: a setting stands where it is written.
func (t *Tree) walkYAML(path string, n *yaml.Node, name string, lines map[string]int) (list Problems) {
	switch n.Kind {
	case yaml.DocumentNode:
		return t.walkYAML(path, n.Content[0], name, lines)
	case yaml.AliasNode:
		return Problems{{File: path, Line: n.Line, Key: name, Text: "aliases are not supported"}}
	case yaml.MappingNode:
	default:
		return nil
	}
	known, sections := t.keys()
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		full := strings.TrimPrefix(name+"."+key.Value, ".")
		if !sections[full] && !contains(known, full) {
			list = append(list, t.unknownKey(path, key.Line, full))
			continue
		}
		if sections[full] && value.Kind == yaml.ScalarNode && value.Tag != "!!null" {
			list = append(list, Problem{File: path, Line: key.Line, Key: full, Text: "it is a section: its keys stand indented below it"})
			continue
		}
		lines[full] = key.Line
		list = append(list, t.walkYAML(path, value, full, lines)...)
	}
	return list
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

var lineYAML = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// problemsYAML takes the line out of the decoder's texts.
func problemsYAML(path string, err error) error {
	texts := []string{err.Error()}
	var typed *yaml.TypeError
	if errors.As(err, &typed) {
		texts = typed.Errors
	}
	var list Problems
	for _, text := range texts {
		p := Problem{File: path, Text: strings.TrimPrefix(text, "yaml: ")}
		if m := lineYAML.FindStringSubmatch(text); m != nil {
			p.Line, _ = strconv.Atoi(m[1])
			p.Text = text[len(m[0]):]
		}
		if p.Text == "" {
			p.Text = fmt.Sprint(err)
		}
		list = append(list, p)
	}
	return list.err()
}
