// Package build tells which source the running binary was made from. It reads
// what the Go toolchain recorded; nothing is injected by link flags.
package build

import (
	"runtime/debug"
	"strings"
)

// Info names a build.
type Info struct {
	// Version is the module's version, e.g. v1.2.0, or "devel".
	Version string
	// Commit is the revision built from; empty when unknown.
	Commit string
	// Modified says that the work tree had changes on top of Commit.
	Modified bool
}

// Read returns the running binary's build.
func Read() Info {
	info := Info{Version: "devel"}
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	if v := b.Main.Version; v != "" && v != "(devel)" {
		info.Version = v
	}
	for _, s := range b.Settings {
		switch s.Key {
		case "vcs.revision":
			info.Commit = s.Value
		case "vcs.modified":
			info.Modified = s.Value == "true"
		}
	}
	return info
}

// String is the version with a short commit when it is not a release.
func (i Info) String() string {
	if i.Commit == "" || strings.Contains(i.Version, short(i.Commit)) {
		return i.Version
	}
	s := i.Version + " " + short(i.Commit)
	if i.Modified {
		s += "+changes"
	}
	return s
}

func short(commit string) string {
	if len(commit) > 12 {
		return commit[:12]
	}
	return commit
}
