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
	// mostFirst bounds what a phone loads before it shows the wallet's first screen:
	// script and style, compressed.
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
	if err := generate("wallet/api.gen.ts", "../proto/holdfast/v1", "WalletService"); err != nil {
		return err
	}
	if tests {
		if err := bundleTests(); err != nil {
			return err
		}
	}
	return bundleWallet()
}

// common are the options that pages and tests share.
func common() api.BuildOptions {
	return api.BuildOptions{
		Bundle: true, Write: false, LogLevel: api.LogLevelWarning, Charset: api.CharsetUTF8,
		Format: api.FormatESModule, Target: api.ES2020, JSX: api.JSXAutomatic, JSXImportSource: "preact",
		Plugins: []api.Plugin{icons}, LegalComments: api.LegalCommentsNone,
		Define: map[string]string{"process.env.NODE_ENV": `"production"`},
	}
}

// bundleWallet writes the wallet's files: hashed names for what may be kept for ever,
// plain ones for the page, the service worker, the manifest and the icons.
func bundleWallet() error {
	o := common()
	o.EntryPoints, o.Outdir = []string{"wallet/app.tsx"}, dist
	o.EntryNames, o.ChunkNames, o.AssetNames = "assets/[name]-[hash]", "assets/[name]-[hash]", "assets/[name]-[hash]"
	o.Splitting, o.Metafile = true, true
	o.MinifyWhitespace, o.MinifyIdentifiers, o.MinifySyntax = true, true, true
	built, err := build(o)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, f := range built.OutputFiles {
		files[name(f.Path)] = f.Contents
	}
	first, err := firstScreen(built.Metafile)
	if err != nil {
		return err
	}
	if err := addStatic(files); err != nil {
		return err
	}
	if files["index.html"], err = page(files["index.html"], first); err != nil {
		return err
	}
	if files["sw.js"], err = worker(files); err != nil {
		return err
	}
	files["SIZE"], err = sized(files, first)
	if err != nil {
		return err
	}
	return write(files)
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

// addStatic adds what is not bundled: wallet/static as it is.
func addStatic(files map[string][]byte) error {
	list, err := os.ReadDir("wallet/static")
	if err != nil {
		return err
	}
	for _, f := range list {
		if files[f.Name()], err = os.ReadFile(filepath.Join("wallet/static", f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// page fills the names of the first screen's files into index.html.
func page(html []byte, first []string) ([]byte, error) {
	var head strings.Builder
	for _, f := range first {
		switch {
		case strings.HasSuffix(f, ".css"):
			fmt.Fprintf(&head, "<link rel=\"stylesheet\" href=\"/%s\">\n", f)
		case strings.Contains(f, "/app-"):
			fmt.Fprintf(&head, "<script type=\"module\" src=\"/%s\"></script>\n", f)
		default:
			fmt.Fprintf(&head, "<link rel=\"modulepreload\" href=\"/%s\">\n", f)
		}
	}
	const mark = "<!-- bundle -->\n"
	if !bytes.Contains(html, []byte(mark)) {
		return nil, errors.New("wallet/static/index.html has no " + mark)
	}
	return bytes.Replace(html, []byte(mark), []byte(head.String()), 1), nil
}

// sized says what the first screen weighs, and refuses one that is too heavy.
func sized(files map[string][]byte, first []string) ([]byte, error) {
	var report strings.Builder
	total := 0
	for _, f := range first {
		n, err := compressed(files[f])
		if err != nil {
			return nil, err
		}
		total += n
	}
	fmt.Fprintf(&report, "first screen, script and style, gzip: %d bytes of %d\n", total, mostFirst)
	fmt.Print(report.String())
	if total > mostFirst {
		return nil, fmt.Errorf("the first screen takes %d bytes compressed, at most %d: load something later", total, mostFirst)
	}
	return []byte(report.String()), nil
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
	for _, pattern := range []string{"ui/*.test.ts", "ui/*.test.tsx", "wallet/*.test.ts", "wallet/*.test.tsx"} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		found = append(found, matches...)
	}
	o := common()
	o.EntryPoints, o.Outdir, o.Outbase, o.Write = found, "build/test", ".", true
	o.Platform, o.OutExtension = api.PlatformNode, map[string]string{".js": ".mjs"}
	o.Sourcemap = api.SourceMapInline
	_, err := build(o)
	return err
}
