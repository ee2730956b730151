package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Print writes the configuration in force as TOML, each value with where it
// came from. Reading it back gives the same configuration.
func (t *Tree) Print() string {
	var b strings.Builder
	section := ""
	for _, s := range t.Settings() {
		name := s.Key
		if sec, key, ok := strings.Cut(s.Key, "."); ok {
			if sec != section {
				fmt.Fprintf(&b, "\n[%s]\n", sec)
			}
			section, name = sec, key
		}
		fmt.Fprintf(&b, "%s = %s  # %s\n", name, s.toml(), strings.ReplaceAll(t.Sources[s.Key].String(), "\n", " "))
	}
	return b.String()
}

// quoteTOML writes a basic string; what TOML doesn't know of Go's escapes is
// written as \u or \U.
func quoteTOML(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Values lists key and value of every setting, for --json.
func (t *Tree) Values() []Value {
	var list []Value
	for _, s := range t.Settings() {
		list = append(list, Value{Key: s.Key, Value: s.Text(), Source: t.Sources[s.Key].String()})
	}
	return list
}

// Value is one setting in force.
type Value struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

// Reference is docs/reference/configuration.md, whose values are those in force.
func (t *Tree) Reference() string {
	var b strings.Builder
	b.WriteString("# Configuration of a node\n\n")
	b.WriteString("Generated from `internal/run/config`; `go test ./internal/run/config -run Reference -rewrite` writes it anew.\n\n")
	b.WriteString("`holdfast serve --config FILE` reads TOML (`.toml`) or YAML (`.yaml`, `.yml`). Decoding is strict: an unknown key is an\n")
	b.WriteString("error that names the line and the key that was probably meant. `--set KEY=VALUE` overrides the file, and\n")
	b.WriteString("`holdfast serve --config FILE --print-config` prints what is in force and where each value came from.\n\n")
	b.WriteString("Sizes are written `64KiB`, `1MiB`, `2GiB`; times `500ms`, `10s`, `5m`, `48h`. Relative file names are relative to the\n")
	b.WriteString("folder of the configuration file. No value is a secret: keys live in the keystore, admin tokens in `DIR/admin.token`.\n\n")
	b.WriteString("| key | default | meaning |\n|---|---|---|\n")
	for _, s := range t.Settings() {
		value := s.Text()
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Key, value, s.Doc)
	}
	return b.String()
}
