package arch

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// A function longer than this says two things; a test may lay out a longer
// table.
const (
	maxLines     = 70
	maxTestLines = 120
)

// long lists functions that are longer than that, with the reason. A number can
// only be lowered: the function may not grow.
var long = map[string]struct {
	lines int
	why   string
}{}

// longFunctions measures from func to the closing brace.
func longFunctions(s *source) (failures []string) {
	limit := maxLines
	if s.isTest() {
		limit = maxTestLines
	}
	for _, d := range s.syntax.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		allowed := limit
		if exception, ok := long[s.dir()+" "+funcName(f)]; ok {
			allowed = exception.lines
		}
		lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
		if lines > allowed {
			failures = append(failures, fmt.Sprintf("%s: %s has %d lines, at most %d: give a part of it a name", s.at(f), funcName(f), lines, allowed))
		}
	}
	return failures
}

// funcName is "Name" or "Type.Name".
func funcName(f *ast.FuncDecl) string {
	if r := receiver(f); r != "" {
		return r + "." + f.Name.Name
	}
	return f.Name.Name
}

// receiver is the name of the type a method belongs to; "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return ""
	}
	x := f.Recv.List[0].Type
	for {
		switch t := x.(type) {
		case *ast.StarExpr:
			x = t.X
		case *ast.IndexExpr:
			x = t.X
		case *ast.IndexListExpr:
			x = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}

func TestFunctionsFitOnAScreen(t *testing.T) {
	t.Parallel()
	everywhere(t, longFunctions, handwritten)
}

// An exception for a function that is gone, or short by now, is taken back.
func TestExceptionsAreStillNeeded(t *testing.T) {
	t.Parallel()
	lengths := map[string]int{}
	for _, s := range tree(t) {
		for _, d := range s.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				lengths[s.dir()+" "+funcName(f)] = s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			}
		}
	}
	for name, e := range long {
		if lengths[name] < e.lines {
			t.Errorf("%s has %d lines, its exception says %d: lower or remove it in internal/arch/shape_test.go", name, lengths[name], e.lines)
		}
	}
}

// wellKnown are methods whose meaning their interface gives.
var wellKnown = []string{"Error", "Unwrap", "String", "GoString", "LogValue", "MarshalText", "Len", "Less", "Swap", "Read", "Write", "ServeHTTP", "Describe", "Collect"}

// undocumented finds exported identifiers without a comment. A comment on a
// group of constants, variables or types serves its members.
func undocumented(s *source) (failures []string) {
	say := func(n ast.Node, kind, name string) {
		failures = append(failures, fmt.Sprintf("%s: %s %s has no comment: say what it is or does, its units, its errors, and where the rule comes from", s.at(n), kind, name))
	}
	for _, d := range s.syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if !d.Name.IsExported() || d.Doc != nil {
				continue
			}
			r := receiver(d)
			if r != "" && (!ast.IsExported(r) || slices.Contains(wellKnown, d.Name.Name)) {
				continue
			}
			say(d, "func", funcName(d))
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				for _, name := range undocumentedIn(d, spec) {
					say(name, d.Tok.String(), name.Name)
				}
			}
		}
	}
	return failures
}

func undocumentedIn(d *ast.GenDecl, spec ast.Spec) (names []*ast.Ident) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
			names = append(names, spec.Name)
		}
	case *ast.ValueSpec:
		if d.Doc != nil || spec.Doc != nil || spec.Comment != nil {
			return nil
		}
		for _, name := range spec.Names {
			if name.IsExported() {
				names = append(names, name)
			}
		}
	}
	return names
}

func TestExportedIdentifiersAreDocumented(t *testing.T) {
	t.Parallel()
	everywhere(t, undocumented, production)
}

func TestPackagesHaveComments(t *testing.T) {
	t.Parallel()
	comments := map[string]int{}
	for _, s := range tree(t) {
		if s.isTest() {
			continue
		}
		n := comments[s.dir()]
		if s.syntax.Doc != nil && !s.generated {
			if failure := packageComment(s); failure != "" {
				t.Error(failure)
			}
			n++
		}
		comments[s.dir()] = n
	}
	for dir, n := range comments {
		if generatedOnly(t, dir) {
			continue
		}
		if n == 0 {
			t.Errorf("%s: no package comment: say in one file what the package is for", dir)
		}
		if n > 1 {
			t.Errorf("%s: %d files have a package comment: keep it in one", dir, n)
		}
	}
}

func packageComment(s *source) string {
	name, text := s.syntax.Name.Name, s.syntax.Doc.Text()
	if name == "main" && strings.HasPrefix(text, "Command ") || strings.HasPrefix(text, "Package "+name+" ") {
		return ""
	}
	return fmt.Sprintf("%s: the package comment begins with %q", s.path, "Package "+name+" ")
}

func generatedOnly(t *testing.T, dir string) bool {
	t.Helper()
	for _, s := range tree(t) {
		if s.dir() == dir && !s.generated && !s.isTest() {
			return false
		}
	}
	return true
}
