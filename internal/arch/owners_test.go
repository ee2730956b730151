package arch

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// owners lists what only some packages may name: what stands around a member (its
// queue, its frames, what callers are told, who gets a vote) exists once, and who
// would build a second one needs these. Tests may name them.
var owners = []struct {
	from, name string // package and what of it
	users      []string
	instead    string
}{
	{"internal/engine/member", "New", []string{"internal/engine/sequencer", "internal/trial/simdisk"},
		"drive a sequencer.Sequencer: queue, frames, refusals, reads and promotions are its own (simdisk tries the stores below it)"},
	{"internal/engine/member", "Events", []string{"internal/engine/sequencer", "internal/trial/simdisk"}, "implement sequencer.Driver"},
	{"internal/engine/member", "ErrClock", []string{"internal/engine/sequencer"}, "what callers are told is decided in engine/sequencer"},
	{"internal/engine/member", "ErrDropped", []string{"internal/engine/sequencer"}, "what callers are told is decided in engine/sequencer"},
	{"internal/engine/machine", "AppendCommand", []string{"internal/engine/sequencer"}, "frames are made in engine/sequencer: Admit commands, or sequencer.Encode those that nobody waits for"},
}

// notInTrial lists methods, by what they are called on and their names, and fields
// that no simulation may use: with them it would answer for itself what the
// product is to be asked.
var notInTrial = map[string]string{
	"member.Propose": memberAdvice, "member.ReadIndex": memberAdvice, "member.Change": memberAdvice,
	"member.Work": memberAdvice, "member.Tick": memberAdvice, "member.Step": memberAdvice, "member.Abandon": memberAdvice,
	"code.ReadOnly": refusalAdvice, "code.DiskLow": refusalAdvice, "code.CommandUnknown": refusalAdvice, "code.CommandTooLarge": refusalAdvice, "code.ClockSkew": refusalAdvice,
	".Match": "who is far enough for a vote is decided in engine/membership",
}

const (
	memberAdvice  = "call the sequencer's"
	refusalAdvice = "what a caller is told is decided in engine/sequencer"
)

// doubles says where a file begins to do a second time what one package is for.
func doubles(s *source) (failures []string) {
	if s.isTest() {
		return nil
	}
	names := map[string]string{} // the name a package is used by -> its folder
	for imported, spec := range s.imports() {
		dir, ours := strings.CutPrefix(imported, module+"/")
		if !ours {
			continue
		}
		name := dir[strings.LastIndexByte(dir, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = dir
	}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if on, ok := sel.X.(*ast.Ident); ok && names[on.Name] != "" {
			for _, o := range owners {
				if o.from == names[on.Name] && o.name == sel.Sel.Name && s.dir() != o.from && !slices.Contains(o.users, s.dir()) {
					failures = append(failures, fmt.Sprintf("%s: %s.%s is for %s only: %s", s.at(n), o.from, o.name, strings.Join(o.users, " and "), o.instead))
				}
			}
		}
		if under(s.dir(), "internal/trial/sim") {
			failures = append(failures, ownAnswer(s, sel)...)
		}
		return true
	})
	return failures
}

// ownAnswer says what of notInTrial a selector is.
func ownAnswer(s *source, sel *ast.SelectorExpr) (failures []string) {
	for _, name := range []string{calledOn(sel.X) + "." + sel.Sel.Name, "." + sel.Sel.Name} {
		if advice := notInTrial[name]; advice != "" {
			failures = append(failures, fmt.Sprintf("%s: no %s in %s: %s", s.at(sel), strings.TrimPrefix(name, "."), s.dir(), advice))
		}
	}
	return failures
}

// calledOn is the last name of an expression in small letters: "member" for
// p.member, member and seq.Member().
func calledOn(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return strings.ToLower(x.Name)
	case *ast.SelectorExpr:
		return strings.ToLower(x.Sel.Name)
	case *ast.CallExpr:
		return calledOn(x.Fun)
	}
	return ""
}

// The simulations drive production code and have no copy of it.
func TestNothingIsDoneTwice(t *testing.T) {
	t.Parallel()
	everywhere(t, doubles, handwritten)
	used := map[string]bool{}
	for _, s := range tree(t) {
		if !s.generated && !s.isTest() {
			text := string(s.text)
			for _, o := range owners {
				name := o.from[strings.LastIndexByte(o.from, '/')+1:] + "." + o.name
				used[name] = used[name] || slices.Contains(o.users, s.dir()) && strings.Contains(text, name)
			}
		}
	}
	for name, seen := range used { // order does not matter: each is a failure of its own
		if !seen {
			t.Errorf("nobody uses %s any more: take it out of owners, or put in what it is called now", name)
		}
	}
}
