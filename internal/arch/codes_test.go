package arch

import (
	"go/ast"
	"slices"
	"testing"
)

// An outcome that nothing can refuse with would be documented, worded and tested
// for nobody; one that is reserved and produced all the same is not reserved.
func TestEveryOutcomeIsProducedOrReserved(t *testing.T) {
	t.Parallel()
	produced := map[string]bool{}
	for _, s := range tree(t) {
		if s.isTest() || under(s.dir(), "internal/base/code") || under(s.dir(), "internal/trial") {
			continue
		}
		for _, name := range producedIn(s.syntax) {
			produced[name] = true
		}
	}
	constants, reserved := outcomeConstants(t)
	for _, name := range constants {
		switch reserved := slices.Contains(reserved, name); {
		case !reserved && !produced[name]:
			t.Errorf("nothing refuses with code.%s: remove what words it, or add it to code.Reserved with the reason", name)
		case reserved && produced[name]:
			t.Errorf("code.%s is produced: take it out of code.Reserved", name)
		}
	}
}

// producedIn lists the outcomes that a file mentions otherwise than to compare with
// them or to word them in a table.
func producedIn(f *ast.File) (names []string) {
	consumed := map[ast.Expr]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			consumed[n.Key] = true
		case *ast.CaseClause:
			for _, x := range n.List {
				consumed[x] = true
			}
		case *ast.BinaryExpr:
			consumed[n.X], consumed[n.Y] = true, true
		case *ast.SelectorExpr:
			if isIdent(n.X, "code") && !consumed[n] {
				names = append(names, n.Sel.Name)
			}
		}
		return true
	})
	return names
}

func isIdent(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name
}

// outcomeConstants are the names of the constants in base/code, and of those that
// code.Reserved lists.
func outcomeConstants(t *testing.T) (names, reserved []string) {
	t.Helper()
	for _, s := range tree(t) {
		if s.path != "internal/base/code/code.go" {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			switch {
			case ok && spec.Type != nil && isIdent(spec.Type, "Code"):
				names = append(names, spec.Names[0].Name)
			case ok && spec.Names[0].Name == "Reserved":
				for _, x := range spec.Values[0].(*ast.CompositeLit).Elts {
					reserved = append(reserved, x.(*ast.Ident).Name)
				}
			}
			return true
		})
	}
	if len(names) < 50 || len(reserved) == 0 {
		t.Fatalf("found %d constants and %d reserved ones in base/code: the test no longer reads it right", len(names), len(reserved))
	}
	return names, reserved
}
