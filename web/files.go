package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// icons turns an SVG file into what a component draws: a list of elements with their
// attributes. Pages that may not set HTML from text can't take the text itself.
var icons = api.Plugin{Name: "icons", Setup: func(b api.PluginBuild) {
	b.OnLoad(api.OnLoadOptions{Filter: `\.svg$`}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		text, err := os.ReadFile(a.Path)
		if err != nil {
			return api.OnLoadResult{}, err
		}
		var drawing struct {
			Parts []struct {
				XMLName xml.Name
				Attrs   []xml.Attr `xml:",any,attr"`
			} `xml:",any"`
		}
		if err := xml.Unmarshal(text, &drawing); err != nil {
			return api.OnLoadResult{}, err
		}
		var parts [][2]any
		for _, p := range drawing.Parts {
			attributes := map[string]string{}
			for _, at := range p.Attrs {
				attributes[at.Name.Local] = at.Value
			}
			parts = append(parts, [2]any{p.XMLName.Local, attributes})
		}
		data, err := json.Marshal(parts)
		if err != nil {
			return api.OnLoadResult{}, err
		}
		js := "export default " + string(data)
		return api.OnLoadResult{Contents: &js, Loader: api.LoaderJS}, nil
	})
}}

// later has the files that a site loads when they are wanted import its first page, which
// is there by then. That changes nothing but how the bundle is cut: into a piece for each
// set of pages that share it. So the first page is one piece instead of fifteen, which a
// phone far away would wait for in turns.
func later(here, first string) api.Plugin {
	const wanted = "wanted"
	return api.Plugin{Name: "later", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: `^\.`}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			if a.Kind != api.ResolveJSDynamicImport {
				return api.OnResolveResult{}, nil
			}
			found := b.Resolve(a.Path, api.ResolveOptions{Kind: api.ResolveJSImportStatement, ResolveDir: a.ResolveDir, Importer: a.Importer})
			// By its name below this folder: the names of the pieces come from it too, and are
			// the same wherever the project lies.
			path, err := filepath.Rel(here, found.Path)
			return api.OnResolveResult{Path: filepath.ToSlash(path), Namespace: wanted, Errors: found.Errors}, err
		})
		b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: wanted}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			source := fmt.Sprintf("import %q; export * from %q;", "./"+first, "./"+a.Path)
			return api.OnLoadResult{Contents: &source, ResolveDir: here}, nil
		})
	}}
}

// metafile is what of esbuild's account of a build is read here.
type metafile struct {
	Outputs map[string]struct {
		EntryPoint string
		CSSBundle  string `json:"cssBundle"`
		Imports    []struct{ Path, Kind string }
	}
}

// loads are a page's files: those before anything is shown, and all that it may ever
// load.
type loads struct{ first, ever []string }

// loaded follows what a page imports.
func loaded(account, page string) (loads, error) {
	var m metafile
	if err := json.Unmarshal([]byte(account), &m); err != nil {
		return loads{}, err
	}
	for out, o := range m.Outputs {
		if o.EntryPoint == page+"/app.tsx" && strings.HasSuffix(out, ".js") {
			return loads{m.reached(out, func(kind string) bool { return kind == "import-statement" }), m.reached(out, func(string) bool { return true })}, nil
		}
	}
	return loads{}, fmt.Errorf("esbuild's account names no entry of %s", page)
}

// reached lists an entry, what it imports by those ways, and its style.
func (m *metafile) reached(entry string, counts func(kind string) bool) []string {
	need := []string{entry}
	for i := 0; i < len(need); i++ {
		for _, imported := range m.Outputs[need[i]].Imports {
			if counts(imported.Kind) && !slices.Contains(need, imported.Path) {
				need = append(need, imported.Path)
			}
		}
	}
	if css := m.Outputs[entry].CSSBundle; css != "" {
		need = append(need, css)
	}
	for i, out := range need {
		_, need[i], _ = strings.Cut(out, "/dist/")
	}
	slices.Sort(need)
	return need
}

// worker bundles a page's service worker with the list of what it keeps, and a version
// that changes with any of it.
func worker(files map[string][]byte, s site, ever []string) ([]byte, error) {
	sum := sha256.New()
	kept := []string{}
	for _, f := range sortedNames(files) {
		folder, plain := path.Split(f)
		if !slices.Contains(ever, f) && folder != s.at {
			continue
		}
		fmt.Fprintf(sum, "%s %d\n%s", f, len(files[f]), files[f])
		if plain != "index.html" && !strings.Contains(f, "gallery-") {
			kept = append(kept, "/"+f)
		}
	}
	list, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	o := common()
	o.EntryPoints, o.Outdir, o.Format = []string{"wire/sw.ts"}, "build/worker", api.FormatIIFE
	o.MinifyWhitespace, o.MinifySyntax = true, true
	o.Define["OURS"], o.Define["PAGE"] = `"`+s.worker+`"`, `"/`+s.at+`"`
	o.Define["VERSION"] = `"` + hex.EncodeToString(sum.Sum(nil))[:12] + `"`
	o.Define["FILES"] = string(list)
	built, err := build(o)
	if err != nil {
		return nil, err
	}
	return built.OutputFiles[0].Contents, nil
}
