package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// Every rule against code that breaks it: a rule that is silent here sees
// nothing anywhere.
func TestRulesSeeWhatBreaksThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		rule rule
		path string
		text string
		says []string // one failure each, in order; none: the code is fine
	}{
		{"base may use must", directions, "internal/base/x/x.go", `package x; import _ "` + module + `/internal/base/must"`, nil},
		{"base must not use rule", directions, "internal/base/x/x.go", `package x; import _ "` + module + `/internal/rule/order"`,
			[]string{"layer base must not import layer rule"}},
		{"nor in tests", directions, "internal/base/x/x_test.go", `package x; import _ "` + module + `/internal/edge/admin"`,
			[]string{"layer base must not import layer edge"}},
		{"engine must not use run", directions, "internal/engine/x/x.go", `package x; import _ "` + module + `/internal/run/cli"`,
			[]string{"layer engine must not import layer run"}},
		{"nobody imports cmd", directions, "internal/run/x/x.go", `package x; import _ "` + module + `/cmd/holdfast"`,
			[]string{"layer run must not import layer cmd"}},
		{"cmd imports run", directions, "cmd/holdfast/main.go", `package main; import _ "` + module + `/internal/run/cli"`, nil},
		{"run must not use trial", directions, "internal/run/x/x_test.go", `package x; import _ "` + module + `/internal/trial/sim"`,
			[]string{"layer run must not import layer trial"}},
		{"nor may cmd", directions, "cmd/holdfast/main.go", `package main; import _ "` + module + `/internal/trial/sim"`,
			[]string{"cmd must not import internal/trial/sim"}},
		{"trial drives the product", directions, "internal/trial/x/x.go", `package x; import _ "` + module + `/internal/run/node"`, nil},
		{"refunds know orders", directions, "internal/rule/refund/x.go", `package refund; import _ "` + module + `/internal/rule/order"`, nil},
		{"orders don't know refunds", directions, "internal/rule/order/x.go", `package order; import _ "` + module + `/internal/rule/refund"`,
			[]string{"internal/rule/order must not import internal/rule/refund"}},
		{"base packages are leaves", directions, "internal/base/money/x.go", `package money; import _ "` + module + `/internal/base/ident"`,
			[]string{"internal/base/money must not import internal/base/ident"}},
		{"the machine sees no store", directions, "internal/engine/machine/x.go", `package machine; import _ "` + module + `/internal/engine/store"`,
			[]string{"internal/engine/machine must not import internal/engine/store"}},
		{"no layer", directions, "internal/util/x.go", `package util; import _ "` + module + `/internal/base/must"`,
			[]string{"in no layer"}},

		{"rapid in tests", strangers, "internal/base/x/x_test.go", `package x; import _ "pgregory.net/rapid"`, nil},
		{"rapid elsewhere", strangers, "internal/base/x/x.go", `package x; import _ "pgregory.net/rapid"`, []string{"must not import pgregory.net/rapid"}},
		{"pebble in its place", strangers, "internal/engine/store/x.go", `package store; import _ "github.com/cockroachdb/pebble/v2/vfs"`, nil},
		{"pebble elsewhere", strangers, "internal/engine/journal/x.go", `package journal; import _ "github.com/cockroachdb/pebble/v2"`,
			[]string{"enters at internal/engine/store"}},
		{"pebble in a rule's test", strangers, "internal/rule/order/x_test.go", `package order; import _ "github.com/cockroachdb/pebble/v2"`,
			[]string{"must not import github.com/cockroachdb/pebble/v2"}},
		{"a newcomer", strangers, "internal/edge/x/x.go", `package x; import _ "example.com/left-pad"`, []string{"it enters nowhere yet"}},
		{"a prefix is a path", strangers, "internal/edge/drawing/x.go", `package drawing; import _ "rsc.io/qrs"`, []string{"rsc.io/qrs"}},

		{"clock", deterministic, "internal/rule/x/x.go", `package x; import "time"; var a, b = time.Now(), time.Since`,
			[]string{"no time.Now", "no time.Since"}},
		{"clock under another name", deterministic, "internal/rule/x/x.go", `package x; import clock "time"; var a = clock.Now()`, []string{"no clock.Now"}},
		{"zones", deterministic, "internal/engine/machine/x.go", "package machine\nimport \"time\"\nvar a = time.Local\nvar b, _ = time.LoadLocation(\"\")",
			[]string{"no time.Local", "no time.LoadLocation"}},
		{"dot import", deterministic, "internal/base/x/x.go", `package x; import . "time"; var a = Now()`, []string{"dot import of time"}},
		{"a fixed zone is fine", deterministic, "internal/base/x/x.go", `package x; import "time"; var a = time.FixedZone("", 1)`, nil},
		{"randomness", deterministic, "internal/rule/x/x.go", "package x\nimport _ \"math/rand\"\nimport _ \"math/rand/v2\"\nimport _ \"hash/maphash\"\nimport _ \"crypto/rand\"",
			[]string{"math/rand", "math/rand/v2", "hash/maphash", "crypto/rand"}},
		{"floats", deterministic, "internal/base/x/x.go", "package x\nvar a float64\nvar b = 0.5\nvar c = 1e3\nfunc f(float32) {}",
			[]string{"no float64", "no number 0.5", "no number 1e3", "no float32"}},
		{"goroutines", deterministic, "internal/base/x/x.go", "package x\nfunc f() { go f() }\nfunc g() { select {} }",
			[]string{"no go statement", "no select statement"}},
		{"the world", deterministic, "internal/base/x/x.go", "package x\nimport _ \"os\"\nimport _ \"log/slog\"", []string{"no os ", "no log/slog"}},

		{"a second driver of members", doubles, "internal/trial/sim/x.go", "package sim\nimport \"" + module + "/internal/engine/member\"\nvar a, _ = member.New(member.Options{})",
			[]string{"internal/engine/member.New is for internal/engine/sequencer"}},
		{"a second way to frame", doubles, "internal/trial/simdisk/x.go", "package simdisk\nimport m \"" + module + "/internal/engine/machine\"\nvar a, _ = m.AppendCommand(nil, nil, 0, nil)",
			[]string{"AppendCommand is for internal/engine/sequencer only"}},
		{"a second word on refusals", doubles, "internal/trial/sim/x.go", "package sim\nimport (\n\"" + module + "/internal/engine/member\"\n\"" + module + "/internal/base/code\"\n)\nvar a, b = member.ErrClock, code.ClockSkew",
			[]string{"ErrClock is for internal/engine/sequencer only", "no code.ClockSkew"}},
		{"a second rule for votes", doubles, "internal/trial/sim/x.go", "package sim\nfunc f(p peer) bool { return p.Match+16 >= p.Last }", []string{"no Match"}},
		{"a member driven past its sequencer", doubles, "internal/trial/sim/x.go", "package sim\nfunc f(p *process) { p.member.Propose(nil, nil); p.seq.Member().ReadIndex(1); p.member.Transfer(0) }",
			[]string{"no member.Propose", "no member.ReadIndex"}},
		{"the sequencer may", doubles, "internal/engine/sequencer/x.go", "package sequencer\nimport \"" + module + "/internal/engine/member\"\nvar a, _ = member.New(member.Options{})", nil},

		{"a long function", longFunctions, "internal/base/x/x.go", "package x\nfunc f() {" + strings.Repeat("\n", 70) + "}", []string{"f has 71 lines, at most 70"}},
		{"a long method", longFunctions, "internal/base/x/x.go", "package x\ntype T[K any] struct{}\nfunc (*T[K]) f() {" + strings.Repeat("\n", 70) + "}", []string{"T.f has 71"}},
		{"as long as it may be", longFunctions, "internal/base/x/x.go", "package x\nfunc f() {" + strings.Repeat("\n", 69) + "}", nil},
		{"a test may be longer", longFunctions, "internal/base/x/x_test.go", "package x\nfunc f() {" + strings.Repeat("\n", 119) + "}", nil},
		{"but not endless", longFunctions, "internal/base/x/x_test.go", "package x\nfunc f() {" + strings.Repeat("\n", 120) + "}", []string{"f has 121"}},

		{"comments are missing", undocumented, "internal/base/x/x.go", "package x\nfunc F() {}\ntype T struct{}\nfunc (T) M() {}\nconst C = 1\nvar V, w = 1, 2",
			[]string{"func F", "type T", "func T.M", "const C", "var V"}},
		{"comments are there", undocumented, "internal/base/x/x.go", "package x\n// F does.\nfunc F() {}\n// T is.\ntype T struct{}\nfunc (T) String() string { return \"\" }\n" +
			"// Kinds.\nconst (\n\tC = 1\n)\nvar V = 1 // is\ntype t struct{}\nfunc (t) M() {}\nfunc f() {}", nil},
	} {
		s, err := parseSource(c.path, []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		expect(t, c.name, c.rule(s), c.says)
	}
}

