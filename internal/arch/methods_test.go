package arch

import (
	"go/ast"
	"testing"
)

// mostMethods is for types of the assembly layer: whatever a node does next is a
// part of its own and not one more method of the node.
const mostMethods = 30

func TestNodeStaysAListOfParts(t *testing.T) {
	t.Parallel()
	methods := map[string]int{}
	for _, s := range tree(t) {
		if s.dir() == "internal/run/node" && !s.isTest() {
			for _, d := range s.syntax.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
					methods[receiver(f)]++
				}
			}
		}
	}
	if len(methods) < 10 {
		t.Fatalf("found the types %v", methods)
	}
	for name, n := range methods {
		if n > mostMethods {
			t.Errorf("internal/run/node: %s has %d methods, at most %d: make what it does a part of its own (part.go)", name, n, mostMethods)
		}
	}
}
