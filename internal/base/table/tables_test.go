package table_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

func TestTablesAreListed(t *testing.T) {
	t.Parallel()
	all := table.All()
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Fatalf("All is not in key order: %v", all)
	}
	seen := map[string]bool{}
	for _, id := range all {
		if name := id.String(); seen[name] || strings.HasPrefix(name, "table-") {
			t.Errorf("table %#x is called %q", byte(id), name)
		} else {
			seen[name] = true
		}
		if id.Counted() && !id.Digested() {
			t.Errorf("table %s is counted but not digested", id)
		}
		if id.Level() == 0 || id.Rows() == "" {
			t.Errorf("table %s is at level %d with rows %q: its declaration is not whole", id, id.Level(), id.Rows())
		}
		from, to := table.Range(id)
		if k := table.K(id); string(k) < string(from) || string(k) >= string(to) {
			t.Errorf("table %s lies outside its range", id)
		}
	}
	// A row of no table is digested, so that writing one stops the machine.
	if id := table.ID(0xee); id.String() != "table-0xee" || id.Declared() || !id.Digested() {
		t.Errorf("an unknown table is called %q, declared %t, digested %t", id, id.Declared(), id.Digested())
	}
}

// Each number that has a name in the code has a declaration.
func TestEveryTableIDIsDeclared(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "tables.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "ID" {
				named += len(v.Names)
			}
		}
		return true
	})
	if declared := len(table.All()); named != declared || named == 0 {
		t.Errorf("%d tables are named and %d declared", named, declared)
	}
}

func TestReadPassesOtherPanicsOn(t *testing.T) {
	t.Parallel()
	cause := errors.New("unreadable")
	err := table.Read(nil, func(table.Reader) error { panic(&table.Damage{Key: table.K(table.Orders), Cause: cause}) })
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), "table orders: row 38") {
		t.Errorf("damage reads %v", err)
	}
	if err := table.Read(nil, func(table.Reader) error { return cause }); err != cause {
		t.Errorf("an error became %v", err)
	}
	defer func() {
		if p := recover(); p != "other" {
			t.Errorf("another panic became %v", p)
		}
	}()
	_ = table.Read(nil, func(table.Reader) error { panic("other") })
}
