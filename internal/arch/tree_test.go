package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/holdfast-pay/holdfast"

// source is one parsed Go file.
type source struct {
	path      string // from the repository's root, with slashes
	text      []byte
	fset      *token.FileSet
	syntax    *ast.File
	generated bool
}

// dir is the folder, which is the package.
func (s *source) dir() string { return path.Dir(s.path) }

func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// at says where a node is, as editors understand it.
func (s *source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

// imports lists the import paths, with the position of each.
func (s *source) imports() map[string]*ast.ImportSpec {
	found := map[string]*ast.ImportSpec{}
	for _, spec := range s.syntax.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			found[p] = spec
		}
	}
	return found
}

func parseSource(name string, text []byte) (*source, error) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &source{name, text, fset, syntax, ast.IsGenerated(syntax)}, nil
}

// root is the repository's root: the tests run in internal/arch.
const root = "../.."

// skipped are folders that hold no source of ours; holdfast-data is where
// `holdfast dev` keeps its sandbox.
var skipped = []string{".git", "testdata", "node_modules", "bin", "holdfast-data"}

// walk visits all files of the repository. It reads them itself: a list from the
// go command would not be seen by its test cache, which then keeps a test green
// after a change that breaks it.
func walk(t testing.TB, visit func(name string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains(skipped, d.Name()) {
			return fs.SkipDir
		}
		if !d.IsDir() {
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			visit(filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var loadOnce sync.Mutex
var loaded []*source

// tree is every Go file of the repository.
func tree(t testing.TB) []*source {
	t.Helper()
	loadOnce.Lock()
	defer loadOnce.Unlock()
	if loaded != nil {
		return loaded
	}
	walk(t, func(name string) {
		if path.Ext(name) != ".go" {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseSource(name, text)
		if err != nil {
			t.Fatal(err)
		}
		loaded = append(loaded, s)
	})
	if len(loaded) < 50 {
		t.Fatalf("found only %d Go files: the walk no longer sees the repository", len(loaded))
	}
	return loaded
}

// rule looks at one file and says what is wrong, where, and what to do.
type rule func(s *source) []string

// everywhere applies a rule to each file for which where answers true.
func everywhere(t *testing.T, r rule, where func(s *source) bool) {
	t.Helper()
	seen := 0
	for _, s := range tree(t) {
		if !where(s) {
			continue
		}
		seen++
		for _, failure := range r(s) {
			t.Error(failure)
		}
	}
	if seen == 0 {
		t.Error("the rule applied to no file at all")
	}
}

func handwritten(s *source) bool { return !s.generated }

func production(s *source) bool { return !s.generated && !s.isTest() }

func parseInto(fset *token.FileSet, name string, text []byte) (*ast.File, error) {
	return parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
}

// builtOnlyWithTag says whether a file is left out of a plain build: of a pair
// of files for a tag, one must go, or everything is declared twice.
func builtOnlyWithTag(text []byte) bool {
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "package ") {
			return false
		}
		if expression, ok := strings.CutPrefix(strings.TrimSpace(line), "//go:build "); ok {
			return !strings.HasPrefix(expression, "!")
		}
	}
	return false
}
