package machine_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/machine/storytest"
)

// TestNoSentenceIsStored (U4): sentences, names of codes and names of commands
// may change with any release, so no stored row holds one, whatever happened.
func TestNoSentenceIsStored(t *testing.T) {
	t.Parallel()
	var words [][]byte
	for _, i := range code.All() {
		words = append(words, []byte(i.ZH), []byte(i.EN))
		if strings.Contains(i.Name, "_") {
			words = append(words, []byte(i.Name))
		}
	}
	for n := range catalogue.Number(1000) {
		if machine.Known(n) && strings.Contains(n.String(), "_") {
			words = append(words, []byte(n.String()))
		}
	}
	rows := 0
	for _, s := range storytest.Stories() {
		mem := table.NewMem()
		p, err := storytest.NewSingle(mem, nil, machine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := storytest.Play(s.Name, s.Text, p); err != nil {
			t.Fatal(err)
		}
		err = mem.Iterate([]byte{0}, nil, func(key, stored []byte) bool {
			rows++
			for _, w := range words {
				if bytes.Contains(stored, w) || bytes.Contains(key, w) {
					t.Errorf("%s: table %s stores %q", s.Name, table.ID(key[0]), w)
				}
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if rows < 1000 {
		t.Errorf("only %d rows were looked at", rows)
	}
}

// TestJournalEntriesAreNotFormatted (U4): what enters the journal is data. A
// format verb is where wording slips in.
func TestJournalEntriesAreNotFormatted(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../rule/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	own, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	records := 0
	for _, file := range append(files, own...) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Record" {
				records++
				for _, arg := range call.Args {
					ast.Inspect(arg, func(n ast.Node) bool {
						if x, ok := n.(*ast.Ident); ok && x.Name == "fmt" {
							t.Errorf("%s formats what it records: use strconv, or another field", file)
						}
						return true
					})
				}
			}
			return true
		})
	}
	if records < 15 {
		t.Errorf("found only %d places that record: the test no longer sees them", records)
	}
}
