package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
)

// Which folder a command works on follows from what is in the working directory,
// unless one is named.
func TestDataFolderIsFound(t *testing.T) {
	for _, c := range []struct {
		name    string
		folders []string // "+" behind one: a node runs on it
		given   string
		env     string
		want    string
		says    string
	}{
		{"served", []string{"data"}, "", "", "data", ""},
		{"sandbox", []string{"holdfast-data"}, "", "", "holdfast-data", ""},
		{"the one that runs", []string{"data", "holdfast-data+"}, "", "", "holdfast-data", ""},
		{"a cluster that runs", []string{"data", "holdfast-data/n2+"}, "", "", "holdfast-data", ""},
		{"two that run", []string{"data+", "holdfast-data+"}, "", "", "", "two data folders"},
		{"two at rest", []string{"data", "holdfast-data"}, "", "", "", "two data folders"},
		{"none", nil, "", "", "", "neither ./data nor ./holdfast-data"},
		{"named", []string{"data", "other"}, "other", "data", "other", ""},
		{"by the environment", []string{"data", "other"}, "", "other", "other", ""},
		{"named and missing", []string{"data"}, "othr", "", "", "no data folder othr"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for _, f := range c.folders {
				dir, runs := strings.CutSuffix(f, "+")
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				if runs {
					if err := admin.WriteURL(dir, "http://127.0.0.1:1"); err != nil {
						t.Fatal(err)
					}
				}
			}
			got, err := dataDir(&Env{Getenv: func(string) string { return c.env }}, c.given)
			if c.says == "" && (err != nil || got != c.want) || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%q, %v; want %q, %q", got, err, c.want, c.says)
			}
		})
	}
}

func TestNodeOfAClustersFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	third := filepath.Join(dir, "n3")
	if err := os.MkdirAll(third, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := nodeFolder(dir); got != dir {
		t.Errorf("with no node running: %s", got)
	}
	if err := admin.WriteURL(third, "http://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	if got := nodeFolder(dir); got != third {
		t.Errorf("with the third running: %s", got)
	}
}
