package arch

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// The project speaks of itself only: not of where or in which order it was
// written, nor of the machine it was written on. Each pattern comes with what to
// write instead. They are put together here so that this file passes.
var words = []struct {
	pattern *regexp.Regexp
	advice  string
}{
	{regexp.MustCompile(`/wor` + `k/`), "name no folder of the machine it was written on: use a path from the repository's root"},
	{regexp.MustCompile(`\.libr` + `ary\b`), "name no folder of the machine it was written on: use a path from the repository's root"},
	{regexp.MustCompile(`/tm` + `p/h`), "name no folder of the machine it was written on: use a path from the repository's root"},
	{regexp.MustCompile(`(?i)\bissue[ -]?#?[0-9]`), "say what is the case, not which ticket asked for it (other projects' threads are cited as owner/name#1)"},
	{regexp.MustCompile(`(?i)\bth(is|e) (working |coding )?ses` + `sion\b`), "say what is the case, not when it was written"},
	{regexp.MustCompile(`(?i)\bco-?authored-by\b|\bgenerated (with|by) (an )?(ai|llm)\b`), "say what is the case, not who or what wrote it"},
}

var textFiles = []string{".go", ".md", ".proto", ".sh", ".yaml", ".yml", ".toml", ".html", ".css", ".js", ".ts", ".txt", ".mod", ".json", ""}

func wrongWords(name string, text []byte) (failures []string) {
	for n, line := range bytes.Split(text, []byte("\n")) {
		for _, w := range words {
			if found := w.pattern.Find(line); found != nil {
				failures = append(failures, fmt.Sprintf("%s:%d: %q: %s", name, n+1, found, w.advice))
			}
		}
	}
	return failures
}

func TestTheProjectSpeaksOfItself(t *testing.T) {
	t.Parallel()
	seen := 0
	walk(t, func(name string) {
		if !slices.Contains(textFiles, path.Ext(name)) {
			return
		}
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil || info.Size() > 1<<20 {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(text, 0) >= 0 { // a binary
			return
		}
		seen++
		for _, failure := range wrongWords(name, text) {
			t.Error(failure)
		}
	})
	if seen < 50 {
		t.Errorf("looked into only %d files", seen)
	}
}
