package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/run/nearest"
)

// maxFile bounds a configuration file in bytes.
const maxFile = 1 << 20

// Source says where a value came from.
type Source struct {
	// From is "default", "flag", or the file's name.
	From string
	// Line is the line in the file, 0 elsewhere.
	Line int
}

func (s Source) String() string {
	if s.Line > 0 {
		return fmt.Sprintf("%s:%d", s.From, s.Line)
	}
	if s.From == "" {
		return "default"
	}
	return s.From
}

// Load reads the file over the defaults and then the overrides ("key=value",
// as from --set) over both, and checks the result. An empty path means no file.
// What is wrong comes back as Problems.
func (t *Tree) Load(path string, overrides []string) error {
	if path != "" {
		data, err := readFile(path)
		if err != nil {
			return err
		}
		if err := t.Parse(path, data); err != nil {
			return err
		}
	}
	if err := t.override(overrides); err != nil {
		return err
	}
	return t.Check()
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, Problems{{Text: err.Error(), Hint: "name an existing file: --config FILE"}}
	}
	if info.Size() > maxFile {
		return nil, Problems{{File: path, Text: "it is larger than 1 MiB: it is no configuration"}}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, Problems{{Text: err.Error()}}
	}
	return data, nil
}

// Parse reads a configuration over the values there are, without checking them
// against each other. The file's extension chooses the format: .toml, .yaml
// or .yml. Relative paths in it are relative to the file's folder.
func (t *Tree) Parse(path string, data []byte) error {
	var lines map[string]int
	var err error
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".toml":
		lines, err = t.parseTOML(path, data)
	case ".yaml", ".yml":
		lines, err = t.parseYAML(path, data)
	default:
		return Problems{{File: path, Text: fmt.Sprintf("its extension %q names no format", ext), Hint: "call it .toml or .yaml"}}
	}
	if err != nil {
		return err
	}
	for _, s := range t.Settings() {
		if l, isList := s.value.(*List); isList && len(*l) == 0 {
			*l = nil // an empty array is as good as none
		}
		line, ok := lines[s.Key]
		if !ok {
			continue
		}
		t.Sources[s.Key] = Source{From: path, Line: line}
		if p, isPath := s.value.(*string); s.path && isPath && *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(filepath.Dir(path), *p)
		}
	}
	return nil
}

// override sets "key=value" pairs.
func (t *Tree) override(pairs []string) error {
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return Problems{{Text: fmt.Sprintf("%q is not key=value", pair), Hint: "--set merchant_api.address=127.0.0.1:8443"}}
		}
		if err := t.Set(key, value); err != nil {
			return err
		}
	}
	return nil
}

// Set gives one key a value, as a flag does.
func (t *Tree) Set(key, value string) error {
	for _, s := range t.Settings() {
		if s.Key != key {
			continue
		}
		if err := s.set(value); err != nil {
			return Problems{{Key: key, Text: err.Error()}}
		}
		t.Sources[key] = Source{From: "flag"}
		return nil
	}
	return Problems{t.unknownKey("", 0, key)}
}

// unknownKey is a problem with the key that was probably meant.
func (t *Tree) unknownKey(file string, line int, key string) Problem {
	p := Problem{File: file, Line: line, Text: fmt.Sprintf("unknown key %.80q", key), Hint: "docs/reference/configuration.md lists the keys"}
	known, sections := t.keys()
	known = append(known, slices.Sorted(maps.Keys(sections))...)
	if near, ok := nearest.Word(key, known); ok {
		p.Hint = fmt.Sprintf("did you mean %q?", near)
		return p
	}
	// The other common mistake is a key, perhaps mistyped too, outside its section.
	last := key[strings.LastIndex(key, ".")+1:]
	full := map[string]string{}
	var lasts []string
	for _, k := range known {
		name := k[strings.LastIndex(k, ".")+1:]
		if _, seen := full[name]; !seen {
			full[name], lasts = k, append(lasts, name)
		}
	}
	if near, ok := nearest.Word(last, lasts); ok {
		p.Hint = fmt.Sprintf("did you mean %q?", full[near])
	}
	return p
}