func expect(t *testing.T, name string, got, says []string) {
	t.Helper()
	if len(got) != len(says) {
		t.Errorf("%s: %d failures, want %d: %q", name, len(got), len(says), got)
		return
	}
	for i, failure := range got {
		if !strings.Contains(failure, says[i]) {
			t.Errorf("%s: %q doesn't say %q", name, failure, says[i])
		}
	}
}

func TestWordRuleSeesWhatBreaksIt(t *testing.T) {
	t.Parallel()
	for text, wrong := range map[string]bool{
		"see /wor" + "k/main":            true,
		"in .libr" + "ary":               true,
		"for issue" + " 12":              true,
		"for Issue" + "-#12":             true,
		"written in th" + "is session":   true,
		"a network/worker":               false,
		"etcd-io/etcd#20418":             false,
		"sessions to a bank":             false,
		"the issuer of issued documents": false,
	} {
		if got := len(wrongWords("x.md", []byte("fine\n"+text+"\n"))) > 0; got != wrong {
			t.Errorf("%q is refused: %v", text, got)
		}
	}
}

func TestHomelessFilesAreSeen(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]bool{
		"main.go": true, "internal/x.go": true, "internal/rule/x.go": true, "cmd/x.go": true,
		"internal/rule/order/x.go": false, "internal/pb/x.go": false, "internal/arch/x.go": false, "cmd/holdfast/main.go": false,
	} {
		if got := homeless(name) != ""; got != wrong {
			t.Errorf("%s is refused: %v", name, got)
		}
	}
}

