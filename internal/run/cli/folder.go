package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/run/dev"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

// dataHelp is what --data means wherever it finds a folder that exists.
const dataHelp = "data folder `DIR` (HOLDFAST_DATA, else ./data, else ./" + dev.DefaultData + " of `holdfast dev`)"

// dataDir is the data folder that a command works on: the one that was named, or
// the one of this working directory.
func dataDir(env *Env, given string) (string, error) {
	if given == "" {
		given = env.Getenv("HOLDFAST_DATA")
	}
	if given != "" {
		return given, folderExists(given)
	}
	served, sandbox := node.Default().Data, dev.DefaultData
	here := slices.DeleteFunc([]string{served, sandbox}, func(dir string) bool { return folderExists(dir) != nil })
	if len(here) == 0 {
		return "", usage("name it: --data DIR, or HOLDFAST_DATA; `holdfast dev` and `holdfast serve` make one",
			"no data folder: neither ./%s nor ./%s is here", served, sandbox)
	}
	if running := slices.DeleteFunc(slices.Clone(here), func(dir string) bool { return !nodeRuns(dir) }); len(running) == 1 {
		return running[0], nil
	}
	if len(here) > 1 {
		return "", usage("name the one you mean: --data DIR", "there are two data folders here, ./%s and ./%s", served, sandbox)
	}
	return here[0], nil
}

func folderExists(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return usage("--data names the folder that `data` in the configuration names", "%s is not a folder", dir)
	}
	if err != nil {
		return usage("--data names the folder that `data` in the configuration names; is the working directory the right one?",
			"there is no data folder %s: %w", dir, unwrapPath(err))
	}
	return nil
}

// unwrapPath leaves out the path that a message has already named.
func unwrapPath(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}

// nodeFolder is the folder of a running node in dir: dir itself, or the first
// running node of a sandbox cluster in it; dir when none runs.
func nodeFolder(dir string) string {
	if _, err := admin.ReadURL(dir); err == nil {
		return dir
	}
	nodes, _ := filepath.Glob(filepath.Join(dir, "n[1-9]"))
	for _, node := range nodes {
		if _, err := admin.ReadURL(node); err == nil {
			return node
		}
	}
	return dir
}

// nodeRuns says whether a node left its address in dir.
func nodeRuns(dir string) bool {
	_, err := admin.ReadURL(nodeFolder(dir))
	return err == nil
}
