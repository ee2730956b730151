package arch

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// A setting is declared by whom it is for: the package that reads files knows none,
// and a part of a node is handed its own section instead of the whole configuration.
func ownSettings(s *source) (failures []string) {
	if s.dir() == "internal/run/config" {
		for _, tag := range []string{"`toml:", "`yaml:"} {
			if strings.Contains(string(s.text), tag) {
				failures = append(failures, s.path+": a setting is declared here: declare it in a section beside the part that it is for")
			}
		}
		return failures
	}
	if s.dir() != "internal/run/node" {
		return nil
	}
	// Who makes nodes has the whole of it; heal.go opens them anew.
	whole := map[string]bool{"node.go": true, "heal.go": true, "shared.go": true}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Name == "Config" && calledOn(n.X) == "opt" && !whole[s.path[strings.LastIndexByte(s.path, '/')+1:]] {
				failures = append(failures, s.at(n)+": a part reads the whole configuration: hand it its section in assemble.go")
			}
		case *ast.TypeSpec:
			failures = append(failures, holdsConfig(s, n)...)
		}
		return true
	})
	return failures
}

// holdsConfig says whether a type of a node's keeps the whole configuration.
func holdsConfig(s *source, t *ast.TypeSpec) (failures []string) {
	fields, ok := t.Type.(*ast.StructType)
	if !ok || t.Name.Name == "Options" {
		return nil
	}
	for _, f := range fields.Fields.List {
		of := f.Type
		if star, ok := of.(*ast.StarExpr); ok {
			of = star.X
		}
		if id, ok := of.(*ast.Ident); ok && id.Name == "Config" {
			failures = append(failures, s.at(f)+": "+t.Name.Name+" keeps the whole configuration: give it the section that is its own")
		}
	}
	return failures
}

func TestPartsHaveTheirOwnSettings(t *testing.T) {
	t.Parallel()
	everywhere(t, ownSettings, production)
	for file, bad := range map[string]string{
		"internal/run/config/x.go": "package config\ntype Disk struct { Cache int `toml:\"cache\"` }\n",
		"internal/run/node/x.go":   "package node\ntype tills struct { cfg *Config }\n",
		"internal/run/node/y.go":   "package node\nfunc (n *tills) f() { _ = n.opt.Config.Disk }\n",
	} {
		if len(ownSettings(madeUp(t, file, bad))) == 0 {
			t.Errorf("%s passes", bad)
		}
	}
}

// madeUp is a file of the tree as it might be.
func madeUp(t *testing.T, file, text string) *source {
	t.Helper()
	s := &source{path: file, text: []byte(text), fset: token.NewFileSet()}
	var err error
	if s.syntax, err = parseInto(s.fset, file, s.text); err != nil {
		t.Fatal(err)
	}
	return s
}
