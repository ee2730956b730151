package drill

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// WritePage writes the results as a page that needs nothing else.
func WritePage(w io.Writer, d *Drill, results []Result, at time.Time) error {
	kept := 0
	for _, r := range results {
		if r.OK {
			kept++
		}
	}
	data := map[string]any{"Drill": d, "Results": results, "Kept": kept, "Of": len(results), "At": at.Format(time.RFC3339)}
	if err := page.Execute(w, data); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
