package dev

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/run/node"
)

// folder is the data folder of a dev run, locked by this process.
type folder struct {
	dir string
	// fresh says that no dev has run here before.
	fresh bool
	lock  *os.File
	last  state
	// logLevel is that of the nodes this run starts.
	logLevel string
}

// state is DIR/dev.json: what one run leaves to the next. The journal's name is
// drawn once.
type state struct {
	Format    int       `json:"format"`
	LogName   string    `json:"log_name"`
	Addresses addresses `json:"addresses"`
	// Nodes are those of a cluster; empty for a node alone.
	Nodes []place `json:"nodes,omitempty"`
	// PacketLink is of the demo people's red packet.
	PacketLink string `json:"packet_link,omitempty"`
}

// codesFile takes one-time codes, so that a program can enrol.
const codesFile = "codes.txt"

// stateFormat is the format of dev.json.
const stateFormat = 1

func (f *folder) path(parts ...string) string {
	return filepath.Join(append([]string{f.dir}, parts...)...)
}

// openFolder makes or opens the folder and locks it. A node's data folder that
// dev did not make is refused before anything is written into it: its money may
// be real.
func openFolder(dir string) (*folder, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{dir: absolute, logLevel: node.Default().Log.Level}
	text, err := os.ReadFile(f.path("dev.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.fresh = true
		if err := checkForeign(absolute); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, &Failure{Err: err, Hint: "name a folder with --data"}
	default:
		if err := json.Unmarshal(text, &f.last); err != nil || f.last.Format != stateFormat {
			return nil, &Failure{Err: fmt.Errorf("%s cannot be read by this version", f.path("dev.json")), Hint: "name another folder with --data, or delete this one: it holds no real money"}
		}
	}
	for _, sub := range []string{"", "logs", "merchant", "receipts"} {
		if err := os.MkdirAll(f.path(sub), 0o700); err != nil {
			return nil, &Failure{Err: err, Hint: "name a folder that can be written with --data"}
		}
	}
	if f.lock, err = lockFile(f.path("dev.lock")); err != nil {
		return nil, err
	}
	// Whoever makes the folder in a repository doesn't want it committed.
	if err := writeFile(f.path(".gitignore"), []byte("*\n"), 0o644); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// checkForeign refuses a folder with things in it that are not dev's.
func checkForeign(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &Failure{Err: err, Hint: "name a folder with --data"}
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "dev.") || e.Name() == ".gitignore" || e.Name() == "logs" || e.Name() == "merchant" || e.Name() == "receipts" {
			continue // a first run that did not get far
		}
		return &Failure{Err: fmt.Errorf("%s is not empty and was not made by `holdfast dev`", dir), Hint: "name a new folder: holdfast dev --data DIR"}
	}
	return nil
}

// remember keeps the addresses for the next run, so that notices owed since
// this one still find the shop.
func (f *folder) remember(a addresses) error {
	f.last.Format, f.last.Addresses = stateFormat, a
	text, err := json.MarshalIndent(f.last, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(f.path("dev.json"), append(text, '\n'), 0o600)
}

func (f *folder) close() error { return f.lock.Close() }

// writeFile replaces a file whole, so that a crash leaves the old or the new.
func writeFile(path string, data []byte, mode os.FileMode) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, data, mode); err != nil {
		return err
	}
	if err := os.Chmod(temporary, mode); err != nil { // it may be left from before
		return err
	}
	return os.Rename(temporary, path)
}
