package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
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

// metafile is what of esbuild's account of a build is read here.
type metafile struct {
	Outputs map[string]struct {
		EntryPoint string
		CSSBundle  string `json:"cssBundle"`
		Imports    []struct{ Path, Kind string }
	}
}

// firstScreen lists what is loaded before anything is shown: the entry, what it
// imports, and the style.
func firstScreen(account string) ([]string, error) {
	var m metafile
	if err := json.Unmarshal([]byte(account), &m); err != nil {
		return nil, err
	}
	entry := ""
	for out, o := range m.Outputs {
		if o.EntryPoint != "" && strings.HasSuffix(out, ".js") && strings.Contains(out, "/app-") {
			entry = out
		}
	}
	if entry == "" {
		return nil, fmt.Errorf("esbuild's account names no entry")
	}
	need := []string{entry}
	for i := 0; i < len(need); i++ {
		for _, imported := range m.Outputs[need[i]].Imports {
			if imported.Kind == "import-statement" && !slices.Contains(need, imported.Path) {
				need = append(need, imported.Path)
			}
		}
	}
	if css := m.Outputs[entry].CSSBundle; css != "" {
		need = append(need, css)
	}
	for i, path := range need {
		_, need[i], _ = strings.Cut(path, "/dist/")
	}
	slices.Sort(need)
	return need, nil
}

// worker bundles the service worker with the list of what it keeps, and a version that
// changes with any of it.
func worker(files map[string][]byte) ([]byte, error) {
	sum := sha256.New()
	kept := []string{}
	for _, f := range sortedNames(files) {
		fmt.Fprintf(sum, "%s %d\n%s", f, len(files[f]), files[f])
		if f != "index.html" && !strings.Contains(f, "gallery-") {
			kept = append(kept, "/"+f)
		}
	}
	list, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	o := common()
	o.EntryPoints, o.Outdir, o.Format = []string{"wallet/sw.ts"}, "build/worker", api.FormatIIFE
	o.MinifyWhitespace, o.MinifySyntax = true, true
	o.Define["VERSION"] = `"` + hex.EncodeToString(sum.Sum(nil))[:12] + `"`
	o.Define["FILES"] = string(list)
	built, err := build(o)
	if err != nil {
		return nil, err
	}
	return built.OutputFiles[0].Contents, nil
}
