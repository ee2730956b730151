package code_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/holdfast-pay/holdfast/internal/base/code"
)

func ExampleCode_Err() {
	err := code.OrderPaid.Err()
	fmt.Println(err)
	var refusal *code.Error
	fmt.Println(errors.As(err, &refusal), refusal.Code)
	fmt.Println(code.OK.Err())
	// Output:
	// order_paid: The order is already paid; nothing more was charged.
	// true order_paid
	// <nil>
}

var snakeCase = regexp.MustCompile(`\A[a-z][a-z0-9]*(_[a-z0-9]+)*\z`)

func TestListIsWellFormed(t *testing.T) {
	t.Parallel()
	names, last := map[string]code.Code{}, -1
	for _, i := range code.All() {
		if int(i.Code) <= last {
			t.Errorf("%s has number %d and follows %d: list.go is in the order of numbers, each used once", i.Name, i.Code, last)
		}
		last = int(i.Code)
		if other, ok := names[i.Name]; ok {
			t.Errorf("%d and %d are both called %s: give one another name", other, i.Code, i.Name)
		}
		names[i.Name] = i.Code
		if !snakeCase.MatchString(i.Name) {
			t.Errorf("%q is not snake_case", i.Name)
		}
		if i.Retry > code.Query {
			t.Errorf("%s has retry class %d, which doesn't exist", i.Name, i.Retry)
		}
		if (i.Class == code.None) != (i.Code == code.OK) || i.Class > code.Fault {
			t.Errorf("%s has class %d: every refusal has one of those that exist", i.Name, i.Class)
		}
		if i.Class == code.Busy && i.Retry != code.Same || i.Class == code.InDoubt && i.Retry != code.Query || i.Class == code.Invalid && i.Retry != code.Never {
			t.Errorf("%s is %s, and a caller is told otherwise (%d)", i.Name, i.Class, i.Retry)
		}
		checkSentences(t, i)
	}
}

func checkSentences(t *testing.T, i code.Info) {
	t.Helper()
	if !strings.HasSuffix(i.ZH, "。") || strings.Count(i.ZH, "。") != 1 {
		t.Errorf("%s: the Chinese sentence is one sentence that ends in 。: %q", i.Name, i.ZH)
	}
	if !strings.ContainsFunc(i.ZH, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		t.Errorf("%s: the Chinese sentence has no Chinese: %q", i.Name, i.ZH)
	}
	if !strings.HasSuffix(i.EN, ".") || strings.Count(i.EN, ". ") != 0 {
		t.Errorf("%s: the English sentence is one sentence that ends in a full stop: %q", i.Name, i.EN)
	}
	// A sentence may begin with a parameter's name, which keeps its case.
	if first := []rune(i.EN)[0]; !unicode.IsUpper(first) && !strings.Contains(strings.Fields(i.EN)[0], "_") && !strings.HasPrefix(i.EN, "mchid") && !strings.HasPrefix(i.EN, "amount.") {
		t.Errorf("%s: the English sentence begins with a capital or a parameter's name: %q", i.Name, i.EN)
	}
	if strings.ContainsFunc(i.EN, func(r rune) bool { return r > unicode.MaxASCII }) {
		t.Errorf("%s: the English sentence is ASCII: %q", i.Name, i.EN)
	}
	if strings.ContainsAny(i.ZH+i.EN, "\n\t%") || strings.TrimSpace(i.ZH) != i.ZH || strings.TrimSpace(i.EN) != i.EN {
		t.Errorf("%s: a sentence has no line breaks, verbs or spaces around: %q %q", i.Name, i.ZH, i.EN)
	}
}

// Every constant has a row, and every row is a constant: read from the source,
// because a constant that was forgotten in the list can't be asked.
func TestEveryConstantIsListed(t *testing.T) {
	t.Parallel()
	constants := declared(t)
	for name, number := range constants {
		if _, ok := code.Lookup(number); !ok {
			t.Errorf("code.%s = %d has no row: add one to list.go", name, number)
		}
	}
	if len(constants) != len(code.All()) {
		t.Errorf("there are %d constants and %d rows", len(constants), len(code.All()))
	}
}

// declared reads the constants of type Code from code.go.
func declared(t *testing.T) map[string]code.Code {
	t.Helper()
	source, err := os.ReadFile("code.go")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), "code.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]code.Code{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		kind, ok := spec.Type.(*ast.Ident)
		literal, isLiteral := spec.Values[0].(*ast.BasicLit)
		if !ok || kind.Name != "Code" || !isLiteral {
			return true
		}
		n64, err := strconv.ParseUint(literal.Value, 10, 32)
		if err != nil {
			t.Fatalf("code.%s: %v", spec.Names[0].Name, err)
		}
		found[spec.Names[0].Name] = code.Code(n64)
		return true
	})
	if len(found) < 50 {
		t.Fatalf("found only %d constants in code.go: the test no longer reads it right", len(found))
	}
	return found
}

// A number that was given once keeps its meaning: journals hold it.
func TestNumbersKeepTheirMeaning(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("testdata/numbers.txt")
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]string{}
	for line := range strings.Lines(string(golden)) {
		number, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			t.Fatalf("testdata/numbers.txt: %q", line)
		}
		given[number] = name
	}
	for _, i := range code.All() {
		number := strconv.Itoa(int(i.Code))
		switch name, ok := given[number]; {
		case !ok:
			t.Errorf("%s is new: add the line %q to testdata/numbers.txt", i.Name, number+" "+i.Name)
		case name != i.Name:
			t.Errorf("number %s was %s and is now %s: a new meaning takes a new number", number, name, i.Name)
		}
		delete(given, number)
	}
	for number, name := range given {
		t.Errorf("number %s (%s) is gone from list.go: journals may hold it, put it back", number, name)
	}
}

func TestUnknownCode(t *testing.T) {
	t.Parallel()
	unknown := code.Code(999_999)
	if _, ok := code.Lookup(unknown); ok {
		t.Error("999999 was found")
	}
	if got := unknown.String(); got != "code-999999" {
		t.Errorf("an unknown code prints as %q", got)
	}
	if got := unknown.Err().Error(); got != "code-999999" {
		t.Errorf("an unknown code's error is %q", got)
	}
	if unknown.OK() || !code.OK.OK() {
		t.Error("only OK is OK")
	}
}
