package storytest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
)

// sources are the handlers' sources, read in-process: what the go command lists
// would not be seen by its test cache.
type sources struct {
	constants map[string]code.Code // OrderPaid -> 82
	comments  map[string]string    // "order.ApplyPay" -> its comment
	used      map[string]string    // code constant -> a place in rule or machine that uses it
	rules     map[string]string    // command name -> its handler, "order.ApplyPay"
	handlers  []handler
}

// handler is one command.
type handler struct {
	number catalogue.Number
	name   string // order_pay
	rule   string // order.ApplyPay, machine.applyTick
}

func readSources(t testing.TB) *sources {
	t.Helper()
	s := &sources{rules: map[string]string{}, constants: map[string]code.Code{}, comments: map[string]string{}, used: map[string]string{}}
	for _, f := range parseDir(t, "../../../base/code") {
		for name, value := range integers(f, "Code") {
			s.constants[name] = code.Code(value)
		}
	}
	rules, err := os.ReadDir("../../../rule")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules {
		for _, f := range parseDir(t, filepath.Join("../../../rule", rule.Name())) {
			s.read(f, rule.Name())
		}
	}
	for _, f := range parseDir(t, "..") {
		s.read(f, "machine")
	}
	for _, c := range machine.Rules().Commands() {
		s.handlers = append(s.handlers, handler{number: c.Number, name: c.Name, rule: s.rules[c.Name]})
	}
	if len(s.handlers) < 22 || len(s.handlers) != len(s.rules) || len(s.constants) < 50 {
		t.Fatalf("found %d handlers for %d commands and %d codes: the descriptors are no longer read right", len(s.rules), len(s.handlers), len(s.constants))
	}
	return s
}

func parseDir(t testing.TB, dir string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no sources in %s: %v", dir, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// integers finds the constants of a type.
func integers(f *ast.File, of string) map[string]int64 {
	found := map[string]int64{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		kind, ok := spec.Type.(*ast.Ident)
		literal, isLiteral := spec.Values[0].(*ast.BasicLit)
		if ok && isLiteral && kind.Name == of {
			found[spec.Names[0].Name], _ = strconv.ParseInt(literal.Value, 10, 64)
		}
		return true
	})
	return found
}

// read notes the comments of functions and the codes that are used.
func (s *sources) read(f *ast.File, pkg string) {
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			name := fn.Name.Name
			if fn.Recv != nil {
				name = "Book." + name // the only methods that are referred to
			}
			s.comments[pkg+"."+name] = fn.Doc.Text()
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			s.descriptor(call, pkg)
		}
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == "code" && sel.Sel.Name != "Code" {
			s.used[sel.Sel.Name] = pkg
		}
		return true
	})
}

// descriptor notes a command's handler where it is described:
// catalogue.Returning(catalogue.OrderPay, "order_pay", ApplyPay).
func (s *sources) descriptor(call *ast.CallExpr, pkg string) {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) != 3 {
		return
	}
	from, ok := f.X.(*ast.Ident)
	if !ok || from.Name != "catalogue" || f.Sel.Name != "Returning" && f.Sel.Name != "Plain" {
		return
	}
	name, _ := strconv.Unquote(call.Args[1].(*ast.BasicLit).Value)
	s.rules[name] = pkg + "." + call.Args[2].(*ast.Ident).Name
}

// words are what may stand for codes in a comment: a code's own name, or a
// function whose codes follow here.
var words = regexp.MustCompile(`(?:[a-z]+\.)?(?:Book\.)?[A-Z][A-Za-z]+`)

// listed are the codes a handler's comment says it refuses with, in order.
func (s *sources) listed(rule string) (codes []code.Code, err error) {
	doc, ok := s.comments[rule]
	at := strings.Index(doc, "Refuses")
	if !ok || at < 0 {
		return nil, fmt.Errorf("%s: its comment has no sentence that begins with Refuses and lists its codes in order", rule)
	}
	doc, _, _ = strings.Cut(doc[at:], "\n\n")
	pkg, _, _ := strings.Cut(rule, ".")
	for _, w := range words.FindAllString(doc[len("Refuses"):], -1) {
		if c, ok := s.constants[w]; ok {
			codes = append(codes, c)
			continue
		}
		other := w
		if strings.HasPrefix(w, "Book.") || strings.HasPrefix(w, "Apply") {
			other = pkg + "." + w
		}
		if _, ok := s.comments[other]; ok && other != rule {
			more, err := s.listed(other)
			if err != nil {
				return nil, err
			}
			codes = append(codes, more...)
		}
	}
	var once []code.Code
	for _, c := range codes {
		if !slices.Contains(once, c) {
			once = append(once, c)
		}
	}
	return once, nil
}
