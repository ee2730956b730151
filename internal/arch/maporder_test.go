package arch

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// orderMark stands in a comment on the line of a loop over a map, or on the line
// above it, with a reason behind it.
const orderMark = "order does not matter: "

// checker finds types. Our own packages are read from source, the standard
// library's declarations too; other modules are left empty, and what hangs on
// them has no type here.
type checker struct {
	fset     *token.FileSet
	standard types.Importer
	ours     map[string]*types.Package
	read     func(dir string) ([]*ast.File, error)
}

func newChecker(read func(fset *token.FileSet, dir string) ([]*ast.File, error)) *checker {
	fset := token.NewFileSet()
	findStandard()
	return &checker{
		fset:     fset,
		standard: importer.ForCompiler(fset, "source", nil),
		ours:     map[string]*types.Package{},
		read:     func(dir string) ([]*ast.File, error) { return read(fset, dir) },
	}
}

// findStandard lets the importer find the standard library's source in a binary
// built with -trimpath, which does not know where its toolchain is.
var findStandard = sync.OnceFunc(func() {
	if build.Default.GOROOT != "" {
		return
	}
	if out, err := exec.Command("go", "env", "GOROOT").Output(); err == nil {
		build.Default.GOROOT = strings.TrimSpace(string(out))
	}
})

// Import is types.Importer.
func (c *checker) Import(imported string) (*types.Package, error) {
	if pkg, ok := c.ours[imported]; ok {
		return pkg, nil
	}
	dir, ours := strings.CutPrefix(imported, module+"/")
	if ours {
		files, err := c.read(dir)
		if err != nil {
			return nil, err
		}
		pkg := c.check(imported, files, nil, true)
		c.ours[imported] = pkg
		return pkg, nil
	}
	if isStandard(imported) {
		return c.standard.Import(imported)
	}
	empty := types.NewPackage(imported, imported[strings.LastIndexByte(imported, '/')+1:])
	empty.MarkComplete()
	c.ours[imported] = empty
	return empty, nil
}

// check finds what types it can and keeps silent about the rest: the compiler
// judges that.
func (c *checker) check(name string, files []*ast.File, info *types.Info, declarationsOnly bool) *types.Package {
	conf := types.Config{Importer: c, Error: func(error) {}, IgnoreFuncBodies: declarationsOnly, FakeImportC: true}
	pkg, _ := conf.Check(name, c.fset, files, info)
	return pkg
}

// mapLoops finds loops over maps, and iterators of maps that are not sorted at
// once, that give no reason why their order does not matter.
func (c *checker) mapLoops(dir string) (failures []string, loops int) {
	files, err := c.read(dir)
	if err != nil {
		return []string{err.Error()}, 0
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	c.check(module+"/"+dir, files, info, false)
	for _, f := range files {
		marked, sorted := markedLines(c.fset, f), map[ast.Expr]bool{}
		ast.Inspect(f, func(n ast.Node) bool {
			what := ""
			switch n := n.(type) {
			case *ast.RangeStmt:
				loops++
				what = unordered(info, n.X)
			case *ast.CallExpr:
				if strings.HasPrefix(packageFunc(n), "slices.Sorted") && len(n.Args) > 0 {
					sorted[n.Args[0]] = true
				}
				if !sorted[n] && slices.Contains([]string{"maps.Keys", "maps.Values", "maps.All"}, packageFunc(n)) {
					what = packageFunc(n)
				}
			}
			if what != "" {
				p := c.fset.Position(n.Pos())
				if !marked[p.Line] && !marked[p.Line-1] {
					failures = append(failures, fmt.Sprintf("%s:%d: %s: the order differs each time: sort the keys (slices.Sorted(maps.Keys(m))), or say on the line above: // %swhy",
						p.Filename, p.Line, what, orderMark))
				}
			}
			return true
		})
	}
	return failures, loops
}

// unordered says what makes the order of a range expression random; "" if
// nothing does.
func unordered(info *types.Info, x ast.Expr) string {
	if call, ok := x.(*ast.CallExpr); ok && strings.HasPrefix(packageFunc(call), "maps.") {
		return "" // found as a call
	}
	tv, ok := info.Types[x]
	if !ok || tv.Type == nil || tv.Type == types.Typ[types.Invalid] {
		return "range over something whose type is not known here"
	}
	if _, ok := tv.Type.Underlying().(*types.Map); ok {
		return "range over a map"
	}
	return ""
}

// packageFunc is "package.Func" for such a call, "" for another.
func packageFunc(call *ast.CallExpr) string {
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
		if pkg, ok := sel.X.(*ast.Ident); ok {
			return pkg.Name + "." + sel.Sel.Name
		}
	}
	return ""
}

// markedLines are the lines that end in, or consist of, a comment with the mark
// and a reason.
func markedLines(fset *token.FileSet, f *ast.File) map[int]bool {
	marked := map[int]bool{}
	for _, group := range f.Comments {
		for _, comment := range group.List {
			_, reason, ok := strings.Cut(comment.Text, orderMark)
			if ok && strings.TrimSpace(reason) != "" {
				// The reason may go on over the next lines of the group.
				marked[fset.Position(comment.Pos()).Line] = true
				marked[fset.Position(group.End()).Line] = true
			}
		}
	}
	return marked
}

func readPackage(fset *token.FileSet, dir string) ([]*ast.File, error) {
	names, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(name, root+"/"))
		if strings.HasSuffix(name, "_test.go") || builtOnlyWithTag(text) {
			continue
		}
		f, err := parseInto(fset, rel, text)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func TestMapLoopsGiveAReason(t *testing.T) {
	t.Parallel()
	c := newChecker(readPackage)
	seen := 0
	for _, dir := range purePackages(t) {
		failures, loops := c.mapLoops(dir)
		seen += loops
		for _, failure := range failures {
			t.Error(failure)
		}
	}
	if seen < 10 {
		t.Errorf("found only %d loops in all pure packages: the rule no longer sees them", seen)
	}
}

func purePackages(t *testing.T) []string {
	t.Helper()
	var dirs []string
	for _, s := range tree(t) {
		if runsInProduction(s) {
			dirs = append(dirs, s.dir())
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}
