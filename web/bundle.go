// Command web bundles the pages. It is a module of its own, so that whoever only runs
// Holdfast needs neither esbuild nor Node: what it writes is committed.
//
//	go run .          api.gen.ts from proto/, then internal/edge/web/dist
//	go run . -tests   the unit tests too, into build/test, for node --test
//
// node_modules must be there (npm ci).
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

const (
	dist = "../internal/edge/web/dist"
	// mostFirst bounds what is loaded before a page shows its first screen: script and
	// style, compressed.
	mostFirst = 130_000
)

func main() {
	tests := flag.Bool("tests", false, "bundle the unit tests too, into build/test")
	flag.Parse()
	if err := run(*tests); err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

func run(tests bool) error {
	if _, err := os.Stat("node_modules/preact"); err != nil {
		return errors.New("node_modules is missing: run npm ci in web/")
	}
	const protos = "../proto/holdfast/v1"
	if err := generate("wallet/api.gen.ts", protos, "WalletService"); err != nil {
		return err
	}
	if err := generate("till/api.gen.ts", protos, "TillService", "StaffService"); err != nil {
		return err
	}
	if tests {
		if err := bundleTests(); err != nil {
			return err
		}
	}
	return bundlePages()
}

// oldest are the engines that the pages still work in, as README.md says: what they don't
// read is written so that they do, and what can't be is an error.
var oldest = []api.Engine{{Name: api.EngineChrome, Version: "80"}, {Name: api.EngineSafari, Version: "14.1"}}

// common are the options that pages and tests share.
func common() api.BuildOptions {
	return api.BuildOptions{
		Bundle: true, Write: false, LogLevel: api.LogLevelWarning, Charset: api.CharsetUTF8,
		Format: api.FormatESModule, Target: api.ES2020, Engines: oldest, JSX: api.JSXAutomatic, JSXImportSource: "preact",
		Plugins: []api.Plugin{icons}, LegalComments: api.LegalCommentsNone,
		Define: map[string]string{"process.env.NODE_ENV": `"production"`},
	}
}

// site is a page of its own.
type site struct {
	// folder holds its source, and static what is served as it is.
	folder string
	// at is where it is served; its files with plain names lie there too.
	at string
	// worker begins the names of its service worker's caches; "" for a page without one.
	worker string
}

var sites = []site{{"wallet", "", "holdfast-"}, {"till", "till/", "till-"}, {"shop", "shop/", ""}}

// bundlePages writes the pages' files: hashed names for what may be kept for ever, plain
// ones for the pages, the service workers, the manifests and the icons.
func bundlePages() error {
	files, report := map[string][]byte{}, ""
	for _, s := range sites {
		said, err := s.bundle(files)
		if err != nil {
			return err
		}
		report += said
	}
	files["SIZE"] = []byte(report)
	fmt.Print(report)
	return write(files)
}

// bundle builds a site by itself: what it shares with another it has too, since a phone
// loads few files faster than many.
func (s site) bundle(files map[string][]byte) (string, error) {
	o := common()
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	first := s.folder + "/app.tsx"
	o.EntryPointsAdvanced = []api.EntryPoint{{InputPath: first, OutputPath: s.folder}}
	o.Plugins = append(o.Plugins, later(here, first))
	o.Outdir, o.EntryNames, o.ChunkNames, o.AssetNames = dist, "assets/[name]-[hash]", "assets/[name]-[hash]", "assets/[name]-[hash]"
	o.Splitting, o.Metafile = true, true
	o.MinifyWhitespace, o.MinifyIdentifiers, o.MinifySyntax = true, true, true
	built, err := build(o)
	if err != nil {
		return "", err
	}
	loads, err := loaded(built.Metafile, s.folder)
	if err != nil {
		return "", err
	}
	for _, f := range built.OutputFiles {
		if at := name(f.Path); slices.Contains(loads.ever, at) {
			files[at] = f.Contents
		}
	}
	return s.add(files, loads)
}

// add adds what a site has besides what is bundled, and says what it weighs.
func (s site) add(files map[string][]byte, loads loads) (string, error) {
	if err := s.addStatic(files); err != nil {
		return "", err
	}
	html := s.at + "index.html"
	var err error
	if files[html], err = page(files[html], loads.first, s.folder); err != nil {
		return "", err
	}
	if s.worker != "" {
		if files[s.at+"sw.js"], err = worker(files, s, loads.ever); err != nil {
			return "", err
		}
	}
	return sized(files, s.folder, loads.first)
}

func build(o api.BuildOptions) (api.BuildResult, error) {
	built := api.Build(o)
	if len(built.Errors) > 0 {
		return built, errors.New("the bundle does not build")
	}
	return built, nil
}

// name is a file's name below dist, with slashes.
func name(path string) string {
	folder, err := filepath.Abs(dist)
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(folder, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

// addStatic adds what is not bundled as it is.
func (s site) addStatic(files map[string][]byte) error {
	folder := s.folder + "/static"
	list, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, f := range list {
		if files[s.at+f.Name()], err = os.ReadFile(filepath.Join(folder, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// page fills the names of the first screen's files into index.html.
func page(html []byte, first []string, entry string) ([]byte, error) {
	var head strings.Builder
	for _, f := range first {
		switch {
		case strings.HasSuffix(f, ".css"):
			fmt.Fprintf(&head, "<link rel=\"stylesheet\" href=\"/%s\">\n", f)
		case strings.Contains(f, "/"+entry+"-"):
			fmt.Fprintf(&head, "<script type=\"module\" src=\"/%s\"></script>\n", f)
		default:
			fmt.Fprintf(&head, "<link rel=\"modulepreload\" href=\"/%s\">\n", f)
		}
	}
	const mark = "<!-- bundle -->\n"
	if !bytes.Contains(html, []byte(mark)) {
		return nil, fmt.Errorf("%s/static/index.html has no %s", entry, mark)
	}
	return bytes.Replace(html, []byte(mark), []byte(head.String()), 1), nil
}

// sized says what a first screen weighs, and refuses one that is too heavy.
func sized(files map[string][]byte, of string, first []string) (string, error) {
	total := 0
	for _, f := range first {
		n, err := compressed(files[f])
		if err != nil {
			return "", err
		}
		total += n
	}
	if total > mostFirst {
		return "", fmt.Errorf("the first screen of the %s takes %d bytes compressed, at most %d: load something later", of, total, mostFirst)
	}
	return fmt.Sprintf("%s: first screen, script and style, gzip: %d bytes of %d\n", of, total, mostFirst), nil
}

func compressed(data []byte) (int, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(data); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return out.Len(), nil
}

// write replaces dist, but for what others keep there.
func write(files map[string][]byte) error {
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	for _, f := range sortedNames(files) {
		path := filepath.Join(dist, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, files[f], 0o644); err != nil {
			return err
		}
	}
	return nil
}

func sortedNames(files map[string][]byte) []string {
	var names []string
	for f := range files {
		names = append(names, f)
	}
	slices.Sort(names)
	return names
}

// bundleTests writes each *.test.ts and *.test.tsx for node --test.
func bundleTests() error {
	var found []string
	for _, pattern := range []string{"*/*.test.ts", "*/*.test.tsx"} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		found = append(found, matches...)
	}
	o := common()
	o.Engines = nil // node runs them
	o.EntryPoints, o.Outdir, o.Outbase, o.Write = found, "build/test", ".", true
	o.Platform, o.OutExtension = api.PlatformNode, map[string]string{".js": ".mjs"}
	o.Sourcemap = api.SourceMapInline
	_, err := build(o)
	return err
}
