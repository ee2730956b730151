package arch

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var writeStamp = flag.Bool("stamp", false, "write internal/pb/SOURCE anew, after generating")

// stampFile holds a hash of what the code in internal/pb was generated from, and
// one of the code itself. Generating takes minutes, which is too long for each
// run of the tests; that it was done can be seen in a moment.
const stampFile = "internal/pb/SOURCE"

// generators are the modules whose version decides what is generated.
var generators = regexp.MustCompile(`(?m)^\s*(connectrpc\.com/connect|google\.golang\.org/protobuf|github\.com/planetscale/vtprotobuf|github\.com/bufbuild/buf) v\S+`)

func TestGeneratedCodeIsCurrent(t *testing.T) {
	t.Parallel()
	want := stamp(t)
	path := filepath.Join(root, stampFile)
	if *writeStamp {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run make generate", err)
	}
	if string(got) == want {
		return
	}
	gotFrom, gotCode, _ := strings.Cut(string(got), "\n")
	wantFrom, wantCode, _ := strings.Cut(want, "\n")
	switch {
	case gotFrom != wantFrom:
		t.Error("proto/, buf.yaml, buf.gen.yaml or a generator's version changed after internal/pb was generated: run make generate (a few minutes the first time) and commit internal/pb with it")
	case gotCode != wantCode:
		t.Error("internal/pb was changed by hand: change proto/ instead and run make generate")
	}
}

// stamp is what stampFile should hold.
func stamp(t *testing.T) string {
	t.Helper()
	var from, code []string
	walk(t, func(name string) {
		switch {
		case strings.HasPrefix(name, "proto/"), name == "buf.yaml", name == "buf.gen.yaml":
			from = append(from, name)
		case strings.HasPrefix(name, "internal/pb/") && (strings.HasSuffix(name, ".pb.go") || strings.HasSuffix(name, ".connect.go")):
			code = append(code, name)
		}
	})
	if len(from) < 4 || len(code) < 4 {
		t.Fatalf("found the sources %v and the code %v: the walk no longer sees them", from, code)
	}
	tools, err := os.ReadFile(filepath.Join(root, "tools/go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	versions := generators.FindAllString(string(tools), -1)
	if len(versions) != 4 {
		t.Fatalf("tools/go.mod names %d of the 4 generators: %q", len(versions), versions)
	}
	for i, v := range versions {
		versions[i] = strings.TrimSpace(v)
	}
	slices.Sort(versions)
	return fmt.Sprintf("from %s\ncode %s\n", hashFiles(t, from, versions), hashFiles(t, code, nil))
}

func hashFiles(t *testing.T, names, more []string) string {
	t.Helper()
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
	}
	fmt.Fprint(h, strings.Join(more, "\n"))
	return hex.EncodeToString(h.Sum(nil))
}

// bundleFile is likewise for the pages: internal/edge/web/dist is bundled from web/.
// Bundling takes Node's packages, which a test of Go must not need.
const bundleFile = "internal/edge/web/SOURCE"

func TestBundleIsCurrent(t *testing.T) {
	t.Parallel()
	want := bundleStamp(t)
	path := filepath.Join(root, bundleFile)
	if *writeStamp {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("web/ or internal/edge/web/dist changed, one without the other: run make web and commit what it writes (%v)", err)
	}
}

func bundleStamp(t *testing.T) string {
	t.Helper()
	var from, code []string
	walk(t, func(name string) {
		switch {
		case strings.HasPrefix(name, "web/build/"), strings.HasSuffix(name, ".md"):
		case strings.HasPrefix(name, "web/"):
			from = append(from, name)
		case strings.HasPrefix(name, "internal/edge/web/dist/"):
			code = append(code, name)
		}
	})
	if len(from) < 20 || len(code) < 5 {
		t.Fatalf("found the sources %v and the bundle %v: the walk no longer sees them", from, code)
	}
	return fmt.Sprintf("from %s\ncode %s\n", hashFiles(t, from, nil), hashFiles(t, code, nil))
}
