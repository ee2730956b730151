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

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
)

// sources are the handlers' sources, read in-process: what the go command lists
// would not be seen by its test cache.
type sources struct {
	constants map[string]code.Code // OrderPaid -> 82
	comments  map[string]string    // "order.ApplyPay" -> its comment
	used      map[string]string    // code constant -> a place in rule or machine that uses it
	handlers  []handler
}

// handler is one row of the catalogue.
type handler struct {
	number machine.Number
	name   string // order_pay
	rule   string // order.ApplyPay, machine.applyTick
}

func readSources(t testing.TB) *sources {
	t.Helper()
	s := &sources{constants: map[string]code.Code{}, comments: map[string]string{}, used: map[string]string{}}
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
	numbers := map[string]int64{}
	for _, f := range parseDir(t, "..") {
		s.read(f, "machine")
		for name, value := range integers(f, "Number") {
			numbers[name] = value
		}
	}
	for _, f := range parseDir(t, "..") {
		s.catalogue(f, numbers)
	}
	if len(s.handlers) < 22 || len(s.handlers) != len(numbers) || len(s.constants) < 50 {
		t.Fatalf("found %d handlers for %d numbers and %d codes: the catalogue is no longer read right", len(s.handlers), len(numbers), len(s.constants))
	}
	slices.SortFunc(s.handlers, func(a, b handler) int { return int(a.number) - int(b.number) })
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

// catalogue reads rows like OrderPay: {name: "order_pay", apply: body(applyOrderPay)}.
func (s *sources) catalogue(f *ast.File, numbers map[string]int64) {
	ast.Inspect(f, func(n ast.Node) bool {
		row, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		key, ok := row.Key.(*ast.Ident)
		fields, isRow := row.Value.(*ast.CompositeLit)
		if !ok || !isRow || numbers[key.Name] == 0 {
			return true
		}
		h := handler{number: machine.Number(numbers[key.Name])}
		for _, field := range fields.Elts {
			kv := field.(*ast.KeyValueExpr)
			switch v := kv.Value.(type) {
			case *ast.BasicLit:
				if kv.Key.(*ast.Ident).Name == "name" {
					h.name, _ = strconv.Unquote(v.Value)
				}
			case *ast.CallExpr:
				switch arg := v.Args[0].(type) {
				case *ast.SelectorExpr:
					h.rule = arg.X.(*ast.Ident).Name + "." + arg.Sel.Name
				case *ast.Ident:
					h.rule = "machine." + arg.Name
				}
			}
		}
		s.handlers = append(s.handlers, h)
		return true
	})
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
