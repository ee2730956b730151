package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// pure says whether a package must give the same result everywhere, for ever:
// the state machine and all it stands on, the order commands get, how nodes agree
// on it and who of them is a member, and the texts that merchants' notices are made of.
func pure(dir string) bool {
	layer := layerOf(dir)
	if layer == "base" || layer == "rule" {
		return true
	}
	return slices.ContainsFunc(purePlaces, func(place string) bool { return under(dir, place) })
}

// purePlaces are the pure packages outside base and rule.
var purePlaces = []string{"internal/engine/machine", "internal/engine/agree", "internal/engine/membership", "internal/engine/sequencer", "internal/edge/wechatjson"}

// forbidden lists what pure packages may not use, by import path: "" is the
// whole package. What to do instead is part of the failure.
var forbidden = map[string]map[string]string{
	"time": {
		"Now": clockAdvice, "Since": clockAdvice, "Until": clockAdvice,
		"Local": zoneAdvice, "LoadLocation": zoneAdvice, "LoadLocationFromTZData": zoneAdvice,
		"Sleep": waitAdvice, "After": waitAdvice, "AfterFunc": waitAdvice, "Tick": waitAdvice, "NewTimer": waitAdvice, "NewTicker": waitAdvice,
	},
	"strconv":      {"ParseFloat": floatAdvice, "FormatFloat": floatAdvice, "AppendFloat": floatAdvice},
	"math/rand":    {"": randomAdvice},
	"math/rand/v2": {"": randomAdvice},
	"crypto/rand":  {"": randomAdvice},
	"hash/maphash": {"": "its seed differs in each process: use hash/crc32 or crypto/sha256"},
	"os":           {"": worldAdvice},
	"os/exec":      {"": worldAdvice},
	"io/fs":        {"": worldAdvice},
	"io/ioutil":    {"": worldAdvice},
	"net":          {"": worldAdvice},
	"net/http":     {"": worldAdvice},
	"syscall":      {"": worldAdvice},
	"log":          {"": worldAdvice},
	"log/slog":     {"": worldAdvice},
	"runtime":      {"": "what the machine is like must not matter here"},
	"unsafe":       {"": "not in code whose results are hashed"},
}

const (
	clockAdvice  = "take the time from the command's stamp, or as a parameter"
	zoneAdvice   = "use stamp's fixed offset: a zone database differs between machines"
	waitAdvice   = "nothing waits here: leave it to the caller"
	floatAdvice  = "count in whole minor units"
	randomAdvice = "take the command's seed, or an io.Reader as a parameter"
	worldAdvice  = "no input or output here: take bytes, return bytes, and let engine or edge do it"
)

// excused are imports that are meant: package and import path, with the reason.
var excused = map[string]string{
	"internal/base/arena unsafe":         "it turns bytes that nobody writes again into strings without copying",
	"internal/base/table hash/maphash":   "it says in which slot a remembered row is found; nobody sees the slots' order",
	"internal/engine/sequencer log/slog": "it says when a learner gets its vote; nothing comes of it",
}

// deterministic says what a pure file uses that could make two machines differ.
func deterministic(s *source) (failures []string) {
	say := func(n ast.Node, what, advice string) {
		failures = append(failures, fmt.Sprintf("%s: no %s in %s: %s", s.at(n), what, s.dir(), advice))
	}
	names := map[string]string{} // the name a package is used by -> its path
	for imported, spec := range s.imports() {
		if advice, ok := forbidden[imported][""]; ok && excused[s.dir()+" "+imported] == "" {
			say(spec, imported, advice)
		}
		name := imported[strings.LastIndexByte(imported, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "." && forbidden[imported] != nil {
			say(spec, "dot import of "+imported, "name the package")
		}
		names[name] = imported
	}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				if advice, ok := forbidden[names[x.Name]][n.Sel.Name]; ok {
					say(n, x.Name+"."+n.Sel.Name, advice)
				}
			}
		case *ast.GoStmt:
			say(n, "go statement", "goroutines run in an order that differs: leave them to engine or edge")
		case *ast.SelectStmt:
			say(n, "select statement", "it chooses at random")
		case *ast.Ident:
			if slices.Contains([]string{"float32", "float64", "complex64", "complex128"}, n.Name) {
				say(n, n.Name, floatAdvice)
			}
		case *ast.BasicLit:
			if n.Kind == token.FLOAT || n.Kind == token.IMAG {
				say(n, "number "+n.Value, floatAdvice)
			}
		}
		return true
	})
	slices.Sort(failures)
	return failures
}

func TestPureCodeIsDeterministic(t *testing.T) {
	t.Parallel()
	everywhere(t, deterministic, runsInProduction)
}

// runsInProduction leaves out the suites that other packages' tests share.
func runsInProduction(s *source) bool {
	return production(s) && pure(s.dir()) && !strings.HasSuffix(s.dir(), "test")
}

func TestExcusesAreStillNeeded(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, s := range tree(t) {
		for imported := range s.imports() {
			used[s.dir()+" "+imported] = true
		}
	}
	for excuse := range excused {
		if !used[excuse] {
			t.Errorf("nothing needs the excuse %q: remove it from internal/arch/pure_test.go", excuse)
		}
	}
}
