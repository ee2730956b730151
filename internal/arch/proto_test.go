package arch

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// protoImports says what each file of the schema may use. A reader outside the
// core (courier, admin; a wallet and a console to come) has messages of its own
// and can name no record of the core: a secret that a record gets is not handed
// out by anyone who forgets to blank it.
var protoImports = map[string][]string{
	"vocabulary.proto": {},
	"receipt.proto":    {},
	"record.proto":     {"vocabulary.proto"},
	"journal.proto":    {"vocabulary.proto"},
	"command.proto":    {"vocabulary.proto"},
	"cluster.proto":    {"vocabulary.proto", "command.proto"},
	"courier.proto":    {"vocabulary.proto"},
	"staff.proto":      {"vocabulary.proto"},
	"admin.proto":      {"vocabulary.proto", "receipt.proto", "staff.proto"},
	"wallet.proto":     {"receipt.proto"},
	"till.proto":       {},
}

var protoImport = regexp.MustCompile(`(?m)^import (?:public |weak )?"([^"]+)";`)

func TestProtoIsCutByReader(t *testing.T) {
	t.Parallel()
	const dir = "proto/holdfast/v1"
	files, err := filepath.Glob(filepath.Join(root, dir, "*.proto"))
	if err != nil || len(files) < len(protoImports) {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, failure := range protoFailures(filepath.Base(file), text) {
			t.Errorf("%s/%s", dir, failure)
		}
	}
}

func protoFailures(name string, text []byte) (failures []string) {
	allowed, known := protoImports[name]
	if !known {
		return []string{name + " is not listed: say in internal/arch/proto_test.go which reader it is for and what it may import"}
	}
	for _, m := range protoImport.FindAllSubmatch(text, -1) {
		if imported := path.Base(string(m[1])); !slices.Contains(allowed, imported) {
			failures = append(failures, fmt.Sprintf("%s imports %s; it may import %v: give the reader a message of its own", name, imported, allowed))
		}
	}
	return failures
}

func TestProtoRuleSeesWhatBreaksIt(t *testing.T) {
	t.Parallel()
	if f := protoFailures("admin.proto", []byte("syntax;\nimport \"holdfast/v1/record.proto\";\nimport \"holdfast/v1/receipt.proto\";\n")); len(f) != 1 {
		t.Errorf("%q", f)
	}
	if f := protoFailures("console.proto", nil); len(f) != 1 {
		t.Errorf("%q", f)
	}
}