func TestMapRuleSeesWhatBreaksIt(t *testing.T) {
	t.Parallel()
	const other = `package other
type Set map[string]bool
type Row struct{ Tags map[string]int; List []int }
func Rows() map[int]Row { return nil }`
	const text = `package x
import ("maps"; "slices"; "` + module + `/internal/base/other"; "example.com/stranger")
func f(m map[int]int, s other.Set, r other.Row, list []int, n int) {
	for range m {}
	for range s {}
	for range r.Tags {}
	for range other.Rows() {}
	for range maps.Keys(m) {}
	for range stranger.All() {}
	local := make(map[string]int)
	for range local {}
	for range list {}
	for range r.List {}
	for range n {}
	for range "text" {}
	for range slices.Sorted(maps.Keys(m)) {}
	for range m {} // order does not matter: nothing is done
	// order does not matter: sums are
	// the same in any order.
	for range m {}
	for range m {} // order does not matter:
	// order does not matter: too far away

	for range m {}
	keys := slices.Collect(maps.Keys(m))
	slices.Sort(keys)
	values := maps.Values(m) // order does not matter: they are summed
	for range values {}
}`
	c := newChecker(func(fset *token.FileSet, dir string) ([]*ast.File, error) {
		source := map[string]string{"internal/base/other": other, "internal/base/x": text}[dir]
		f, err := parseInto(fset, dir+"/x.go", []byte(source))
		return []*ast.File{f}, err
	})
	failures, loops := c.mapLoops("internal/base/x")
	var lines []string
	for _, failure := range failures {
		_, rest, _ := strings.Cut(failure, "x.go:")
		line, _, _ := strings.Cut(rest, ":")
		lines = append(lines, line)
	}
	if want := []string{"4", "5", "6", "7", "8", "9", "11", "21", "24", "25"}; !slices.Equal(lines, want) || loops != 17 {
		t.Errorf("%d loops; refused are lines %v, want %v\n%s", loops, lines, want, strings.Join(failures, "\n"))
	}
}
